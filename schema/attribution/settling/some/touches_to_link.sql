-- with: changed_touches, changed_visitors
-- The touches of the visitors that are settled: what is settled already, and the changed touches as they are now.
SELECT visitor_id, touch_id, occurred_at, known, dimensions, suspicion
FROM settled_touches FINAL
WHERE site_id = {site:String}
  AND NOT removed
  AND visitor_id IN (SELECT visitor_id FROM changed_visitors)
  AND touch_id NOT IN (SELECT touch_id FROM changed_touches)

UNION ALL
SELECT
    visitor_id,
    touch_id,
    occurred_at,
    source != '(direct)',
    toLowCardinality(concatWithSeparator('\0', source, medium, campaign, term, content, referrer_domain, channel)),
    suspicion
FROM touches FINAL
WHERE site_id = {site:String} AND touch_id IN (SELECT touch_id FROM changed_touches)
