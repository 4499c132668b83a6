-- A row per touch in the site's log: its visitor, and the touch as one value, `touch`. Only the dimensions that
-- {by} names are read; the others are ''. `known` tells a touch with a source from a direct one. Touches compare by
-- (at, id); id is text, so that the order is the one that people see, and '' means "no touch".
SELECT
    visitor_id,
    (
        occurred_at,
        toString(touch_id),
        source != '(direct)',
        if(has({by:Array(String)}, 'source'), source, ''),
        if(has({by:Array(String)}, 'medium'), medium, ''),
        if(has({by:Array(String)}, 'campaign'), campaign, ''),
        if(has({by:Array(String)}, 'term'), term, ''),
        if(has({by:Array(String)}, 'content'), content, ''),
        if(has({by:Array(String)}, 'channel'), channel, ''),
        if(has({by:Array(String)}, 'referrer_domain'), referrer_domain, ''),
        if(has({by:Array(String)}, 'landing_page'), landing_page, '')
    )::Tuple(at DateTime64(3, 'UTC'), id String, known Bool, source String, medium String, campaign String, term String, content String, channel String, referrer_domain String, landing_page String)
    AS touch
FROM touches FINAL
WHERE site_id = {site:String}
  AND visitor_id != toUUID('00000000-0000-0000-0000-000000000000')
