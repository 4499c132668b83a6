-- Question: how many contacts that meet the criteria have each lead status, and what are their deals worth?
--
-- Parameters: those of facts/people.sql.
-- The collector puts the criteria and what cards are grouped by in the place of the lines marked so.
--
-- A row: a status and a group. won and open are sums of amounts by currency.
--
-- with: people, company_names, selection_members
SELECT
    status,
    '' /* group */ AS label,
    count() AS contacts,
    CAST(mapSort(sumMap(won_amounts)), 'Array(Tuple(String, Decimal(38, 4)))') AS won,
    CAST(mapSort(sumMap(open_amounts)), 'Array(Tuple(String, Decimal(38, 4)))') AS open
FROM people
WHERE true /* criteria */
GROUP BY status, label
ORDER BY status, label
