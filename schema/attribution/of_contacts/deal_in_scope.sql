-- Those that ever belonged to a contact or company that an answer needs.
id -> id IN
(
    SELECT deal_id FROM deals
    WHERE site_id = {site:String}
      AND (contact_id IN {contacts:Array(String)}
        OR company_id IN {companies:Array(String)}
        OR contact_crm_id IN (SELECT crm_id FROM contacts WHERE site_id = {site:String} AND crm_id != '' AND contact_id IN {contacts:Array(String)}))
)
