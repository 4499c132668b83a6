-- Question: which contacts meet the criteria, in what order?
--
-- Parameters: those of facts/people.sql, and
--   after_key, after_contact   the last row of the page before; '' for the first page
--   limit                      the number of rows
-- The collector puts the criteria, the order and its direction in the place of the lines marked so; what is typed is bound.
--
-- A row: a contact, and the text by which it is in order (1 or 0 first, so that what is empty comes last).
--
-- with: people, company_names, selection_members
SELECT contact_id, sort_key
FROM
(
    SELECT
        contact_id,
        '' /* order */ AS sort_key
    FROM people
    WHERE true /* criteria */
)
WHERE {after_contact:String} = '' OR (sort_key, contact_id) > ({after_key:String}, {after_contact:String}) /* after */
ORDER BY sort_key, contact_id /* direction */
LIMIT {limit:UInt32}
