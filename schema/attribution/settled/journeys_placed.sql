-- The rows of settled_journeys that count in the range, with the dimensions of their touch under {data_point}: of the row itself, and as a
-- company that it created.
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
(last, known, known_age) -> if({credit:String} = 'last_non_direct' AND known != '' AND known_age <= {lookback_days:UInt16} * 86400000, known, last) AS credited
SELECT
    kind,
    contact_id,
    status,
    occurred_at,
    creates_contact,
    creates_company,
    contact_deals,
    won,
    won_at,
    amount,
    currency,
    multiIf(
        {data_point:String} = 'first_touch', first_dimensions,
        {data_point:String} = 'lead_creation', credited(lead_last, lead_known, lead_known_age),
        {data_point:String} = 'company_source' AND kind = 'deal' AND company_id != '', credited(company_last, company_known, company_known_age),
        {data_point:String} = 'company_source', credited(contact_company_last, contact_company_known, contact_company_known_age),
        kind = 'deal', credited(conversion_last, conversion_known, conversion_known_age),
        creates_contact, credited(lead_last, lead_known, lead_known_age),
        credited(own_last, own_known, own_known_age)
    ) AS own_dimensions,
    if(
        kind = 'deal' AND own_dimensions = '' AND {data_point:String} IN ('first_touch', 'lead_creation'),
        credited(company_last, company_known, company_known_age),
        own_dimensions
    ) AS dimensions,
    if({data_point:String} = 'first_touch', first_dimensions, credited(company_last, company_known, company_known_age)) AS company_dimensions
FROM settled_journeys FINAL
WHERE site_id = {site:String}
  AND NOT removed
  AND kind != 'import'
  AND (in_range(occurred_at) OR won AND in_range(won_at))
