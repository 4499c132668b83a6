-- Those that ever belonged to a contact or company that is settled, and those that have changed.
id -> id IN
(
    SELECT deal_id FROM deals
    WHERE site_id = {site:String}
      AND (deal_id IN (SELECT subject FROM scope WHERE scope.kind = 'deal')
        OR contact_id IN (SELECT subject FROM scope WHERE scope.kind = 'contact')
        OR company_id IN (SELECT subject FROM scope WHERE scope.kind = 'company')
        OR contact_crm_id IN
        (
            SELECT crm_id FROM contacts
            WHERE site_id = {site:String} AND crm_id != '' AND contact_id IN (SELECT subject FROM scope WHERE scope.kind = 'contact')
        ))
)
