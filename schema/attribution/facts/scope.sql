-- with: company_aliases
-- What an answer about {contact} or {company} needs: the contact, and everyone who ever sent a form for its company or was imported with
-- it, because only all of them together tell who created the company; and the company, by all of its names. No report names it: the
-- collector asks it first, and gives the answer as {contacts} and {companies}. Of rows that stand for one record all count, since there
-- may be more contacts than are needed: FINAL would read everybody's.
WITH
named AS
(
    SELECT company_id FROM submissions WHERE site_id = {site:String} AND contact_id = {contact:String} AND contact_id != ''
    UNION ALL
    SELECT company_id FROM contacts WHERE site_id = {site:String} AND contact_id = {contact:String} AND contact_id != ''
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
SELECT DISTINCT kind, id
FROM
(
    SELECT 'contact' AS kind, contact_id AS id FROM submissions
    WHERE site_id = {site:String} AND contact_id != '' AND company_id IN (SELECT company_id FROM wanted)
    UNION ALL
    SELECT 'contact', contact_id FROM contacts
    WHERE site_id = {site:String} AND company_id IN (SELECT company_id FROM wanted)
    UNION ALL
    SELECT 'contact', {contact:String}
    UNION ALL
    SELECT 'company', company_id FROM wanted
)
ORDER BY kind, id
