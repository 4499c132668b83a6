-- with: contact_events
-- A row per company that a contact belongs to or that was imported, with what people call it: the name of its latest import, else the
-- latest that was typed into a form, else the domain. Where {page} names contacts, only what concerns their companies is read of forms.
SELECT
    company_id,
    multiIf(
        argMaxIf(name, received_at, imported AND name != '') != '', argMaxIf(name, received_at, imported AND name != ''),
        startsWith(company_id, 'domain:'), substring(company_id, 8),
        argMaxIf(name, received_at, NOT imported AND name != '') != '', argMaxIf(name, received_at, NOT imported AND name != ''),
        substring(company_id, position(company_id, ':') + 1)
    ) AS called
FROM
(
    SELECT company_id, name, received_at, true AS imported FROM companies FINAL WHERE site_id = {site:String}
    UNION ALL
    SELECT company_id, company_name, received_at, true FROM contacts FINAL WHERE site_id = {site:String}
    UNION ALL
    SELECT company_id, company_name, received_at, false
    FROM submissions FINAL
    WHERE site_id = {site:String} AND suspicion = ''
      AND (empty({page:Array(String)}) OR submission_id IN
      (
          SELECT submission_id FROM submissions
          WHERE site_id = {site:String} AND company_id IN (SELECT contact_company FROM contact_events) AND NOT startsWith(company_id, 'domain:')
      ))
    UNION ALL
    SELECT contact_company, '', toDateTime64(0, 3, 'UTC'), false FROM contact_events WHERE notEmpty({page:Array(String)})
)
WHERE company_id != ''
GROUP BY company_id
