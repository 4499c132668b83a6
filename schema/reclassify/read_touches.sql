-- The next touches of a site, by their ids behind a cursor: what they are named by, and how they are named.
--
--   site, since, until   which; the range is half open
--   cursor               the id of the last touch that was looked at
--   batch                how many at most
SELECT touch_id AS record_id,
    utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id, gclid, gbraid, wbraid, msclkid, fbclid, ttclid, twclid,
    li_fat_id, dclid, epik, rdt_cid, sccid, yclid, landing_page, referrer, source, medium, campaign, term, content, channel,
    referrer_domain, rule
FROM touches FINAL
WHERE site_id = {site:String} AND touch_id > {cursor:UUID}
  AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at < {until:DateTime64(3, 'UTC')}
ORDER BY touch_id
LIMIT {batch:UInt64}
