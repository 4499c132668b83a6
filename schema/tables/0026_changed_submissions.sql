-- What is inserted into submissions changes its contact and that one's company.
CREATE MATERIALIZED VIEW IF NOT EXISTS changed_submissions TO changes AS
SELECT site_id, 'submission' AS kind, toString(submission_id) AS id, contact_id, arrayFilter(name -> name != '', [company_id]) AS company_ids
FROM submissions;
