-- Question: where did this contact come from?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   contact        the contact id
--   by             everything that a touch has: ['source','medium','campaign','term','content','channel','referrer_domain','landing_page','utm_id','parameters']
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   contacts       [], or to be quick the contacts that facts/scope.sql names
--
-- A row: one data point. first_touch, lead_creation and company_source have one each, every later submission is a
-- conversion. No rows: the site does not know the contact.
--   status        attributed; unattributed (no touch is known); existing (the CRM knew the contact, or company, first: it has
--                 no such data point, ever); for a company also: no company; created by an existing contact
--   occurred_at   of the submission; where status is existing, since when the CRM knew it
--   rule          which of the submission's touches it is: earliest, last_non_direct, or last
--
-- with: journeys
WITH
points AS
(
    SELECT
        data_point,
        if(data_point = 'conversion', id, '') AS conversion_id,
        multiIf(
            data_point = 'first_touch', contact_first_touch,
            data_point = 'company_source', contact_company_source,
            credited
        ) AS touch,
        multiIf(
            touch != '', 'attributed',
            data_point = 'company_source' AND company_id = '', 'no company',
            data_point = 'company_source' AND company_creation.1 = '', 'existing',
            data_point = 'company_source' AND NOT company_has_source, 'created by an existing contact',
            kind = 'import', 'existing',
            'unattributed'
        ) AS status,
        multiIf(
            data_point != 'company_source', occurred_at,
            company_id = '', toDateTime64(0, 3, 'UTC'),
            company_creation.1 = '', company_known_since,
            company_creation.2
        ) AS since,
        if(data_point = 'company_source', company_creation.3, form) AS form_sent,
        multiIf(touch = '', '', data_point = 'first_touch', 'earliest', data_point = 'company_source', company_creation.4, rule) AS rule_used,
        splitByChar('\0', touch) AS parts
    FROM journeys
    ARRAY JOIN arrayConcat(
        -- The contact's first row is the submission that created it, or the import by which the CRM knew it.
        if(nth_of_contact = 1, ['first_touch', 'lead_creation'], []),
        if(company_id = contact_company, ['company_source'], []),
        if(kind = 'submission' AND NOT creates_contact, ['conversion'], [])
    ) AS data_point
    WHERE contact_id = {contact:String} AND contact_id != '' AND kind != 'deal'
)
SELECT
    data_point,
    status,
    nullIf(since, toDateTime64(0, 3, 'UTC')) AS occurred_at,
    form_sent AS form,
    if(touch = '', NULL, fromUnixTimestamp64Milli(toInt64OrZero(substring(touch, 1, 15)), 'UTC')) AS touch_at,
    parts[2] AS source,
    parts[3] AS medium,
    parts[4] AS campaign,
    parts[5] AS term,
    parts[6] AS content,
    parts[8] AS channel,
    parts[7] AS referrer_domain,
    parts[9] AS landing_page,
    parts[10] AS utm_id,
    parts[11] AS parameters,
    rule_used AS rule
FROM points
ORDER BY indexOf(['first_touch', 'lead_creation', 'company_source', 'conversion'], data_point), since, conversion_id
LIMIT 1 BY data_point, conversion_id
