-- What is inserted into contacts changes the contact, its company, and (by its id in the CRM) deals.
CREATE MATERIALIZED VIEW IF NOT EXISTS changed_contacts TO changes AS
SELECT site_id, 'contact' AS kind, crm_id AS id, contact_id, arrayFilter(name -> name != '', [company_id]) AS company_ids
FROM contacts;
