-- What was changed, the latest first. Empty kinds: all but those in without. before_at and before_id continue a page.
SELECT site_id, kind, entry_id, version, toString(change_id), contact_id, removed, body, summary, changed_by, changed_at
FROM desk FINAL
WHERE (empty({sites:Array(String)}) OR site_id IN {sites:Array(String)})
  AND (empty({kinds:Array(String)}) OR kind IN {kinds:Array(String)})
  AND kind NOT IN {without:Array(String)}
  AND {entry_id:String} IN ('', entry_id)
  AND {changed_by:String} IN ('', changed_by)
  AND ({before_at:Int64} = 0 OR (toUnixTimestamp64Milli(changed_at), toString(change_id)) < ({before_at:Int64}, {before_id:String}))
ORDER BY changed_at DESC, toString(change_id) DESC
LIMIT {limit:UInt32}
