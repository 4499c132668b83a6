-- Question: what did these contacts type into forms, most lately?
--
-- Parameters: site; page names the contacts; suspects.
--
-- A row: a contact, with its fields as JSON, of each name the latest value.
--
-- with: on_page
SELECT contact_id, toJSONString(CAST(arraySort(groupArray((name, latest))), 'Map(String, String)')) AS fields
FROM
(
    SELECT contact_id, pair.1 AS name, argMax(pair.2, (occurred_at, submission_id)) AS latest
    FROM submission_fields FINAL
    ARRAY JOIN arrayZip(mapKeys(fields), mapValues(fields)) AS pair
    WHERE site_id = {site:String} AND contact_id IN {page:Array(String)}
      AND submission_id IN
      (
          SELECT submission_id FROM submissions FINAL
          WHERE site_id = {site:String} AND submission_id IN (SELECT submission_id FROM on_page) AND contact_id IN {page:Array(String)} AND suspicion = ''
      )
    GROUP BY contact_id, name
)
GROUP BY contact_id
ORDER BY contact_id
