-- Question: how many leads did each partner bring, how many of them became deals, and is that more than chance?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             the dimensions that name a partner, any of source, medium, campaign, term, content, referrer_domain, channel
--   data_point     by which touch a lead is placed: first_touch, lead_creation or company_source (conversion: lead_creation)
--   since, until   the range of the leads' creation, UTC, half open
--   zone           the time zone in which days of rates begin
--   currency       an ISO 4217 code in which amounts are wanted, or '' for each in its own
--   rate_days      how many days old a rate may be
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   contacts       []  (everyone)
--
-- A row: one combination of the dimensions; those not asked for are ''. "(not set)" and "(unattributed)" as in source_breakdown. The
-- leads of the range are followed: deals are those whose primary contact is one of them, whenever they were created, and whatever
-- became of them; won_deals and won_amount are of these.
--   share              leads / all leads
--   rate               leads_with_deal / leads; rate_low, rate_high: its 95 % interval (facts/wilson.sql)
--   rest_rate          the same rate of all other leads; NULL where there are none
--   lift               rate / rest_rate, so 1.3 is "30 % more than the rest"; lift_low, lift_high: its 95 % interval (facts/lifted.sql).
--                      Where 1 lies between them the difference may be chance
--
-- with: followed, exchange, converted, wilson, lifted
WITH
followed_deals AS
(
    SELECT labels, attributed, nth, deal.2 AS won, toDate(deal.3, {zone:String}) AS day, deal.4 AS amount, deal.5 AS own
    FROM followed
    LEFT ARRAY JOIN deals AS deal, arrayEnumerate(deals) AS nth
),
valued AS
(
    SELECT labels, attributed, nth, won, converted(amount, own, followed_deals.day, exchange.worth, exchange.day) AS money
    FROM followed_deals
    ASOF LEFT JOIN exchange ON exchange.currency = followed_deals.own AND exchange.day <= followed_deals.day
),
grouped AS
(
    SELECT
        labels,
        attributed,
        countIf(nth <= 1) AS leads,
        countIf(nth = 1) AS leads_with_deal,
        countIf(nth > 0) AS deals,
        countIf(nth > 0 AND won) AS won_deals,
        CAST(mapSort(sumMapIf(map(money.1, money.2), nth > 0 AND won AND money.1 != '')), 'Array(Tuple(String, Decimal(38, 4)))') AS won_amount
    FROM valued
    GROUP BY labels, attributed
),
compared AS
(
    SELECT *, sum(leads) OVER () - leads AS rest, sum(leads_with_deal) OVER () - leads_with_deal AS rest_with_deal FROM grouped
)
SELECT
    labels[1] AS source,
    labels[2] AS medium,
    labels[3] AS campaign,
    labels[4] AS term,
    labels[5] AS content,
    labels[6] AS referrer_domain,
    labels[7] AS channel,
    leads,
    round(leads / (leads + rest), 6) AS share,
    leads_with_deal,
    deals,
    won_deals,
    won_amount,
    round(leads_with_deal / leads, 6) AS rate,
    wilson(leads_with_deal, leads)[1] AS rate_low,
    wilson(leads_with_deal, leads)[2] AS rate_high,
    if(rest > 0, round(rest_with_deal / rest, 6), NULL) AS rest_rate,
    lifted(leads_with_deal, leads, rest_with_deal, rest)[1] AS lift,
    lifted(leads_with_deal, leads, rest_with_deal, rest)[2] AS lift_low,
    lifted(leads_with_deal, leads, rest_with_deal, rest)[3] AS lift_high
FROM compared
ORDER BY attributed DESC, leads DESC, leads_with_deal DESC, labels
