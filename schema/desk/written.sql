-- How many versions of a change are there: none where its insert was taken for a copy of another one.
SELECT count()
FROM desk FINAL
WHERE site_id IN {sites:Array(String)} AND kind IN {kinds:Array(String)} AND change_id = {change_id:UUID}
