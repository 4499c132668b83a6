-- with: ledger, attributed
-- The ledger with everybody's touches, each '' where there is none. Of the row itself:
--   first_touch, last_touch, last_known, credited, rule   as in attributed; deals and imports have none
-- and of the contact and company that the row belongs to, whenever they got them:
--   contact_is_new          whether a submission created the contact; else the CRM knew it before
--   contact_first_touch     first touch of the submission that created the contact
--   contact_lead_creation   credited touch of that submission
--   contact_conversion      credited touch of the contact's latest conversion up to the row
--   contact_company         the first company that the contact named in a form, else the one that its latest import names
--   contact_deals           number of deals whose primary contact it is
--   company_source          credited touch of the submission that created the row's company and its contact at once
--   company_creation        contact, time, form and rule of the submission that created the row's company; contact '' where
--                           none did
--   company_has_source      whether that submission also created the contact, so that there is a company source to know
--   company_known_since     earliest import of the row's company or of a contact of it; 1970-01-01 where there is none
--   contact_company_source  company_source of contact_company (a submission that creates both is the contact's first, so it
--                           is also the first to name a company)
WITH
touched AS
(
    SELECT
        *,
        countIf(creates_contact) OVER contact > 0 AS contact_is_new,
        anyIf(first_touch, creates_contact) OVER contact AS contact_first_touch,
        anyIf(credited, creates_contact) OVER contact AS contact_lead_creation,
        anyLastIf(credited, kind = 'submission' AND NOT creates_contact) OVER contact_so_far AS contact_conversion,
        anyIf(company_id, kind = 'submission' AND company_id != '') OVER contact_in_order AS named_company,
        argMaxIf(company_id, version, kind = 'import' AND company_id != '') OVER contact AS imported_company,
        if(contact_id = '', '', if(named_company != '', named_company, imported_company)) AS contact_company,
        countIf(kind = 'deal' AND contact_id != '') OVER contact AS contact_deals,
        anyIf(credited, creates_contact AND creates_company) OVER company AS company_source,
        anyIf((contact_id, occurred_at, form, rule), creates_company) OVER company AS company_creation,
        countIf(creates_contact AND creates_company) OVER company > 0 AS company_has_source,
        minIf(occurred_at, kind = 'import') OVER company AS company_known_since
    FROM ledger
    LEFT JOIN attributed USING (kind, id)
    WINDOW
        contact AS (PARTITION BY contact_id),
        contact_in_order AS (PARTITION BY contact_id ORDER BY occurred_at, kind, id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING),
        contact_so_far AS (PARTITION BY contact_id ORDER BY occurred_at, kind, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
        company AS (PARTITION BY company_id)
)
SELECT
    *,
    anyIf(credited, creates_contact AND creates_company) OVER (PARTITION BY contact_company) AS contact_company_source
FROM touched
