-- A row per contact whose lead status somebody has set in the console (collector/people): status, since when, and who (a user's id).
-- Contacts without a row are open. The status that reports count is 'qualified', whatever the site calls it.
SELECT entry_id AS contact_id, JSONExtractString(body, 'status') AS status, changed_at AS since, changed_by AS owner, version
FROM
(
    SELECT entry_id, body, removed, changed_at, changed_by, version
    FROM desk
    WHERE site_id = {site:String} AND kind = 'lead_status'
    ORDER BY entry_id, version DESC, changed_at, change_id
    LIMIT 1 BY entry_id
)
WHERE removed = 0
