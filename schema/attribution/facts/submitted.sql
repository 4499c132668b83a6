-- A row per submission that names a contact, with the two touches that travelled in it (id '' where none did) in the
-- shape of logged_touches. {contacts}, where it is not [], narrows it to those: an answer about one contact or company
-- is much quicker with only the contacts that scope names.
SELECT
    submission_id,
    visitor_id,
    occurred_at,
    form,
    contact_id,
    company_id,
    (
        first_touch_occurred_at,
        if(first_touch_occurred_at > toDateTime64(0, 3, 'UTC'), toString(first_touch_touch_id), ''),
        first_touch_source != '(direct)',
        if(has({by:Array(String)}, 'source'), first_touch_source, ''),
        if(has({by:Array(String)}, 'medium'), first_touch_medium, ''),
        if(has({by:Array(String)}, 'campaign'), first_touch_campaign, ''),
        if(has({by:Array(String)}, 'term'), first_touch_term, ''),
        if(has({by:Array(String)}, 'content'), first_touch_content, ''),
        if(has({by:Array(String)}, 'channel'), first_touch_channel, ''),
        if(has({by:Array(String)}, 'referrer_domain'), first_touch_referrer_domain, ''),
        if(has({by:Array(String)}, 'landing_page'), first_touch_landing_page, '')
    )::Tuple(at DateTime64(3, 'UTC'), id String, known Bool, source String, medium String, campaign String, term String, content String, channel String, referrer_domain String, landing_page String)
    AS attached_first,
    (
        latest_touch_occurred_at,
        if(latest_touch_occurred_at > toDateTime64(0, 3, 'UTC'), toString(latest_touch_touch_id), ''),
        latest_touch_source != '(direct)',
        if(has({by:Array(String)}, 'source'), latest_touch_source, ''),
        if(has({by:Array(String)}, 'medium'), latest_touch_medium, ''),
        if(has({by:Array(String)}, 'campaign'), latest_touch_campaign, ''),
        if(has({by:Array(String)}, 'term'), latest_touch_term, ''),
        if(has({by:Array(String)}, 'content'), latest_touch_content, ''),
        if(has({by:Array(String)}, 'channel'), latest_touch_channel, ''),
        if(has({by:Array(String)}, 'referrer_domain'), latest_touch_referrer_domain, ''),
        if(has({by:Array(String)}, 'landing_page'), latest_touch_landing_page, '')
    )::Tuple(at DateTime64(3, 'UTC'), id String, known Bool, source String, medium String, campaign String, term String, content String, channel String, referrer_domain String, landing_page String)
    AS attached_latest
FROM submissions FINAL
WHERE site_id = {site:String}
  AND contact_id != ''
  AND (empty({contacts:Array(String)}) OR contact_id IN {contacts:Array(String)})
