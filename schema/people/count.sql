-- Question: how many contacts meet the criteria?
--
-- with: people, company_names, selection_members
SELECT count() AS contacts
FROM people
WHERE true /* criteria */
