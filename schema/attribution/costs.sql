-- Question: what did each source cost, and what came of it?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             the dimensions, any of source, medium, campaign, channel: of no other is it known what it costs
--   data_point     by which touch leads, deals and amounts are placed: first_touch, lead_creation, conversion or company_source
--   since, until   the range, UTC, half open: spend by the beginning of its day, all else as in source_breakdown
--   zone           the time zone in which days begin
--   currency       an ISO 4217 code in which amounts are wanted, or '' for each in its own
--   rate_days      how many days old a rate may be
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   contacts       []  (everyone)
--
-- A row: one combination of the dimensions; those not asked for are ''. "(not set)" and "(unattributed)" as in source_breakdown.
-- "(unmatched)" in every dimension: what was spent under combinations that no visitor, lead, conversion, company or deal of the range
-- has, such as one that is spelled differently in the links. All spend is in exactly one row, as is every lead and deal.
--   visitors       with a touch in the range
--   cost_per_lead  spend / leads, cost_per_deal spend / deals, in each currency of the spend; empty where there are none
--   roas           won amount / spend, roi = roas - 1: return on ad spend, return on investment. NULL where nothing was spent, or
--                  where spend and won amount are not all in one currency
--
-- with: counted, labels_of, spent, exchange, converted, each, return_on
WITH
sums AS
(
    SELECT
        dimensions,
        counts_as,
        if(counts_as = 'won', toDate(occurred_at, {zone:String}), toDate(0)) AS day,
        amount,
        toString(currency) AS own,
        sum(n) AS things
    FROM counted
    GROUP BY dimensions, counts_as, day, amount, own
),
flows AS
(
    SELECT
        labels_of(dimensions) AS labels,
        dimensions != '' AS attributed,
        counts_as,
        day,
        amount,
        own,
        sum(things) AS n,
        0::UInt64 AS clicks,
        0::UInt64 AS impressions
    FROM sums
    GROUP BY labels, attributed, counts_as, day, amount, own

    UNION ALL
    SELECT labels, true, 'spend', day, amount, own, 1, clicks, impressions
    FROM spent
),
converted_flows AS
(
    SELECT flows.*, converted(flows.amount, flows.own, flows.day, exchange.worth, exchange.day) AS money
    FROM flows
    ASOF LEFT JOIN exchange ON exchange.currency = flows.own AND exchange.day <= flows.day
),
combined AS
(
    SELECT
        labels,
        attributed,
        countIf(counts_as != 'spend') > 0 AS matched,
        sumMapIf(map(money.1, money.2), counts_as = 'spend') AS spend,
        sum(converted_flows.clicks) AS clicks,
        sum(converted_flows.impressions) AS impressions,
        sumIf(n, counts_as = 'visitor') AS visitors,
        sumIf(n, counts_as = 'lead') AS leads,
        sumIf(n, counts_as = 'deal') AS deals,
        sumIf(n, counts_as = 'won') AS won_deals,
        sumMapIf(map(money.1, toDecimal128(money.2 * n, 4)), counts_as = 'won' AND money.1 != '') AS won
    FROM converted_flows
    GROUP BY labels, attributed
),
placed AS
(
    SELECT
        if(matched, labels, arrayMap(label -> if(label = '', '', '(unmatched)'), labels)) AS places,
        multiIf(NOT matched, 1, attributed, 0, 2) AS rank,
        CAST(mapSort(sumMap(combined.spend)), 'Array(Tuple(String, Decimal(38, 4)))') AS spend,
        sum(combined.clicks) AS clicks,
        sum(combined.impressions) AS impressions,
        sum(combined.visitors) AS visitors,
        sum(combined.leads) AS leads,
        sum(combined.deals) AS deals,
        sum(combined.won_deals) AS won_deals,
        CAST(mapSort(sumMap(combined.won)), 'Array(Tuple(String, Decimal(38, 4)))') AS won_amount
    FROM combined
    GROUP BY places, rank
    HAVING rank != 1 OR notEmpty(spend) OR clicks > 0 OR impressions > 0
)
SELECT
    places[1] AS source,
    places[2] AS medium,
    places[3] AS campaign,
    places[7] AS channel,
    spend,
    clicks,
    impressions,
    visitors,
    leads,
    deals,
    won_deals,
    won_amount,
    each(spend, leads) AS cost_per_lead,
    each(spend, deals) AS cost_per_deal,
    return_on(spend, won_amount) AS roas,
    round(roas - 1, 6) AS roi
FROM placed
ORDER BY rank, arraySum(one -> toFloat64(one.2), spend) DESC, leads DESC, deals DESC, visitors DESC, places
