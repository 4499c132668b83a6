-- The contacts and companies that have something to do with those in scope, now or as it is settled: only all of them together tell who
-- was first. Asked again with what it found until it finds nothing more.
WITH
contacts_in_scope AS (SELECT subject FROM scope WHERE scope.kind = 'contact'),
companies_in_scope AS (SELECT subject FROM scope WHERE scope.kind = 'company'),
deals_in_scope AS (SELECT subject FROM scope WHERE scope.kind = 'deal')
SELECT DISTINCT found.1 AS kind, found.2 AS subject
FROM
(
    SELECT arrayJoin([('contact', contact_id), ('company', company_id)]) AS found FROM submissions
    WHERE site_id = {site:String} AND contact_id != ''
      AND (contact_id IN (SELECT subject FROM contacts_in_scope) OR company_id IN (SELECT subject FROM companies_in_scope))

    UNION ALL
    SELECT arrayJoin([('contact', contact_id), ('company', company_id)]) FROM contacts
    WHERE site_id = {site:String}
      AND (contact_id IN (SELECT subject FROM contacts_in_scope) OR company_id IN (SELECT subject FROM companies_in_scope))

    UNION ALL
    SELECT ('company', arrayJoin(names)) FROM
    (
        SELECT [company_id, if(domain = '', '', concat('domain:', domain)), if(name_key = '', '', concat('name:', name_key))] AS names
        FROM companies
        WHERE site_id = {site:String}
    )
    WHERE hasAny(names, (SELECT groupArray(subject) FROM companies_in_scope))

    UNION ALL
    SELECT arrayJoin([('contact', deals.contact_id), ('contact', crm.contact_id), ('company', deals.company_id), ('deal', deals.deal_id)])
    FROM deals
    LEFT JOIN (SELECT crm_id, contact_id FROM contacts WHERE site_id = {site:String} AND crm_id != '') AS crm ON crm.crm_id = deals.contact_crm_id
    WHERE site_id = {site:String}
      AND deal_id IN
      (
          SELECT deal_id FROM deals
          WHERE site_id = {site:String}
            AND (deal_id IN (SELECT subject FROM deals_in_scope)
              OR contact_id IN (SELECT subject FROM contacts_in_scope)
              OR company_id IN (SELECT subject FROM companies_in_scope)
              OR contact_crm_id IN (SELECT crm_id FROM contacts WHERE site_id = {site:String} AND crm_id != '' AND contact_id IN (SELECT subject FROM contacts_in_scope)))
      )

    UNION ALL
    SELECT arrayJoin([('contact', contact_id), ('company', company_id), ('company', contact_company)]) FROM settled_journeys
    WHERE site_id = {site:String}
      AND (contact_id IN (SELECT subject FROM contacts_in_scope)
        OR company_id IN (SELECT subject FROM companies_in_scope)
        OR contact_company IN (SELECT subject FROM companies_in_scope))
)
WHERE found.2 != '' AND found NOT IN (SELECT kind, subject FROM scope)
