-- Question: which visits and leads came without a tag where somebody could have set one?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             []
--   data_point     by which touch a lead is placed: first_touch, lead_creation or company_source (conversion: lead_creation)
--   since, until   the range of the touches, and of the leads' creation, UTC, half open
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   contacts       []  (everyone)
--   limit          the number of rows with a finding; 0 for all
--
-- A row: one finding, source and landing page (host and path). A touch is tagged if it has any UTM. finding is the first that fits:
--   ad_click        a click id of an ad network: which campaign it was is not known
--   mail            a mail provider or mail program: a link in a letter
--   in_app          opened inside an app that tells no referrer
--   social          a social network: one's own posts could be told from those of others
--   referral        a website from which tagged touches came, too
--   direct          no referrer, to a page that nobody types: letters, messengers, documents and apps come like that, and campaigns whose
--                   tags were lost in a redirect. The home page, also of a language (/en/), is not counted, nor
--                   is a page that is not known
-- and three rows for the rest: "(tagged)"; "(not expected)": searches, AI assistants, other websites, home page; "(unattributed)": leads without
-- any touch. Every touch and every lead is in exactly one row.
--   page_touches    all touches with that landing page in the range, page_tagged the tagged ones of them: where many are tagged, the page
--                   is one of campaigns, and what comes there without a tag has probably lost it
--
-- with: journeys
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
url -> if(domain(url) = '', cutQueryStringAndFragment(url), concat(domainWithoutWWW(lower(url)), if(match(path(url), '^/*$'), '/', replaceRegexpOne(path(url), '/+$', '')))) AS page_of,
page -> match(page, '^[^/]*/([a-z]{2}([-_][a-zA-Z]{2})?)?(/?index\\.[a-z]+)?$') AS is_home,
(
    SELECT groupUniqArray(referrer_domain)
    FROM touches FINAL
    WHERE site_id = {site:String}
      AND ({suspects:String} = 'include' OR suspicion = '')
      AND in_range(occurred_at)
      AND channel != 'Direct' AND referrer_domain != ''
      AND concat(utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id) != ''
) AS tagging_websites,
(utms, ad_click, fbclid, channel, medium, referrer, page) -> multiIf(
    utms != '', '(tagged)',
    ad_click != '', 'ad_click',
    channel = 'Email', 'mail',
    medium = '(in-app)', 'in_app',
    fbclid != '' OR channel = 'Organic Social', 'social',
    channel = 'Referral' AND has(tagging_websites, referrer), 'referral',
    channel = 'Direct' AND page != '' AND NOT is_home(page), 'direct',
    '(not expected)'
) AS finding_of,
logged AS
(
    SELECT
        concat(leftPad(toString(toUnixTimestamp64Milli(occurred_at)), 15, '0'), toString(touch_id)) AS touch_key,
        visitor_id,
        in_range(occurred_at) AS counts,
        toString(source) AS source,
        page_of(landing_page) AS page,
        finding_of(
            concat(utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id),
            concat(gclid, gbraid, wbraid, msclkid, ttclid, twclid, li_fat_id, dclid, epik, rdt_cid, sccid, yclid),
            fbclid, channel, medium, referrer_domain, page
        ) AS finding
    FROM touches FINAL
    WHERE site_id = {site:String}
      AND ({suspects:String} = 'include' OR suspicion = '')
      AND visitor_id != toUUID('00000000-0000-0000-0000-000000000000')
),
-- The touches that travelled in submissions, for leads whose touch is not in the log.
carried AS
(
    SELECT copy.1 AS touch_key, max((copy.2 != '(direct)', copy.2, copy.3, copy.4)) AS best, best.2 AS source, best.3 AS page, best.4 AS finding
    FROM submissions FINAL
    ARRAY JOIN [
        (
            concat(leftPad(toString(toUnixTimestamp64Milli(first_touch_occurred_at)), 15, '0'), toString(first_touch_touch_id)),
            toString(first_touch_source),
            page_of(first_touch_landing_page),
            finding_of(
                concat(first_touch_utm_source, first_touch_utm_medium, first_touch_utm_campaign, first_touch_utm_term, first_touch_utm_content, first_touch_utm_id),
                concat(
                    first_touch_gclid, first_touch_gbraid, first_touch_wbraid, first_touch_msclkid, first_touch_ttclid, first_touch_twclid,
                    first_touch_li_fat_id, first_touch_dclid, first_touch_epik, first_touch_rdt_cid, first_touch_sccid, first_touch_yclid
                ),
                first_touch_fbclid, first_touch_channel, first_touch_medium, first_touch_referrer_domain, page_of(first_touch_landing_page)
            )
        ),
        (
            concat(leftPad(toString(toUnixTimestamp64Milli(latest_touch_occurred_at)), 15, '0'), toString(latest_touch_touch_id)),
            toString(latest_touch_source),
            page_of(latest_touch_landing_page),
            finding_of(
                concat(latest_touch_utm_source, latest_touch_utm_medium, latest_touch_utm_campaign, latest_touch_utm_term, latest_touch_utm_content, latest_touch_utm_id),
                concat(
                    latest_touch_gclid, latest_touch_gbraid, latest_touch_wbraid, latest_touch_msclkid, latest_touch_ttclid, latest_touch_twclid,
                    latest_touch_li_fat_id, latest_touch_dclid, latest_touch_epik, latest_touch_rdt_cid, latest_touch_sccid, latest_touch_yclid
                ),
                latest_touch_fbclid, latest_touch_channel, latest_touch_medium, latest_touch_referrer_domain, page_of(latest_touch_landing_page)
            )
        )
    ] AS copy
    WHERE site_id = {site:String}
      AND ({suspects:String} = 'include' OR suspicion = '')
      AND contact_id != ''
    GROUP BY touch_key
),
led AS
(
    SELECT
        substring(
            multiIf({data_point:String} = 'first_touch', contact_first_touch, {data_point:String} = 'company_source', contact_company_source, contact_lead_creation),
            1, 51
        ) AS touch_key,
        count() AS leads
    FROM journeys
    WHERE creates_contact AND in_range(journeys.occurred_at)
    GROUP BY touch_key
),
met AS
(
    SELECT
        logged.touch_key AS in_log,
        led.touch_key AS of_lead,
        logged.visitor_id AS visitor_id,
        logged.counts AS counts,
        logged.source AS log_source,
        logged.page AS log_page,
        logged.finding AS log_finding,
        led.leads AS leads
    FROM logged
    FULL OUTER JOIN led ON led.touch_key = logged.touch_key
),
placed AS
(
    SELECT
        multiIf(in_log != '', log_finding, of_lead = '', '(unattributed)', carried.finding) AS finding,
        if(in_log != '', log_source, carried.source) AS source,
        if(in_log != '', log_page, carried.page) AS page,
        sum(met.counts) AS touches,
        uniqExactStateIf(visitor_id, met.counts) AS visitors,
        sum(met.leads) AS leads
    FROM met
    LEFT JOIN carried ON carried.touch_key = if(in_log = '', of_lead, '')
    WHERE met.counts OR met.leads > 0
    GROUP BY finding, source, page
),
paged AS
(
    SELECT
        *,
        startsWith(finding, '(') AS is_rest,
        sum(placed.touches) OVER (PARTITION BY page) AS page_touches,
        sumIf(placed.touches, finding = '(tagged)') OVER (PARTITION BY page) AS page_tagged
    FROM placed
),
found AS
(
    SELECT
        is_rest,
        finding,
        if(is_rest, '', paged.source) AS from_source,
        if(is_rest, '', paged.page) AS to_page,
        sum(paged.touches) AS touches,
        uniqExactMerge(paged.visitors) AS visitors,
        sum(paged.leads) AS leads,
        if(is_rest, NULL, any(paged.page_touches)) AS page_touches,
        if(is_rest, NULL, any(paged.page_tagged)) AS page_tagged,
        row_number() OVER (PARTITION BY is_rest ORDER BY touches DESC, leads DESC, finding, from_source, to_page) AS place
    FROM paged
    GROUP BY is_rest, finding, from_source, to_page
)
SELECT finding, from_source AS source, to_page AS landing_page, touches, visitors, leads, page_touches, page_tagged
FROM found
WHERE is_rest OR {limit:UInt32} = 0 OR place <= {limit:UInt32}
ORDER BY is_rest, touches DESC, leads DESC, finding, from_source, to_page
