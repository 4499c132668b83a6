-- Entries of a kind of all sites as they are now, removed ones too; like current.sql.
SELECT site_id, entry_id, version, toString(change_id), contact_id, removed, body, summary, changed_by, changed_at
FROM desk
WHERE kind = {kind:String}
ORDER BY site_id, entry_id, version DESC, changed_at, change_id
LIMIT 1 BY site_id, entry_id
