-- with: journeys
-- A row per import, submission and deal of a contact, with the dimensions of its touches (as in settled_touches.dimensions, '' where no
-- touch is known): first and lead are the contact's first touch and lead creation, company_first the company source of its
-- company, own the credited touch of the row's submission. deal_first, deal_lead, deal_conversion and deal_company place a deal as the
-- reports do by each data point (counted_touches). {page}, where it is not [], narrows it to those contacts.
WITH
touch -> arrayStringConcat(arraySlice(splitByChar('\0', touch), 2, 7), '\0') AS dimensions_in
SELECT
    contact_id,
    kind,
    id,
    occurred_at,
    form,
    creates_contact,
    contact_is_new,
    contact_company,
    status,
    stage,
    won,
    won_at,
    amount,
    currency,
    dimensions_in(contact_first_touch) AS first,
    dimensions_in(contact_lead_creation) AS lead,
    dimensions_in(contact_company_source) AS company_first,
    dimensions_in(credited) AS own,
    dimensions_in(if(contact_first_touch = '', company_source, contact_first_touch)) AS deal_first,
    dimensions_in(if(contact_lead_creation = '', company_source, contact_lead_creation)) AS deal_lead,
    dimensions_in(contact_conversion) AS deal_conversion,
    dimensions_in(if(company_id = '', contact_company_source, company_source)) AS deal_company
FROM journeys
WHERE contact_id != '' AND (empty({page:Array(String)}) OR contact_id IN {page:Array(String)})
