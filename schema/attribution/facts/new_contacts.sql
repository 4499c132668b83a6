-- A row per contact that ever sent a form: when it first did, how many it sent in the range, and whether it became a lead in the range.
-- Found from the tables, without the ledger.
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
contact_starts AS
(
    SELECT contact_id, min(occurred_at) AS first_at, countIf(in_range(occurred_at)) AS sent
    FROM submissions FINAL
    WHERE site_id = {site:String}
      AND ({suspects:String} = 'include' OR suspicion = '')
      AND contact_id != ''
    GROUP BY contact_id
),
imported_contacts AS
(
    SELECT contact_id, true AS known, min(created_at) AS known_since
    FROM contacts FINAL
    WHERE site_id = {site:String}
    GROUP BY contact_id
)
SELECT contact_id, first_at, sent, NOT (known AND known_since <= first_at) AND in_range(first_at) AS is_lead
FROM contact_starts
LEFT JOIN imported_contacts USING (contact_id)
