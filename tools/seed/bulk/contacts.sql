-- Contacts that the CRM knew before: one in twenty of those who sent a form.
INSERT INTO contacts (site_id, import_id, contact_id, crm_id, company_id, company_name, created_at, received_at)
SELECT
    {site:String},
    reinterpret(sipHash128({site:String}, contact_id), 'UUID'),
    contact_id,
    toString(cityHash64(contact_id) % 100000000),
    any(company_id),
    any(company_name),
    toDateTime64('2019-01-01 09:00:00', 3, 'UTC') + toIntervalDay(cityHash64(contact_id) % 1400),
    {since:DateTime64(3, 'UTC')}
FROM submissions
WHERE site_id = {site:String} AND snippet_version = 'seed' AND cityHash64({seed:UInt64}, contact_id) % 20 = 0
GROUP BY contact_id
