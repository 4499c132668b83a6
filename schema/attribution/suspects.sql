-- Question: which touches and submissions are under suspicion, and why?
--
-- Parameters:
--   site           the site
--   reason         one suspicion, or '' for all
--   since, until   the range, UTC, half open
--   limit          the number of rows; 0 for all
--
-- A row: one record, the latest first. suspect is the suspicion in force, told_by who thinks so: the collector, as the record
-- came in, or an operator, later. What an operator cleared is not here. page is a touch's landing page, a submission's page.
WITH
records AS
(
    SELECT 'touch' AS kind, toString(touch_id) AS id, suspicion AS suspect, verdict, occurred_at, '' AS form, source, medium, referrer_domain, landing_page AS page
    FROM touches FINAL
    WHERE site_id = {site:String}
      AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at < {until:DateTime64(3, 'UTC')}

    UNION ALL
    SELECT 'submission', toString(submission_id), suspicion, verdict, occurred_at, form, latest_touch_source, latest_touch_medium, latest_touch_referrer_domain, page
    FROM submissions FINAL
    WHERE site_id = {site:String}
      AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at < {until:DateTime64(3, 'UTC')}
)
SELECT
    kind,
    id,
    suspect,
    if(verdict = '', 'collector', 'operator') AS told_by,
    occurred_at,
    form,
    source,
    medium,
    referrer_domain,
    page
FROM records
WHERE suspect != '' AND {reason:String} IN ('', suspect)
ORDER BY occurred_at DESC, kind, id DESC
LIMIT if({limit:UInt32} = 0, 4294967295, {limit:UInt32})
