-- What is inserted into companies changes the company, under each name by which it is met.
CREATE MATERIALIZED VIEW IF NOT EXISTS changed_companies TO changes AS
SELECT
    site_id,
    'company' AS kind,
    arrayFilter(name -> name NOT IN ('', 'domain:', 'name:'), [company_id, concat('domain:', domain), concat('name:', name_key)]) AS company_ids
FROM companies;
