-- What facts/contact_events.sql says, from settled_journeys.
WITH
(last, known, known_age) -> if({credit:String} = 'last_non_direct' AND known != '' AND known_age <= {lookback_days:UInt16} * 86400000, known, last) AS dimensions_of_credited
SELECT
    contact_id,
    kind,
    id,
    occurred_at,
    form,
    creates_contact,
    contact_is_new,
    contact_company,
    status,
    stage,
    won,
    won_at,
    amount,
    currency,
    first_dimensions AS first,
    dimensions_of_credited(lead_last, lead_known, lead_known_age) AS lead,
    dimensions_of_credited(contact_company_last, contact_company_known, contact_company_known_age) AS company_first,
    dimensions_of_credited(own_last, own_known, own_known_age) AS own,
    dimensions_of_credited(company_last, company_known, company_known_age) AS of_company,
    if(first = '', of_company, first) AS deal_first,
    if(lead = '', of_company, lead) AS deal_lead,
    dimensions_of_credited(conversion_last, conversion_known, conversion_known_age) AS deal_conversion,
    if(company_id = '', company_first, of_company) AS deal_company
FROM settled_journeys FINAL
WHERE site_id = {site:String} AND NOT removed
  AND contact_id != '' AND (empty({page:Array(String)}) OR contact_id IN {page:Array(String)})
