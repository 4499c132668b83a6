-- with: touch_in_scope
-- A row per touch in the site's log. `touch` is the touch as one text, '' for "no touch", with parts between NUL characters
-- (which no stored text contains): first its time (milliseconds, 15 digits), its id (36 characters), and 1 if it is known, 0 if it is
-- direct; then source, medium, campaign, term, content, referrer_domain, channel, landing_page, utm_id, and the custom parameters
-- as name=value with commas. So touches sort by time, ties by id: the earliest is min(touch), the latest max(touch). A text and
-- not a tuple, because ClickHouse aggregates texts several times faster. Only what {by} names is read; the rest is ''.
SELECT
    visitor_id,
    occurred_at AS at,
    source != '(direct)' AS known,
    concatWithSeparator(
        '\0',
        concat(leftPad(toString(toUnixTimestamp64Milli(occurred_at)), 15, '0'), toString(touch_id), if(source = '(direct)', '0', '1')),
        if(has({by:Array(String)}, 'source'), source, ''),
        if(has({by:Array(String)}, 'medium'), medium, ''),
        if(has({by:Array(String)}, 'campaign'), campaign, ''),
        if(has({by:Array(String)}, 'term'), term, ''),
        if(has({by:Array(String)}, 'content'), content, ''),
        if(has({by:Array(String)}, 'referrer_domain'), referrer_domain, ''),
        if(has({by:Array(String)}, 'channel'), channel, ''),
        if(has({by:Array(String)}, 'landing_page'), landing_page, ''),
        if(has({by:Array(String)}, 'utm_id'), utm_id, ''),
        if(has({by:Array(String)}, 'parameters'), arrayStringConcat(arraySort(arrayMap((name, value) -> concat(name, '=', value), mapKeys(parameters), mapValues(parameters))), ', '), '')
    ) AS touch
FROM touches FINAL
WHERE site_id = {site:String}
  AND touch_in_scope(touch_id)
  AND ({suspects:String} = 'include' OR suspicion = '')
  AND visitor_id != toUUID('00000000-0000-0000-0000-000000000000')
