-- Companies that the CRM knew before, under ids of its own: one in fifty of those whose domain a form named.
INSERT INTO companies (site_id, import_id, company_id, crm_id, name, name_key, domain, created_at, received_at)
SELECT
    {site:String},
    reinterpret(sipHash128({site:String}, company_id), 'UUID'),
    concat('crm:', crm),
    toString(cityHash64(company_id) % 100000000) AS crm,
    any(company_name) AS company,
    lower(company),
    substring(company_id, 8),
    toDateTime64('2019-01-01 09:00:00', 3, 'UTC') + toIntervalDay(cityHash64(company_id) % 1400),
    {since:DateTime64(3, 'UTC')}
FROM submissions
WHERE site_id = {site:String} AND snippet_version = 'seed' AND startsWith(company_id, 'domain:') AND cityHash64({seed:UInt64}, company_id) % 50 = 0
GROUP BY company_id
