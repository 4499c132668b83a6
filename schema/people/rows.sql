-- Question: what is there to show of these contacts?
--
-- Parameters: those of facts/people.sql; page names the contacts.
--
-- A row: a contact. first_touch, lead_creation and company_source are dimensions with NUL between them, '' where no touch is known.
--
-- with: people, company_names
SELECT
    contact_id,
    CAST(is_lead, 'Bool') AS is_lead,
    first_touch,
    lead_creation,
    company_source,
    company_id,
    company_names.called AS company,
    created_at,
    form,
    if(last_submission_at > toDateTime64(0, 3, 'UTC'), last_submission_at, NULL) AS last_submission,
    submissions,
    deals,
    CAST(mapSort(won_amounts), 'Array(Tuple(String, Decimal(38, 4)))') AS won_amount,
    CAST(mapSort(open_amounts), 'Array(Tuple(String, Decimal(38, 4)))') AS open_amount,
    status,
    status_since,
    status_owner,
    status_version
FROM people
LEFT JOIN company_names USING (company_id)
ORDER BY contact_id
