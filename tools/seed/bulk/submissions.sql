-- The submissions of the slice: one of each eighth visitor, after one of its touches, with copies of that and of its first. One in
-- seven is by a contact that sent a form before; one in twenty comes without the snippet and has no copies.
INSERT INTO submissions (site_id, submission_id, visitor_id, form, page, occurred_at, contact_id, company_id, company_name,
    first_touch_touch_id, first_touch_occurred_at, first_touch_utm_source, first_touch_utm_medium, first_touch_utm_campaign, first_touch_utm_term, first_touch_utm_content,
    first_touch_landing_page, first_touch_referrer, first_touch_source, first_touch_medium, first_touch_campaign, first_touch_term, first_touch_content,
    first_touch_channel, first_touch_referrer_domain,
    latest_touch_touch_id, latest_touch_occurred_at, latest_touch_utm_source, latest_touch_utm_medium, latest_touch_utm_campaign, latest_touch_utm_term, latest_touch_utm_content,
    latest_touch_landing_page, latest_touch_referrer, latest_touch_source, latest_touch_medium, latest_touch_campaign, latest_touch_term, latest_touch_content,
    latest_touch_channel, latest_touch_referrer_domain, snippet_version, suspect, received_at)
-- visits
, sent AS
(
    SELECT
        v,
        any(visitor_id) AS visitor_id,
        any(h) AS h,
        groupArray((j, touch_id, at, way)) AS touches,
        arraySort(touches) AS in_order,
        in_order[1] AS first,
        in_order[intDiv(h, 16) % length(in_order) + 1] AS latest,
        first.4 AS first_way,
        latest.4 AS latest_way,
        latest.3 + toIntervalMillisecond(60000 + h % 540000) AS sent_at,
        h % 20 != 0 AS has_copies
    FROM visits
    GROUP BY v
)
SELECT
    {site:String},
    reinterpret(bitOr(bitShiftLeft(toUInt128(bitOr(bitAnd(cityHash64(h, 'sent'), 0x3FFFFFFFFFFFFFFF), 0x8000000000000000)), 64),
        toUInt128(bitOr(bitShiftLeft(toUInt64(toUnixTimestamp64Milli(sent_at)), 16), 0x7000 + h % 4096))), 'UUID'),
    visitor_id,
    ['signup', 'signup', 'signup', 'demo', 'webinar', 'newsletter', 'contact'][intDiv(h, 3) % 7 + 1],
    'https://www.brookandbale.example/signup',
    sent_at,
    lower(hex(SHA256(concat({site:String}, toString(person))))),
    multiIf(intDiv(person, 3) % 12 = 0, '', intDiv(person, 3) % 12 = 1, concat('name:growers ', toString(intDiv(person, 3))), concat('domain:growers-', toString(intDiv(person, 3)), '.example')),
    if(intDiv(person, 3) % 12 = 0, '', concat('Growers ', toString(intDiv(person, 3)))),
    if(has_copies, first.2, toUUID('00000000-0000-0000-0000-000000000000')),
    if(has_copies, first.3, toDateTime64(0, 3, 'UTC')),
    if(has_copies, one.utm_source, ''),
    if(has_copies, one.utm_medium, ''),
    if(has_copies, one.utm_campaign, ''),
    if(has_copies, one.utm_term, ''),
    if(has_copies, one.utm_content, ''),
    if(has_copies, one.landing_page, ''),
    if(has_copies, one.referrer, ''),
    if(has_copies, one.source, ''),
    if(has_copies, one.medium, ''),
    if(has_copies, one.campaign, ''),
    if(has_copies, one.term, ''),
    if(has_copies, one.content, ''),
    if(has_copies, one.channel, ''),
    if(has_copies, one.referrer_domain, ''),
    if(has_copies, latest.2, toUUID('00000000-0000-0000-0000-000000000000')),
    if(has_copies, latest.3, toDateTime64(0, 3, 'UTC')),
    if(has_copies, two.utm_source, ''),
    if(has_copies, two.utm_medium, ''),
    if(has_copies, two.utm_campaign, ''),
    if(has_copies, two.utm_term, ''),
    if(has_copies, two.utm_content, ''),
    if(has_copies, two.landing_page, ''),
    if(has_copies, two.referrer, ''),
    if(has_copies, two.source, ''),
    if(has_copies, two.medium, ''),
    if(has_copies, two.campaign, ''),
    if(has_copies, two.term, ''),
    if(has_copies, two.content, ''),
    if(has_copies, two.channel, ''),
    if(has_copies, two.referrer_domain, ''),
    'seed',
    if(h % 200 = 1, 'too_fast', ''),
    sent_at + toIntervalMillisecond(300 + h % 2000)
FROM (SELECT *, intDiv(v, 8) AS number, if(h % 7 = 0, number - intDiv(h, 7) % (least(number, 5000) + 1), number) AS person FROM sent) AS sent
INNER JOIN seed_ways AS one ON one.way = sent.first_way
INNER JOIN seed_ways AS two ON two.way = sent.latest_way
