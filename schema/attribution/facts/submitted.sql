-- with: submission_in_scope
-- A row per submission that names a contact, with the two touches that travelled in it ('' where none did) in the form that
-- logged_touches has. {contacts}, where it is not [], narrows it to those: an answer about one contact or company is much
-- quicker with only the contacts that scope names.
SELECT
    submission_id,
    visitor_id,
    occurred_at,
    form,
    contact_id,
    company_id,
    if(first_touch_occurred_at > toDateTime64(0, 3, 'UTC'),
        concatWithSeparator(
            '\0',
            concat(leftPad(toString(toUnixTimestamp64Milli(first_touch_occurred_at)), 15, '0'), toString(first_touch_touch_id), if(first_touch_source = '(direct)', '0', '1')),
            if(has({by:Array(String)}, 'source'), first_touch_source, ''),
            if(has({by:Array(String)}, 'medium'), first_touch_medium, ''),
            if(has({by:Array(String)}, 'campaign'), first_touch_campaign, ''),
            if(has({by:Array(String)}, 'term'), first_touch_term, ''),
            if(has({by:Array(String)}, 'content'), first_touch_content, ''),
            if(has({by:Array(String)}, 'referrer_domain'), first_touch_referrer_domain, ''),
            if(has({by:Array(String)}, 'channel'), first_touch_channel, ''),
            if(has({by:Array(String)}, 'landing_page'), first_touch_landing_page, ''),
            if(has({by:Array(String)}, 'utm_id'), first_touch_utm_id, ''),
            if(has({by:Array(String)}, 'parameters'), arrayStringConcat(arraySort(arrayMap((name, value) -> concat(name, '=', value), mapKeys(first_touch_parameters), mapValues(first_touch_parameters))), ', '), '')
        ), '') AS attached_first,
    if(latest_touch_occurred_at > toDateTime64(0, 3, 'UTC'),
        concatWithSeparator(
            '\0',
            concat(leftPad(toString(toUnixTimestamp64Milli(latest_touch_occurred_at)), 15, '0'), toString(latest_touch_touch_id), if(latest_touch_source = '(direct)', '0', '1')),
            if(has({by:Array(String)}, 'source'), latest_touch_source, ''),
            if(has({by:Array(String)}, 'medium'), latest_touch_medium, ''),
            if(has({by:Array(String)}, 'campaign'), latest_touch_campaign, ''),
            if(has({by:Array(String)}, 'term'), latest_touch_term, ''),
            if(has({by:Array(String)}, 'content'), latest_touch_content, ''),
            if(has({by:Array(String)}, 'referrer_domain'), latest_touch_referrer_domain, ''),
            if(has({by:Array(String)}, 'channel'), latest_touch_channel, ''),
            if(has({by:Array(String)}, 'landing_page'), latest_touch_landing_page, ''),
            if(has({by:Array(String)}, 'utm_id'), latest_touch_utm_id, ''),
            if(has({by:Array(String)}, 'parameters'), arrayStringConcat(arraySort(arrayMap((name, value) -> concat(name, '=', value), mapKeys(latest_touch_parameters), mapValues(latest_touch_parameters))), ', '), '')
        ), '') AS attached_latest
FROM submissions FINAL
WHERE site_id = {site:String}
  AND submission_in_scope(submission_id)
  AND ({suspects:String} = 'include' OR suspicion = '')
  AND contact_id != ''
  AND (empty({contacts:Array(String)}) OR contact_id IN {contacts:Array(String)})
