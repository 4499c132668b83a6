-- with: ledger
-- What facts/journeys.sql says, from settled_credits: who was first is found among ids, which are short, and then the touches are joined.
WITH
credits AS
(
    SELECT id, first_touch, credit FROM settled_credits WHERE site_id = {site:String} AND settlement = {settlement:UInt64}
),
followed AS
(
    SELECT
        *,
        if(kind = 'submission', id, '') AS own_id,
        anyIf(id, creates_contact) OVER contact AS lead_id,
        anyLastIf(id, kind = 'submission' AND NOT creates_contact) OVER contact_so_far AS conversion_id,
        anyIf(company_id, kind = 'submission' AND company_id != '') OVER contact_in_order AS named_company,
        argMaxIf(company_id, version, kind = 'import' AND company_id != '') OVER contact AS imported_company,
        if(contact_id = '', '', if(named_company != '', named_company, imported_company)) AS contact_company,
        countIf(kind = 'deal' AND contact_id != '') OVER contact AS contact_deals,
        anyIf(id, creates_contact AND creates_company) OVER company AS source_id,
        anyIf((id, contact_id, occurred_at, form), creates_company) OVER company AS creation,
        minIf(occurred_at, kind = 'import') OVER company AS company_known_since
    FROM ledger
    WINDOW
        contact AS (PARTITION BY contact_id),
        contact_in_order AS (PARTITION BY contact_id ORDER BY occurred_at, kind, id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING),
        contact_so_far AS (PARTITION BY contact_id ORDER BY occurred_at, kind, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
        company AS (PARTITION BY company_id)
),
connected AS
(
    SELECT *, creation.1 AS creation_id, anyIf(id, creates_contact AND creates_company) OVER (PARTITION BY contact_company) AS contact_source_id
    FROM followed
)
SELECT
    connected.kind AS kind,
    connected.id AS id,
    occurred_at,
    contact_id,
    company_id,
    version,
    form,
    status,
    stage,
    won,
    won_at,
    amount,
    currency,
    nth_of_contact,
    creates_contact,
    creates_company,
    own.first_touch AS first_touch,
    own.credit AS credited,
    lead_id != '' AS contact_is_new,
    of_lead.first_touch AS contact_first_touch,
    of_lead.credit AS contact_lead_creation,
    of_conversion.credit AS contact_conversion,
    contact_company,
    contact_deals,
    of_source.credit AS company_source,
    (creation.2, creation.3, creation.4, of_creation.credit) AS company_creation,
    source_id != '' AS company_has_source,
    company_known_since,
    of_contact_source.credit AS contact_company_source
FROM connected
LEFT ANY JOIN credits AS own ON own.id = connected.own_id
LEFT ANY JOIN credits AS of_lead ON of_lead.id = connected.lead_id
LEFT ANY JOIN credits AS of_conversion ON of_conversion.id = connected.conversion_id
LEFT ANY JOIN credits AS of_source ON of_source.id = connected.source_id
LEFT ANY JOIN credits AS of_creation ON of_creation.id = connected.creation_id
LEFT ANY JOIN credits AS of_contact_source ON of_contact_source.id = connected.contact_source_id
