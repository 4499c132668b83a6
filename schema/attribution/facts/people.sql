-- with: contact_events, lead_statuses
-- A row per contact that sent a form or was imported, with what criteria, columns and boards need (collector/people). A query pays for the
-- columns that it names.
--   first_touch, lead_creation, company_source   dimensions, '' where no touch is known (contact_events)
--   form                                         that created the contact, '' for an imported one
--   sent                                         (form, time) of each submission
--   conversions                                  (time, dimensions) of each later submission
--   deal_list                                    (status, stage, currency, amount, created, won, and its dimensions by first touch, lead creation,
--                                                conversion and company source) of each deal; won is 1970 unless it is won
--   status, status_since, status_owner, status_version   lead status; one that the site has no more is 'open'
SELECT
    contact_id,
    is_lead,
    first_touch,
    lead_creation,
    company_source,
    company_id,
    created_at,
    form,
    last_submission_at,
    submissions,
    deals,
    won_deals,
    won_amounts,
    open_amounts,
    sent,
    conversions,
    deal_list,
    if(has({statuses:Array(String)}, lead_statuses.status), lead_statuses.status, 'open') AS status,
    if(lead_statuses.version > 0, lead_statuses.since, created_at) AS status_since,
    lead_statuses.owner AS status_owner,
    lead_statuses.version AS status_version
FROM
(
    SELECT
        e.contact_id AS contact_id,
        any(e.contact_is_new) AS is_lead,
        any(e.first) AS first_touch,
        any(e.lead) AS lead_creation,
        any(e.company_first) AS company_source,
        any(e.contact_company) AS company_id,
        minIf(e.occurred_at, e.kind != 'deal') AS created_at,
        anyIf(e.form, e.creates_contact) AS form,
        maxIf(e.occurred_at, e.kind = 'submission') AS last_submission_at,
        countIf(e.kind = 'submission') AS submissions,
        countIf(e.kind = 'deal') AS deals,
        countIf(e.kind = 'deal' AND e.won) AS won_deals,
        sumMapIf(map(toString(e.currency), e.amount), e.kind = 'deal' AND e.won AND e.currency != '') AS won_amounts,
        sumMapIf(map(toString(e.currency), e.amount), e.kind = 'deal' AND NOT e.won AND e.status != 'lost' AND e.currency != '') AS open_amounts,
        groupArrayIf((toString(e.form), e.occurred_at), e.kind = 'submission') AS sent,
        groupArrayIf((e.occurred_at, e.own), e.kind = 'submission' AND NOT e.creates_contact) AS conversions,
        groupArrayIf(
            (
                toString(e.status), toString(e.stage), toString(e.currency), e.amount, e.occurred_at, e.won_at,
                e.deal_first, e.deal_lead, e.deal_conversion, e.deal_company
            ),
            e.kind = 'deal'
        ) AS deal_list
    FROM contact_events AS e
    GROUP BY e.contact_id
    HAVING countIf(e.kind != 'deal') > 0
) AS grouped
LEFT JOIN lead_statuses USING (contact_id)
