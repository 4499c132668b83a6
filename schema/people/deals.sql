-- Question: which deals have this contact as their primary contact?
--
-- Parameters: those of facts/contact_events.sql; page names the contact.
--
-- A row: a deal in its present state.
--
-- with: contact_events
SELECT
    id,
    status,
    stage,
    if(currency = '', [], [(toString(currency), amount)]) AS amount,
    occurred_at AS created,
    if(won, won_at, NULL) AS won
FROM contact_events
WHERE kind = 'deal'
ORDER BY created DESC, id
