-- A row per name under which an imported company may be met: its own id, "domain:<domain>" and "name:<name key>",
-- with the id that stands for all of them. One with a CRM id stands before others, then the earliest created. An
-- import with only a name may lead to one with a domain, and that to one with a CRM id: hence the second step.
WITH names AS
(
    SELECT
        alias,
        argMin(companies.company_id, (NOT startsWith(companies.company_id, 'crm:'), created_at, companies.company_id)) AS company_id
    FROM companies FINAL
    ARRAY JOIN arrayFilter(
        name -> name NOT IN ('domain:', 'name:'),
        [companies.company_id, concat('domain:', domain), concat('name:', name_key)]
    ) AS alias
    WHERE site_id = {site:String}
    GROUP BY alias
)
SELECT
    names.alias AS alias,
    if(further.company_id != '', further.company_id, names.company_id) AS company_id
FROM names
LEFT JOIN names AS further ON further.alias = names.company_id
