-- with: company_aliases
-- The contacts that an answer about {contact} or {company} needs: the contact, and everyone who ever sent a form for its
-- company or was imported with it, because only all of them together tell who created the company. No report names it: the
-- collector asks it first, and gives the answer as {contacts}.
WITH
named AS
(
    SELECT company_id FROM submissions FINAL WHERE site_id = {site:String} AND contact_id = {contact:String} AND contact_id != ''
    UNION ALL
    SELECT company_id FROM contacts FINAL WHERE site_id = {site:String} AND contact_id = {contact:String} AND contact_id != ''
    UNION ALL
    SELECT {company:String}
),
resolved AS
(
    SELECT company_id FROM company_aliases WHERE alias IN (SELECT company_id FROM named)
),
wanted AS
(
    SELECT company_id FROM named WHERE company_id != ''
    UNION ALL
    SELECT alias FROM company_aliases WHERE company_id IN (SELECT company_id FROM resolved)
)
SELECT DISTINCT contact_id
FROM
(
    SELECT contact_id FROM submissions FINAL
    WHERE site_id = {site:String} AND contact_id != '' AND company_id IN (SELECT company_id FROM wanted)
    UNION ALL
    SELECT contact_id FROM contacts FINAL
    WHERE site_id = {site:String} AND company_id IN (SELECT company_id FROM wanted)
    UNION ALL
    SELECT {contact:String}
)
ORDER BY contact_id
