-- Every touch of the site, narrow, of one of {buckets} parts of the visitors. dimensions as in settled_touches. (some/ narrows it to
-- some visitors.)
SELECT
    visitor_id,
    touch_id,
    occurred_at,
    source != '(direct)' AS known,
    toLowCardinality(concatWithSeparator('\0', source, medium, campaign, term, content, referrer_domain, channel)) AS dimensions,
    suspicion
FROM touches FINAL
WHERE site_id = {site:String} AND cityHash64(visitor_id) % {buckets:UInt16} = {bucket:UInt16}
