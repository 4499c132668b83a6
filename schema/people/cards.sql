-- Question: which contacts stand in each column of a board, in what order?
--
-- Parameters: those of facts/people.sql, and
--   lane    the number of rows for each group of a status
--   limit   the number of rows for each status
-- The collector puts criteria, order and group in the place of what is marked so, and turns the order where it is to be descending.
--
-- A row: a contact with its status and group.
--
-- with: people, company_names, selection_members
SELECT contact_id, status, label
FROM
(
    SELECT
        contact_id,
        status,
        '' /* group */ AS label,
        '' /* order */ AS sort_key
    FROM people
    WHERE true /* criteria */
    ORDER BY status, label, sort_key, contact_id /* direction */
    LIMIT {lane:UInt32} BY status, label
)
ORDER BY status, label, sort_key, contact_id /* direction */
LIMIT {limit:UInt32} BY status
