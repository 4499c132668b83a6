-- Question: which sources brought visitors, leads, conversions, new companies, deals and money?
--
-- Parameters:
--   site           the site
--   by             the dimensions, any of source, medium, campaign, term, content, referrer_domain, channel
--   data_point     by which touch everything is placed: first_touch, lead_creation, conversion or company_source
--   since, until   the range, UTC, half open: submissions and deals by the time they were created, visitors by a touch in
--                  it, won deals by the time they were won
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   contact, company  both ''
--
-- A row: one combination of the dimensions; those not asked for are ''. "(not set)": the touch has no such value.
-- "(unattributed)" in every dimension: no touch is known, for example a form sent without the snippet. Each visitor,
-- lead, conversion, company and deal is in exactly one row.
--
-- with: logged_touches, journeys
WITH
(dimension, attributed, value) -> multiIf(NOT has({by:Array(String)}, dimension), '', NOT attributed, '(unattributed)', value = '', '(not set)', value) AS label,
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
visited AS
(
    SELECT
        argMin(touch, (touch.at, touch.id)) AS earliest,
        argMaxIf(touch, (touch.at, touch.id), in_range(touch.at)) AS latest,
        argMaxIf(touch, (touch.at, touch.id), in_range(touch.at) AND touch.known) AS latest_known,
        multiIf(
            {data_point:String} = 'first_touch', earliest,
            {credit:String} = 'last_non_direct' AND latest_known.id != '', latest_known,
            latest
        ) AS touch_of_visitor
    FROM logged_touches
    WHERE {data_point:String} = 'first_touch' OR in_range(touch.at)
    GROUP BY visitor_id
    HAVING latest.id != ''
),
placed AS
(
    SELECT
        kind,
        occurred_at,
        creates_contact,
        creates_company,
        won,
        won_at,
        amount,
        currency,
        multiIf(
            {data_point:String} = 'first_touch', contact_first_touch,
            {data_point:String} = 'lead_creation', contact_lead_creation,
            {data_point:String} = 'company_source' AND kind = 'deal' AND company_id != '', company_source,
            {data_point:String} = 'company_source', contact_company_source,
            kind = 'deal', contact_conversion,
            creates_contact, contact_lead_creation,
            credited
        ) AS own_touch,
        if(
            kind = 'deal' AND own_touch.id = '' AND {data_point:String} IN ('first_touch', 'lead_creation'),
            company_source,
            own_touch
        ) AS touch,
        if({data_point:String} = 'first_touch', contact_first_touch, company_source) AS touch_of_company
    FROM journeys
    WHERE kind != 'import'
),
counted AS
(
    SELECT 'visitor' AS counts_as, touch_of_visitor AS touch, 0::Decimal(38, 4) AS amount, '' AS currency FROM visited
    UNION ALL
    SELECT counts_as, if(counts_as = 'company', touch_of_company, touch), amount, currency
    FROM placed
    ARRAY JOIN arrayConcat(
        if(in_range(occurred_at), [multiIf(kind = 'deal', 'deal', creates_contact, 'lead', 'conversion')], []),
        if(in_range(occurred_at) AND creates_company, ['company'], []),
        if(in_range(won_at) AND won, ['won'], [])
    ) AS counts_as
),
flat AS
(
    SELECT
        counts_as,
        amount,
        currency,
        touch.id != '' AS attributed,
        touch.source AS source,
        touch.medium AS medium,
        touch.campaign AS campaign,
        touch.term AS term,
        touch.content AS content,
        touch.referrer_domain AS referrer_domain,
        touch.channel AS channel
    FROM counted
),
labelled AS
(
    SELECT
        counts_as,
        amount,
        currency,
        attributed,
        label('source', attributed, flat.source) AS source,
        label('medium', attributed, flat.medium) AS medium,
        label('campaign', attributed, flat.campaign) AS campaign,
        label('term', attributed, flat.term) AS term,
        label('content', attributed, flat.content) AS content,
        label('referrer_domain', attributed, flat.referrer_domain) AS referrer_domain,
        label('channel', attributed, flat.channel) AS channel
    FROM flat
)
SELECT
    source,
    medium,
    campaign,
    term,
    content,
    referrer_domain,
    channel,
    countIf(counts_as = 'visitor') AS visitors,
    countIf(counts_as = 'lead') AS leads,
    countIf(counts_as = 'conversion') AS conversions,
    countIf(counts_as = 'company') AS companies,
    countIf(counts_as = 'deal') AS deals,
    countIf(counts_as = 'won') AS won_deals,
    CAST(mapSort(sumMapIf(map(currency, amount), counts_as = 'won' AND currency != '')), 'Array(Tuple(String, Decimal(38, 4)))') AS won_amount
FROM labelled
GROUP BY source, medium, campaign, term, content, referrer_domain, channel, attributed
ORDER BY attributed DESC, leads DESC, conversions DESC, visitors DESC, deals DESC, source, medium, campaign, term, content, referrer_domain, channel
