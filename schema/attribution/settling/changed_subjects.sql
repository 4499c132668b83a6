-- with: changed_visitors
-- The contacts, companies and deals that have changed: by what was inserted, by touches of visitors from whom they sent forms, and
-- those to whom a changed submission or deal belonged until now.
WITH
news AS
(
    SELECT kind, id, contact_id, company_ids
    FROM changes
    WHERE site_id = {site:String}
      AND kind != 'touch'
      AND logged_at >= {changed_since:DateTime64(3, 'UTC')} - toIntervalMinute(10)
      AND (_block_number > {from_block:UInt64} OR logged_at >= {changed_since:DateTime64(3, 'UTC')})
)
SELECT DISTINCT kind, subject
FROM
(
    SELECT 'contact' AS kind, contact_id AS subject FROM news
    UNION ALL
    SELECT 'company', arrayJoin(company_ids) FROM news
    UNION ALL
    SELECT 'deal', id FROM news WHERE kind = 'deal'
    UNION ALL
    SELECT 'deal', deal_id FROM deals
    WHERE site_id = {site:String} AND contact_crm_id IN (SELECT id FROM news WHERE kind = 'contact' AND id != '')
    UNION ALL
    SELECT 'contact', contact_id FROM submissions
    WHERE site_id = {site:String} AND visitor_id IN (SELECT visitor_id FROM changed_visitors)
    UNION ALL
    SELECT arrayJoin(['contact', 'company']) AS kind, if(kind = 'contact', contact_id, company_id) FROM settled_journeys
    WHERE site_id = {site:String} AND kind != 'import' AND id IN (SELECT id FROM news WHERE kind IN ('submission', 'deal'))
)
WHERE subject != ''
