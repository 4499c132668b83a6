-- Of the versions that a change wrote, those under whose number another change came first (README of collector/desk).
SELECT site_id, kind, entry_id
FROM desk
WHERE site_id IN {sites:Array(String)} AND kind IN {kinds:Array(String)} AND (site_id, kind, entry_id, version) IN (
    SELECT site_id, kind, entry_id, version
    FROM desk
    WHERE site_id IN {sites:Array(String)} AND kind IN {kinds:Array(String)} AND change_id = {change_id:UUID})
GROUP BY site_id, kind, entry_id, version
HAVING argMin(change_id, (changed_at, change_id)) != {change_id:UUID}
