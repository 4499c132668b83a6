-- The touches of the slice; one in 100 is received up to 20 days late. With {of} = 'again' the one in 200 that is sent a second time,
-- an hour later.
INSERT INTO touches (site_id, visitor_id, touch_id, occurred_at, utm_source, utm_medium, utm_campaign, utm_term, utm_content,
    gclid, fbclid, landing_page, referrer, source, medium, campaign, term, content, channel, referrer_domain, snippet_version, suspect, received_at)
-- visits
SELECT
    {site:String},
    visitor_id,
    touch_id,
    at,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_term,
    utm_content,
    if(click = 'gclid', concat('Cj0KCQ', base64URLEncode(toString(cityHash64(x, 2)))), ''),
    if(click = 'fbclid', concat('IwAR', base64URLEncode(toString(cityHash64(x, 3)))), ''),
    concat(landing_page, if(click = '', '', concat(if(position(landing_page, '?') > 0, '&', '?'), click, '=', base64URLEncode(toString(cityHash64(x, 2)))))),
    referrer,
    source,
    medium,
    campaign,
    term,
    content,
    channel,
    referrer_domain,
    'seed',
    multiIf(is_bot, 'bot', x % 997 = 0, 'rate', ''),
    at + toIntervalMillisecond(multiIf({of:String} = 'again', 3600000, x % 100 = 7, intDiv(x, 100) % 1728000000, 200 + x % 3000))
FROM visits
INNER JOIN seed_ways USING (way)
WHERE {of:String} != 'again' OR intDiv(x, 7) % 5 = 0
