-- Puts a batch of what a reclassification found into submissions, as put_touches does into touches. A submission's first touch, its
-- latest touch, or both have new values; a rule is never empty.
INSERT INTO submissions
SELECT s.* REPLACE (
    if(f.rule = '', first_touch_source, f.source) AS first_touch_source,
    if(f.rule = '', first_touch_medium, f.medium) AS first_touch_medium,
    if(f.rule = '', first_touch_campaign, f.campaign) AS first_touch_campaign,
    if(f.rule = '', first_touch_term, f.term) AS first_touch_term,
    if(f.rule = '', first_touch_content, f.content) AS first_touch_content,
    if(f.rule = '', first_touch_channel, f.channel) AS first_touch_channel,
    if(f.rule = '', first_touch_referrer_domain, f.referrer_domain) AS first_touch_referrer_domain,
    if(f.rule = '', first_touch_rule, f.rule) AS first_touch_rule,
    if(l.rule = '', latest_touch_source, l.source) AS latest_touch_source,
    if(l.rule = '', latest_touch_medium, l.medium) AS latest_touch_medium,
    if(l.rule = '', latest_touch_campaign, l.campaign) AS latest_touch_campaign,
    if(l.rule = '', latest_touch_term, l.term) AS latest_touch_term,
    if(l.rule = '', latest_touch_content, l.content) AS latest_touch_content,
    if(l.rule = '', latest_touch_channel, l.channel) AS latest_touch_channel,
    if(l.rule = '', latest_touch_referrer_domain, l.referrer_domain) AS latest_touch_referrer_domain,
    if(l.rule = '', latest_touch_rule, l.rule) AS latest_touch_rule,
    {batch_at:DateTime64(3, 'UTC')} AS reclassified_at)
FROM
(
    SELECT * FROM submissions FINAL
    WHERE site_id = {site:String} AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at < {until:DateTime64(3, 'UTC')}
      AND submission_id IN (
        SELECT record_id FROM reclassified
        WHERE site_id = {site:String} AND reclassification_id = {id:UUID} AND which != 'touch' AND batch_at = {batch_at:DateTime64(3, 'UTC')})
) AS s
LEFT JOIN
(
    SELECT * FROM reclassified FINAL
    WHERE site_id = {site:String} AND reclassification_id = {id:UUID} AND which = 'first_touch' AND batch_at = {batch_at:DateTime64(3, 'UTC')}
) AS f ON s.submission_id = f.record_id
LEFT JOIN
(
    SELECT * FROM reclassified FINAL
    WHERE site_id = {site:String} AND reclassification_id = {id:UUID} AND which = 'latest_touch' AND batch_at = {batch_at:DateTime64(3, 'UTC')}
) AS l ON s.submission_id = l.record_id
