-- Puts a batch of what a reclassification found into touches: a copy of each row with the new values, which wins against the row itself
-- (tables/0016_touches_rule.sql). Raw values and verdicts stay as they are, and a touch that was erased meanwhile stays away. Again it
-- puts in the same copies.
INSERT INTO touches
SELECT t.* REPLACE (
    r.source AS source, r.medium AS medium, r.campaign AS campaign, r.term AS term, r.content AS content,
    r.channel AS channel, r.referrer_domain AS referrer_domain, r.rule AS rule, r.batch_at AS reclassified_at)
FROM
(
    SELECT * FROM touches FINAL
    WHERE site_id = {site:String} AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at < {until:DateTime64(3, 'UTC')}
      AND touch_id IN (
        SELECT record_id FROM reclassified
        WHERE site_id = {site:String} AND reclassification_id = {id:UUID} AND which = 'touch' AND batch_at = {batch_at:DateTime64(3, 'UTC')})
) AS t
INNER JOIN
(
    SELECT * FROM reclassified FINAL
    WHERE site_id = {site:String} AND reclassification_id = {id:UUID} AND which = 'touch' AND batch_at = {batch_at:DateTime64(3, 'UTC')}
) AS r ON t.touch_id = r.record_id
