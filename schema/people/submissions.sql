-- Question: which forms did this contact send, what led to each, and what did they type?
--
-- Parameters: those of facts/contact_events.sql; page names the contact.
--
-- A row: a submission that nobody doubts. source to channel are of the touch that has its credit, own is '' where none is known; fields
-- are JSON, {} where they are not kept.
--
-- with: contact_events, on_page
SELECT
    events.id AS submission_id,
    events.occurred_at AS occurred_at,
    events.form AS form,
    CAST(events.creates_contact, 'Bool') AS creates_contact,
    events.own AS own,
    sent.page AS page,
    toJSONString(CAST(arraySort(arrayZip(mapKeys(typed.fields), mapValues(typed.fields))), 'Map(String, String)')) AS fields
FROM (SELECT * FROM contact_events WHERE kind = 'submission') AS events
LEFT JOIN
(
    SELECT toString(submission_id) AS id, page FROM submissions FINAL
    WHERE site_id = {site:String} AND submission_id IN (SELECT submission_id FROM on_page) AND contact_id IN {page:Array(String)}
) AS sent USING (id)
LEFT JOIN
(
    SELECT toString(submission_id) AS id, fields FROM submission_fields FINAL
    WHERE site_id = {site:String} AND submission_id IN (SELECT submission_id FROM on_page) AND contact_id IN {page:Array(String)}
) AS typed USING (id)
ORDER BY occurred_at DESC, submission_id DESC
