-- Question: what is wrong with the tags of the links?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   since, until   the range of touches, submissions and spend, UTC, half open
--   zone           the time zone in which days of spend begin
--   own_domains    the site's own domains, in lower case: a referrer there, or below, is a link within the site
--   campaigns      the registered campaigns in their normal form; a * at the end stands for anything. [] : none are registered
--   limit          the number of rows; 0 for all
--
-- A row: one finding about one value. parameter says where the value is: utm_source, …, or the parameters together as "utm_source=… utm_medium=…".
-- suggestion is what was probably meant, '' where nobody can know. landing_page is that of the latest touch.
--   internal_utm     a tag on a link within the site, which takes the visit away from what brought it. Also, from the pages on which forms were
--                    sent, where browsers have ignored it
--   personal_data    an e-mail address in a tag: it belongs into no URL
--   placeholder      a macro of an advertising system that nobody filled in, such as {campaign}
--   double_encoded   %20 and the like are left in the value: a tool has encoded it twice
--   spaces           blanks in the value
--   case_variant     another spelling of the value differs only in case and is used more; other systems tell them apart
--   typo             one letter, of eight or more two (swapped ones count once), from a value that is used more or, as much, was there
--                    earlier; or from a registered campaign or a well-known source. Values that differ in digits or single letters
--                    alone, such as two years, are no typing errors
--   unregistered     a campaign that is none of the registered ones
--   unknown_medium   a medium by which no channel is known; suggestion is a known one that is spelled nearly so
--   missing_source, missing_medium   other tags are there, and this one is not
--   unmatched_spend  what was spent under a source, medium and campaign that no touch has; suggestion is the nearest that touches have
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
page -> lower(domain(page)) AS host_of,
host -> arrayExists(own -> host = own OR endsWith(host, concat('.', own)), {own_domains:Array(String)}) AS is_own,
value -> arrayExists(known -> if(endsWith(known, '*'), startsWith(value, substring(known, 1, length(known) - 1)), value = known), {campaigns:Array(String)}) AS is_registered,
-- What is left of a value without digits and single letters: campaigns of two years have the same, as have variants a and b.
value -> arrayStringConcat(arrayFilter(word -> lengthUTF8(word) > 1, splitByRegexp('[^\\p{L}]+', value)), ' ') AS words_of,
value -> replaceRegexpAll(value, '[^\\p{L}\\p{N}]', '') AS letters_of,
(value, other) -> lengthUTF8(value) >= 4
    AND value != other
    AND abs(length(value) - length(other)) <= 2
    AND damerauLevenshteinDistance(value, other) <= if(lengthUTF8(value) >= 8, 2, 1)
    AND (words_of(value) != words_of(other) OR letters_of(value) = letters_of(other)) AS is_near,
(source, medium, campaign) -> arrayStringConcat(
    arrayFilter(tag -> NOT endsWith(tag, '='), [concat('utm_source=', source), concat('utm_medium=', medium), concat('utm_campaign=', campaign)]), ' '
) AS tags_of,
['google', 'bing', 'yahoo', 'duckduckgo', 'facebook', 'instagram', 'linkedin', 'twitter', 'youtube', 'tiktok', 'pinterest', 'reddit', 'snapchat', 'whatsapp',
    'newsletter', 'chatgpt', 'perplexity'] AS known_sources,
['cpc', 'paid-search', 'paid-social', 'paid-video', 'retargeting', 'display', 'banner', 'email', 'newsletter', 'social', 'organic', 'referral', 'affiliate', 'video',
    'audio', 'sms', 'push'] AS known_media,
tagged AS
(
    SELECT
        visitor_id,
        occurred_at,
        landing_page,
        tags_of(utm_source, utm_medium, utm_campaign) AS tags,
        is_own(host_of(referrer)) OR referrer != '' AND cutToFirstSignificantSubdomain(referrer) = cutToFirstSignificantSubdomain(landing_page) AS is_internal,
        concat(gclid, gbraid, wbraid, msclkid, fbclid, ttclid, twclid, li_fat_id, dclid, epik, rdt_cid, sccid, yclid) AS click,
        [('utm_source', utm_source), ('utm_medium', utm_medium), ('utm_campaign', utm_campaign), ('utm_term', utm_term), ('utm_content', utm_content)] AS spellings,
        arrayFilter(
            (named, raw) -> raw != '',
            [('utm_source', toString(source)), ('utm_medium', toString(medium)), ('utm_campaign', toString(campaign))],
            [utm_source, utm_medium, utm_campaign]
        ) AS named,
        arrayConcat(
            arrayMap(one -> ('spelling', one.1, one.2), arrayFilter(one -> one.2 != '', spellings)),
            arrayMap(one -> ('value', one.1, one.2), named),
            if(is_internal, [('internal_utm', 'utm_*', tags)], []),
            if(utm_source = '' AND click = '', [('missing_source', 'utm_source', tags)], []),
            if(utm_source != '' AND utm_medium = '' AND click = '', [('missing_medium', 'utm_medium', tags)], []),
            if(utm_medium != '' AND channel = 'Unassigned', [('unknown_medium', 'utm_medium', toString(medium))], [])
        ) AS pieces
    FROM touches FINAL
    WHERE site_id = {site:String}
      AND ({suspects:String} = 'include' OR suspicion = '')
      AND in_range(occurred_at)
      AND concat(utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id) != ''
),
followed_inside AS
(
    SELECT
        visitor_id,
        occurred_at,
        page,
        decodeURLFormComponent(extractURLParameter(page, 'utm_source')) AS page_source,
        tags_of(page_source, decodeURLFormComponent(extractURLParameter(page, 'utm_medium')), decodeURLFormComponent(extractURLParameter(page, 'utm_campaign'))) AS tags
    FROM submissions FINAL
    WHERE site_id = {site:String}
      AND ({suspects:String} = 'include' OR suspicion = '')
      AND in_range(occurred_at)
      AND page_source != ''
      AND lowerUTF8(page_source) NOT IN (lowerUTF8(first_touch_utm_source), lowerUTF8(latest_touch_utm_source))
),
met AS
(
    SELECT piece.1 AS kind, piece.2 AS parameter, piece.3 AS value, 1 AS n, visitor_id, occurred_at, landing_page
    FROM tagged
    ARRAY JOIN pieces AS piece

    UNION ALL
    SELECT 'internal_utm', 'utm_*', tags, 0, visitor_id, occurred_at, page
    FROM followed_inside
),
seen AS
(
    SELECT
        kind,
        parameter,
        value,
        sum(n) AS touches,
        uniqExactIf(visitor_id, visitor_id != toUUID('00000000-0000-0000-0000-000000000000')) AS visitors,
        min(occurred_at) AS first_at,
        max(occurred_at) AS last_at,
        argMax(landing_page, occurred_at) AS page
    FROM met
    GROUP BY kind, parameter, value
),
-- The values that others may have been meant to be: the 500 most used of each parameter, registered campaigns and well-known sources.
meant AS
(
    SELECT parameter AS of_parameter, value AS other, touches AS other_touches, first_at AS other_first
    FROM seen
    WHERE kind = 'value'
    ORDER BY touches DESC, value
    LIMIT 500 BY parameter

    UNION ALL
    SELECT known.1, known.2, 18446744073709551615, toDateTime64(0, 3, 'UTC')
    FROM
    (
        SELECT arrayJoin(arrayConcat(
            arrayMap(name -> ('utm_campaign', name), arrayFilter(name -> NOT endsWith(name, '*'), {campaigns:Array(String)})),
            arrayMap(name -> ('utm_source', name), known_sources)
        )) AS known
    )
),
compared AS
(
    SELECT
        seen.kind AS kind,
        seen.parameter AS parameter,
        seen.value AS value,
        any(seen.touches) AS touches,
        any(seen.visitors) AS visitors,
        any(seen.first_at) AS first_at,
        any(seen.last_at) AS last_at,
        any(seen.page) AS page,
        argMaxIf(
            other,
            (other_touches, other),
            (other_touches > seen.touches OR other_touches = seen.touches AND (other_first, other) < (seen.first_at, seen.value)) AND is_near(seen.value, other)
        ) AS near
    FROM seen
    LEFT JOIN meant ON meant.of_parameter = if(seen.kind = 'value', seen.parameter, '')
    GROUP BY kind, parameter, value
),
spelled AS
(
    SELECT
        *,
        argMax(value, (compared.touches, value = lowerUTF8(value), value)) OVER (PARTITION BY kind, parameter, lowerUTF8(value)) AS usual
    FROM compared
),
findings AS
(
    SELECT
        parameter,
        value,
        touches,
        visitors,
        first_at,
        last_at,
        page,
        arrayJoin(multiIf(
            kind = 'spelling', arrayFilter(found -> found.1 != '', [
                (if(match(value, '[^@\\s]+@[^@\\s]+\\.[a-zA-Z]{2,}'), 'personal_data', ''), ''),
                (if(match(value, '[{]{1,2}[^{}]*[}]{1,2}|%%[^%]+%%|__[A-Z0-9_]+__|^\\[[^\\]]*\\]$'), 'placeholder', ''), ''),
                (if(match(value, '%[0-9A-Fa-f]{2}'), 'double_encoded', ''), decodeURLComponent(value)),
                (
                    if(parameter IN ('utm_source', 'utm_medium', 'utm_campaign') AND match(value, '\\s'), 'spaces', ''),
                    replaceRegexpAll(replaceRegexpAll(value, '^\\s+|\\s+$', ''), '[\\s\\p{Pd}]*\\s[\\s\\p{Pd}]*', '-')
                ),
                (if(parameter != 'utm_term' AND value != usual, 'case_variant', ''), usual)
            ]),
            kind = 'value', arrayFilter(found -> found.1 != '', [
                (
                    if(
                        near = ''
                        OR parameter = 'utm_campaign' AND is_registered(value)
                        OR parameter = 'utm_source' AND has(known_sources, value)
                        OR parameter = 'utm_medium' AND has(known_media, value),
                        '', 'typo'
                    ),
                    near
                ),
                (if(parameter = 'utm_campaign' AND notEmpty({campaigns:Array(String)}) AND NOT is_registered(value), 'unregistered', ''), near)
            ]),
            kind = 'unknown_medium', [(kind, arrayFirst(known -> is_near(value, known), known_media))],
            [(kind, '')]
        )) AS found
    FROM spelled
),
budgets AS
(
    SELECT source, medium, campaign, tags_of(source, medium, campaign) AS tags, min(date) AS first_day, max(date) AS last_day
    FROM spend FINAL
    WHERE site_id = {site:String} AND in_range(toDateTime64(date, 3, {zone:String})) AND (amount != 0 OR clicks > 0 OR impressions > 0)
    GROUP BY source, medium, campaign
),
ways AS
(
    SELECT source, medium, campaign, tags_of(source, medium, campaign) AS tags, count() AS touches
    FROM touches FINAL
    WHERE site_id = {site:String}
      AND ({suspects:String} = 'include' OR suspicion = '')
      AND in_range(occurred_at)
    GROUP BY source, medium, campaign
),
unmatched AS
(
    SELECT
        budgets.tags AS tags,
        any(budgets.first_day) AS first_day,
        any(budgets.last_day) AS last_day,
        argMaxIf(ways.tags, (ways.touches, ways.tags), damerauLevenshteinDistance(budgets.tags, ways.tags) <= 2) AS near
    FROM budgets
    LEFT JOIN ways ON true
    GROUP BY tags
    HAVING countIf(budgets.source = ways.source AND budgets.medium IN ('', ways.medium) AND budgets.campaign IN ('', ways.campaign)) = 0
),
audit AS
(
    SELECT
        found.1 AS finding,
        parameter,
        value,
        found.2 AS suggestion,
        touches,
        visitors,
        first_at,
        last_at,
        page AS landing_page
    FROM findings

    UNION ALL
    SELECT 'unmatched_spend', 'utm_*', tags, near, 0, 0, toDateTime64(first_day, 3, {zone:String}), toDateTime64(last_day, 3, {zone:String}), ''
    FROM unmatched
)
SELECT *
FROM audit
ORDER BY
    indexOf(['internal_utm', 'personal_data', 'placeholder', 'double_encoded', 'spaces', 'case_variant', 'typo', 'unregistered', 'unknown_medium', 'missing_source', 'missing_medium'], finding) = 0,
    indexOf(['internal_utm', 'personal_data', 'placeholder', 'double_encoded', 'spaces', 'case_variant', 'typo', 'unregistered', 'unknown_medium', 'missing_source', 'missing_medium'], finding),
    touches DESC,
    parameter,
    value
LIMIT if({limit:UInt32} = 0, 4294967295, {limit:UInt32})
