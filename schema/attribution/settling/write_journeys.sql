-- with: journeys
-- Writes the rows of settled_journeys: of everybody, or (settling) of the contacts, companies and deals in scope.
INSERT INTO settled_journeys (site_id, contact_id, kind, id, version, company_id, occurred_at, form, status, stage, won, won_at, amount, currency,
    nth_of_contact, creates_contact, creates_company, first_touch, credit, contact_is_new, contact_first_touch, contact_lead_creation, contact_conversion,
    contact_company, contact_deals, company_source, company_creation, company_has_source, company_known_since, contact_company_source, kept_from, removed, settlement)
SELECT
    {site:String},
    contact_id,
    kind,
    id,
    version,
    company_id,
    occurred_at,
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
    first_touch,
    credited,
    contact_is_new,
    contact_first_touch,
    contact_lead_creation,
    contact_conversion,
    contact_company,
    contact_deals,
    company_source,
    company_creation,
    company_has_source,
    company_known_since,
    contact_company_source,
    multiIf(
        kind = 'submission', occurred_at,
        kind = 'import', fromUnixTimestamp64Milli(toInt64OrZero(substring(version, 1, 15)), 'UTC'),
        now64(3, 'UTC')
    ),
    false,
    {settlement:UInt64}
FROM journeys
