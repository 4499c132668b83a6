-- What facts/journeys.sql says, from settled_journeys: the credits, which are open there, are given by {credit} and {lookback_days}.
WITH
(known, known_age) -> {credit:String} = 'last_non_direct' AND known != '' AND known_age <= {lookback_days:UInt16} * 86400000 AS goes_to_known,
(credit, known, known_age) -> splitByChar('\x01', credit)[if(goes_to_known(known, known_age), 2, 1)] AS credited_of,
splitByChar('\x01', settled_journeys.company_creation.credit) AS creation,
toInt64OrZero(creation[3]) - toInt64OrZero(substring(creation[2], 1, 15)) AS creation_known_age
SELECT
    kind,
    id,
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
    first_touch,
    splitByChar('\x01', credit)[1] AS last_touch,
    if(goes_to_known(own_known, own_known_age), splitByChar('\x01', credit)[2], '') AS last_known,
    credited_of(credit, own_known, own_known_age) AS credited,
    multiIf(credit = '', '', goes_to_known(own_known, own_known_age), 'last_non_direct', 'last') AS rule,
    contact_is_new,
    contact_first_touch,
    credited_of(settled_journeys.contact_lead_creation, lead_known, lead_known_age) AS contact_lead_creation,
    credited_of(settled_journeys.contact_conversion, conversion_known, conversion_known_age) AS contact_conversion,
    contact_company,
    contact_deals,
    credited_of(settled_journeys.company_source, company_known, company_known_age) AS company_source,
    (
        settled_journeys.company_creation.contact_id,
        settled_journeys.company_creation.occurred_at,
        settled_journeys.company_creation.form,
        multiIf(settled_journeys.company_creation.credit = '', '', goes_to_known(creation[2], creation_known_age), 'last_non_direct', 'last')
    ) AS company_creation,
    company_has_source,
    company_known_since,
    credited_of(settled_journeys.contact_company_source, contact_company_known, contact_company_known_age) AS contact_company_source
FROM settled_journeys FINAL
WHERE site_id = {site:String} AND NOT removed
