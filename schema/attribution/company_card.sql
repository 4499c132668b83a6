-- Question: where did this company come from, who are its contacts, and which deals came of it?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   company        the company id, or another name of it: "domain:<domain>" or "name:<normalised name>"
--   by             everything that a touch has: ['source','medium','campaign','term','content','channel','referrer_domain','landing_page','utm_id','parameters']
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   contacts       [], or to be quick the contacts that facts/scope.sql names
--
-- A row: the company, then each of its contacts, then each of its deals. No rows: the site does not know the company.
--   status         of the company and of a contact: attributed; unattributed (no touch is known); existing (the CRM knew it
--                  first: it has no source, ever); of the company also: created by an existing contact. Of a deal: open, won, lost
--   occurred_at    creation by a submission, or of the deal; where status is existing, since when the CRM knew it
--   touch_at to parameters   the company source; the contact's lead creation; what the deal gets: its contact's lead
--                  creation, else the company source
--   rule           which of the submission's touches it is: last_non_direct, or last
--
-- with: journeys, company_aliases
WITH
(SELECT if(count() > 0, any(company_id), {company:String}) FROM company_aliases WHERE alias = {company:String}) AS asked,
items AS
(
    SELECT
        item,
        multiIf(item = 'company', asked, item = 'contact', contact_id, id) AS item_id,
        multiIf(
            item = 'company', company_source,
            item = 'deal' AND contact_lead_creation = '', company_source,
            contact_lead_creation
        ) AS touch,
        multiIf(
            item = 'deal', status,
            touch != '', 'attributed',
            item = 'company' AND company_creation.1 = '', 'existing',
            item = 'company' AND NOT company_has_source, 'created by an existing contact',
            item = 'contact' AND NOT contact_is_new, 'existing',
            'unattributed'
        ) AS item_status,
        multiIf(
            item != 'company', occurred_at,
            company_creation.1 = '', company_known_since,
            company_creation.2
        ) AS since,
        if(item = 'company', company_creation.3, form) AS form_sent,
        if(item = 'deal', stage, '') AS deal_stage,
        if(item = 'deal' AND currency != '', [(currency, amount)], []) AS deal_amount,
        multiIf(touch = '', '', item = 'company', company_creation.4, rule) AS rule_used,
        splitByChar('\0', touch) AS parts
    FROM journeys
    ARRAY JOIN arrayConcat(
        if(company_id = asked, ['company'], []),
        -- A contact's first row is the submission that created it, or the import by which the CRM knew it.
        if(contact_company = asked AND kind != 'deal' AND nth_of_contact = 1, ['contact'], []),
        if(kind = 'deal' AND company_id IN (asked, ''), ['deal'], [])
    ) AS item
    WHERE {company:String} != '' AND (company_id = asked OR contact_company = asked)
)
SELECT
    item,
    item_id AS id,
    item_status AS status,
    nullIf(since, toDateTime64(0, 3, 'UTC')) AS occurred_at,
    form_sent AS form,
    deal_stage AS stage,
    deal_amount AS amount,
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
FROM items
ORDER BY indexOf(['company', 'contact', 'deal'], item), since, id
LIMIT 1 BY item, id
