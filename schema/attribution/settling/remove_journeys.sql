-- with: journey_is_settled
-- Removes the rows of settled_journeys that write_journeys has not written again.
INSERT INTO settled_journeys (site_id, contact_id, kind, id, version, company_id, kept_from, removed, settlement)
SELECT site_id, contact_id, kind, id, version, company_id, kept_from, true, {settlement:UInt64} - 1
FROM settled_journeys FINAL
WHERE site_id = {site:String} AND NOT removed AND settlement < {settlement:UInt64} - 1 AND journey_is_settled(kind, id, contact_id, company_id)
