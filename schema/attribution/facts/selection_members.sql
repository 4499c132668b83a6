-- A row per member of a static selection of contacts (collector/people).
SELECT splitByChar('/', entry_id)[1] AS selection_id, splitByChar('/', entry_id)[2] AS contact_id
FROM
(
    SELECT entry_id, removed
    FROM desk
    WHERE site_id = {site:String} AND kind = 'selection_member'
    ORDER BY entry_id, version DESC, changed_at, change_id
    LIMIT 1 BY entry_id
)
WHERE removed = 0
