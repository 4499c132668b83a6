-- with: path_is_settled
-- Removes the rows of settled_paths that write_paths has not written again.
INSERT INTO settled_paths (site_id, contact_id, deal_id, kept_from, removed, settlement)
SELECT site_id, contact_id, deal_id, kept_from, true, {settlement:UInt64} - 1
FROM settled_paths FINAL
WHERE site_id = {site:String} AND NOT removed AND settlement < {settlement:UInt64} - 1 AND path_is_settled(contact_id, deal_id)
