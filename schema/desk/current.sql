-- Entries of a site and a kind as they are now, removed ones too. entry_id '' asks for all. Where two versions of one number
-- came about (README of collector/desk), the first counts, for everybody.
SELECT entry_id, version, toString(change_id), contact_id, removed, body, summary, changed_by, changed_at
FROM desk
WHERE site_id = {site:String} AND kind = {kind:String} AND ({entry_id:String} = '' OR entry_id = {entry_id:String})
ORDER BY entry_id, version DESC, changed_at, change_id
LIMIT 1 BY entry_id
