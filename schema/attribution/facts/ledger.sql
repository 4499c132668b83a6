-- with: submitted, deal_states, company_aliases, contact_in_scope, company_in_scope
-- What happened, in one stream: a row per import of a contact or company, per submission by a contact, and per deal (at
-- its creation). Companies are resolved, so that a CRM id, an e-mail domain and a typed name meet.
--   nth_of_contact    how many imports and submissions the contact has up to the row
--   creates_contact   a submission before which the contact neither sent a form nor was imported. Else: a conversion
--   creates_company   a submission before which nobody sent a form for the company, and neither the company nor one of
--                     its contacts was imported
--   version           of an import: the later received is the greater
-- At one instant an import comes before a submission, and that before a deal; submissions tie by id, as text.
WITH
happened AS
(
    SELECT
        'import' AS what,
        '' AS id,
        created_at AS occurred_at,
        contact_id,
        company_id AS company,
        concat(leftPad(toString(toUnixTimestamp64Milli(received_at)), 15, '0'), toString(import_id)) AS version,
        '' AS form,
        '' AS status,
        '' AS stage,
        false AS won,
        toDateTime64(0, 3, 'UTC') AS won_at,
        0::Decimal(38, 4) AS amount,
        '' AS currency
    FROM contacts FINAL
    WHERE site_id = {site:String} AND contact_in_scope(contact_id)

    UNION ALL
    SELECT 'import', '', created_at, '', name, concat(leftPad(toString(toUnixTimestamp64Milli(received_at)), 15, '0'), toString(import_id)), '', '', '', false, toDateTime64(0, 3, 'UTC'), 0, ''
    FROM companies FINAL
    ARRAY JOIN arrayFilter(
        name -> name NOT IN ('domain:', 'name:'),
        [company_id, concat('domain:', domain), concat('name:', name_key)]
    ) AS name
    WHERE site_id = {site:String} AND company_in_scope(name)

    UNION ALL
    SELECT 'submission', toString(submission_id), occurred_at, contact_id, company_id, '', form, '', '', false, toDateTime64(0, 3, 'UTC'), 0, ''
    FROM submitted

    UNION ALL
    SELECT 'deal', deal_id, created_at, contact_id, company_id, '', '', status, stage, won, won_at, amount, currency
    FROM deal_states
)
SELECT
    what::Enum8('import' = 0, 'submission' = 1, 'deal' = 2) AS kind,
    id,
    occurred_at,
    contact_id,
    if(aliases.company_id != '', aliases.company_id, company) AS company_id,
    version,
    form,
    status,
    stage,
    won,
    won_at,
    amount,
    currency,
    countIf(kind != 'deal') OVER of_contact AS nth_of_contact,
    kind = 'submission' AND nth_of_contact = 1 AS creates_contact,
    kind = 'submission' AND company_id != '' AND countIf(kind != 'deal') OVER of_company = 1 AS creates_company
FROM happened
LEFT JOIN company_aliases AS aliases ON aliases.alias = company
WINDOW
    of_contact AS (PARTITION BY contact_id ORDER BY occurred_at, kind, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
    of_company AS (PARTITION BY company_id ORDER BY occurred_at, kind, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
