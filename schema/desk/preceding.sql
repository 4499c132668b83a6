-- The versions just before some: what these changed. wanted holds site, kind, id and number of those that are asked for.
SELECT site_id, kind, entry_id, version, toString(change_id), contact_id, removed, body, summary, changed_by, changed_at
FROM desk
WHERE site_id IN (SELECT arrayJoin({wanted:Array(Tuple(String, String, String, UInt64))}).1)
  AND (site_id, kind, entry_id, version) IN {wanted:Array(Tuple(String, String, String, UInt64))}
ORDER BY site_id, kind, entry_id, version, changed_at, change_id
LIMIT 1 BY site_id, kind, entry_id, version
