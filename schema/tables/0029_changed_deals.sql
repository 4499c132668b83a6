-- What is inserted into deals changes the deal, and what it says of contact and company.
CREATE MATERIALIZED VIEW IF NOT EXISTS changed_deals TO changes AS
SELECT site_id, 'deal' AS kind, deal_id AS id, contact_id, arrayFilter(name -> name != '', [company_id]) AS company_ids
FROM deals;
