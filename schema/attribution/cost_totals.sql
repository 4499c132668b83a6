-- Question: how much was spent in all, and what came of it? costs, model_costs, model_breakdown and compare_models are held against these
-- numbers, so they are counted in another way: from the tables, without any touch.
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             []
--   since, until   the range, UTC, half open: spend by the beginning of its day
--   zone           the time zone in which days begin
--   currency       an ISO 4217 code in which amounts are wanted, or '' for each in its own
--   rate_days      how many days old a rate may be
--
-- A row: the one row there is. Its columns are those of costs, conversions, and what totals says of suspects.
--
-- with: overall, spent, deal_states, exchange, converted, each, return_on
WITH
flows AS
(
    SELECT 'spend' AS what, day, amount, own, clicks, impressions FROM spent
    UNION ALL
    SELECT 'won', toDate(won_at, {zone:String}), amount, currency, 0, 0
    FROM deal_states
    WHERE won AND won_at >= {since:DateTime64(3, 'UTC')} AND won_at < {until:DateTime64(3, 'UTC')}
),
money AS
(
    SELECT
        CAST(mapSort(sumMapIf(map(of_flow.1, of_flow.2), what = 'spend')), 'Array(Tuple(String, Decimal(38, 4)))') AS spend,
        CAST(mapSort(sumMapIf(map(of_flow.1, of_flow.2), what = 'won' AND own != '')), 'Array(Tuple(String, Decimal(38, 4)))') AS won_amount,
        sum(converted_flows.clicks) AS clicks,
        sum(converted_flows.impressions) AS impressions
    FROM
    (
        SELECT flows.*, converted(flows.amount, flows.own, flows.day, exchange.worth, exchange.day) AS of_flow
        FROM flows
        ASOF LEFT JOIN exchange ON exchange.currency = flows.own AND exchange.day <= flows.day
    ) AS converted_flows
)
SELECT
    spend,
    clicks,
    impressions,
    visitors,
    leads,
    conversions,
    deals,
    won_deals,
    money.won_amount AS won_amount,
    each(spend, leads) AS cost_per_lead,
    each(spend, deals) AS cost_per_deal,
    return_on(spend, money.won_amount) AS roas,
    round(roas - 1, 6) AS roi,
    suspect_touches,
    suspect_submissions
FROM overall
CROSS JOIN money
