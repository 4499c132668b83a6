-- Question: which of these selections is the contact in?
--
-- Parameters: those of facts/people.sql; page names the contact.
-- The collector puts the list of pairs (id of a selection, whether it has the contact) in the place of what is marked so.
--
-- A row: the id of a selection.
--
-- with: people, company_names, selection_members
SELECT arrayJoin(arrayMap(pair -> pair.1, arrayFilter(pair -> pair.2, [('', false)] /* selections */))) AS selection_id
FROM people
