-- Question: where did this contact come from?
--
-- Parameters:
--   site           the site
--   contact        the contact id
--   by             everything that a touch has: ['source','medium','campaign','term','content','channel','referrer_domain','landing_page']
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   company        ''
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
known AS
(
    SELECT
        minIf(occurred_at, kind = 'import') AS known_since,
        arraySort(
            sent -> (sent.1, sent.2),
            groupArrayIf((occurred_at, id, form, creates_contact, first_touch, credited, rule), kind = 'submission')
        ) AS submissions,
        arrayFirst(sent -> sent.4, submissions) AS creation,
        any(contact_company) AS company,
        any(contact_company_source) AS company_touch,
        anyIf(company_creation, company_id = contact_company) AS company_created,
        anyIf(company_has_source, company_id = contact_company) AS has_source,
        anyIf(company_known_since, company_id = contact_company) AS company_since
    FROM journeys
    WHERE contact_id = {contact:String} AND contact_id != '' AND kind != 'deal'
    HAVING count() > 0
),
points AS
(
    SELECT
        arrayJoin(arrayConcat(
            [
                (
                    'first_touch', 1,
                    multiIf(NOT creation.4, 'existing', creation.5.id = '', 'unattributed', 'attributed'),
                    if(creation.4, creation.1, known_since), creation.3, creation.5, 'earliest'
                ),
                (
                    'lead_creation', 2,
                    multiIf(NOT creation.4, 'existing', creation.6.id = '', 'unattributed', 'attributed'),
                    if(creation.4, creation.1, known_since), creation.3, creation.6, creation.7
                ),
                (
                    'company_source', 3,
                    multiIf(
                        company = '', 'no company',
                        company_touch.id != '', 'attributed',
                        company_created.1 = '', 'existing',
                        NOT has_source, 'created by an existing contact',
                        'unattributed'
                    ),
                    if(company_created.1 = '', company_since, company_created.2), company_created.3, company_touch, company_created.4
                )
            ],
            arrayMap(
                sent -> (
                    'conversion', 4,
                    if(sent.6.id = '', 'unattributed', 'attributed'),
                    sent.1, sent.3, sent.6, sent.7
                ),
                arrayFilter(sent -> NOT sent.4, submissions)
            )
        )) AS point,
        point.6 AS touch
    FROM known
)
SELECT
    point.1 AS data_point,
    point.3 AS status,
    nullIf(point.4, toDateTime64(0, 3, 'UTC')) AS occurred_at,
    point.5 AS form,
    nullIf(touch.at, toDateTime64(0, 3, 'UTC')) AS touch_at,
    touch.source AS source,
    touch.medium AS medium,
    touch.campaign AS campaign,
    touch.term AS term,
    touch.content AS content,
    touch.channel AS channel,
    touch.referrer_domain AS referrer_domain,
    touch.landing_page AS landing_page,
    if(touch.id = '', '', point.7) AS rule
FROM points
ORDER BY point.2, point.4
