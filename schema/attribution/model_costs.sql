-- Question: what did each source cost, and what came of it by an attribution model?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             the dimensions, any of source, medium, campaign, channel: of no other is it known what it costs
--   model          first, last, last_non_direct, linear, position, time_decay or shapley
--   outcomes       ['leads','deals','won_deals']
--   since, until   the range, UTC, half open: spend by the beginning of its day, outcomes as in model_breakdown
--   zone           the time zone in which days begin
--   currency       an ISO 4217 code in which amounts are wanted, or '' for each in its own
--   rate_days      how many days old a rate may be
--   lookback_days  how old a touch may be to have led to an outcome
--   transforms     what is done to paths first, any of drop_direct, drop_last_direct, collapse_repeats, first_only
--   position       the parts of the first touch, of all between and of the last, such as [40,20,40]
--   half_life_days  after how many days a touch weighs half (time decay)
--   losses         exclude
--   contacts       []  (everyone)
--
-- A row: one combination of the dimensions that is on a path or for which something was spent. "(not set)" and "(unattributed)" as in
-- model_breakdown. "(unmatched)" in every dimension: what was spent under combinations by which nobody came from {lookback_days} before the
-- range to its end, such as one that is spelled differently in the links. All spend is in exactly one row, and each other column sums
-- exactly to its total. From these exact sums headwater report works out the costs and returns of each row, as costs.sql does.
--
-- with: parted, naming, spent, exchange, converted
WITH
flows AS
(
    SELECT
        naming(dimensions, attributed) AS labels,
        attributed,
        'path' AS what,
        sumIf(part, outcome = 'leads') AS leads,
        sumIf(part, outcome = 'deals') AS deals,
        sumIf(part, outcome = 'won_deals') AS won_deals,
        sumMapIf(map(currency, part * amount), currency != '') AS won,
        CAST(map(), 'Map(String, Decimal(38, 4))') AS cost,
        0::UInt64 AS clicks,
        0::UInt64 AS impressions
    FROM parted
    GROUP BY dimensions, attributed

    UNION ALL
    SELECT arrayPushBack(labels, ''), true, 'spend', 0, 0, 0, CAST(map(), 'Map(String, Decimal(38, 16))'), map(money.1, money.2), clicks, impressions
    FROM
    (
        SELECT labels, clicks, impressions, converted(amount, own, spent.day, exchange.worth, exchange.day) AS money
        FROM spent
        ASOF LEFT JOIN exchange ON exchange.currency = spent.own AND exchange.day <= spent.day
    )

    UNION ALL
    SELECT
        naming(arrayStringConcat([source, medium, campaign, '', '', '', channel, ''], '\0'), true),
        true, 'touch', 0, 0, 0, CAST(map(), 'Map(String, Decimal(38, 16))'), CAST(map(), 'Map(String, Decimal(38, 4))'), 0, 0
    FROM touches FINAL
    WHERE site_id = {site:String}
      AND ({suspects:String} = 'include' OR suspicion = '')
      AND occurred_at >= {since:DateTime64(3, 'UTC')} - toIntervalDay({lookback_days:UInt16}) AND occurred_at < {until:DateTime64(3, 'UTC')}
    GROUP BY source, medium, campaign, channel
),
combined AS
(
    SELECT
        labels,
        attributed,
        countIf(what != 'spend') > 0 AS matched,
        countIf(what = 'path') > 0 AS on_path,
        sum(flows.leads) AS leads,
        sum(flows.deals) AS deals,
        sum(flows.won_deals) AS won_deals,
        sumMap(flows.won) AS won,
        sumMap(flows.cost) AS cost,
        sum(flows.clicks) AS clicks,
        sum(flows.impressions) AS impressions
    FROM flows
    GROUP BY labels, attributed
    HAVING on_path OR notEmpty(cost) OR clicks > 0 OR impressions > 0
),
placed AS
(
    SELECT
        if(matched, labels, arrayMap(label -> if(label = '', '', '(unmatched)'), labels)) AS places,
        multiIf(NOT matched, 1, attributed, 0, 2) AS rank,
        CAST(mapSort(sumMap(combined.cost)), 'Array(Tuple(String, Decimal(38, 4)))') AS spend,
        sum(combined.clicks) AS clicks,
        sum(combined.impressions) AS impressions,
        sum(combined.leads) AS leads,
        sum(combined.deals) AS deals,
        sum(combined.won_deals) AS won_deals,
        CAST(mapSort(sumMap(combined.won)), 'Array(Tuple(String, Decimal(38, 16)))') AS won_amount
    FROM combined
    GROUP BY places, rank
)
SELECT
    places[1] AS source,
    places[2] AS medium,
    places[3] AS campaign,
    places[4] AS term,
    places[5] AS content,
    places[6] AS referrer_domain,
    places[7] AS channel,
    places[8] AS landing_page,
    spend,
    clicks,
    impressions,
    leads,
    deals,
    won_deals,
    won_amount
FROM placed
ORDER BY rank, arraySum(one -> toFloat64(one.2), spend) DESC, leads DESC, deals DESC, places
