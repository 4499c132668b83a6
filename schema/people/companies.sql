-- Question: which companies are there, and what came of each?
--
-- Parameters: those of facts/people.sql, and
--   search                     part of the name, or of an id; '' for all
--   after_key, after_company   the last row of the page before; '' for the first page
--   limit                      the number of rows
--
-- A row: a company that a contact belongs to, by name. company_source is dimensions with NUL between them, '' where the company has none.
--
-- with: people, company_names
WITH
companies_listed AS
(
    SELECT
        company_id,
        any(company_source) AS source,
        count() AS contacts,
        countIf(status = 'qualified') AS qualified,
        min(created_at) AS since,
        sum(deals) AS deals,
        CAST(mapSort(sumMap(won_amounts)), 'Array(Tuple(String, Decimal(38, 4)))') AS won
    FROM people
    WHERE company_id != ''
    GROUP BY company_id
)
SELECT
    company_id,
    called,
    lowerUTF8(called) AS sort_key,
    source,
    contacts,
    qualified,
    since,
    deals,
    won
FROM companies_listed
LEFT JOIN company_names USING (company_id)
WHERE ({search:String} = '' OR position(lowerUTF8(called), lowerUTF8({search:String})) > 0 OR position(lowerUTF8(company_id), lowerUTF8({search:String})) > 0)
  AND ({after_company:String} = '' OR (sort_key, company_id) > ({after_key:String}, {after_company:String}))
ORDER BY sort_key, company_id
LIMIT {limit:UInt32}
