-- The next submissions of a site, by their ids behind a cursor: what their first touch and their latest touch are named by, and how
-- they are named. The parameters are those of read_touches.
SELECT submission_id AS record_id, first_touch_occurred_at, latest_touch_occurred_at,
    first_touch_utm_source, first_touch_utm_medium, first_touch_utm_campaign, first_touch_utm_term, first_touch_utm_content,
    first_touch_utm_id, first_touch_gclid, first_touch_gbraid, first_touch_wbraid, first_touch_msclkid, first_touch_fbclid,
    first_touch_ttclid, first_touch_twclid, first_touch_li_fat_id, first_touch_dclid, first_touch_epik, first_touch_rdt_cid,
    first_touch_sccid, first_touch_yclid, first_touch_landing_page, first_touch_referrer, first_touch_source,
    first_touch_medium, first_touch_campaign, first_touch_term, first_touch_content, first_touch_channel,
    first_touch_referrer_domain, first_touch_rule,
    latest_touch_utm_source, latest_touch_utm_medium, latest_touch_utm_campaign, latest_touch_utm_term,
    latest_touch_utm_content, latest_touch_utm_id, latest_touch_gclid, latest_touch_gbraid, latest_touch_wbraid,
    latest_touch_msclkid, latest_touch_fbclid, latest_touch_ttclid, latest_touch_twclid, latest_touch_li_fat_id,
    latest_touch_dclid, latest_touch_epik, latest_touch_rdt_cid, latest_touch_sccid, latest_touch_yclid,
    latest_touch_landing_page, latest_touch_referrer, latest_touch_source, latest_touch_medium, latest_touch_campaign,
    latest_touch_term, latest_touch_content, latest_touch_channel, latest_touch_referrer_domain, latest_touch_rule
FROM submissions FINAL
WHERE site_id = {site:String} AND submission_id > {cursor:UUID}
  AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at < {until:DateTime64(3, 'UTC')}
ORDER BY submission_id
LIMIT {batch:UInt64}
