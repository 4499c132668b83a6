-- Question: of the leads that came in a month, how many became deals, how long after, and what were they worth?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             [] or the dimensions, any of source, medium, campaign, term, content, referrer_domain, channel
--   data_point     by which touch a lead is placed: first_touch, lead_creation or company_source (conversion: lead_creation)
--   since, until   the range of the leads' creation, UTC, half open
--   zone           the time zone in which months and days begin
--   currency       an ISO 4217 code in which amounts are wanted, or '' for each in its own
--   rate_days      how many days old a rate may be
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   contacts       []  (everyone)
--
-- A row: one month of leads (lead_month, such as 2026-03), one later month (deal_month) and one combination of the dimensions; those not
-- asked for are ''. Months in which nothing became of a cohort have no row.
--   months         from lead_month to deal_month: 0 is the same month; negative where the CRM had the deal before the lead came
--   cohort_leads   all leads of the cohort, the same in each of its rows
--   leads          those whose earliest deal was created in deal_month; in the row "(none)" those who have no deal. Each lead is in one row
--   deals          whose primary contact is one of the leads, by the month of their creation
--   won_deals, won_amount   of these deals, by the month in which they were won
--   rate           of the cohort's leads, those who had a deal by the end of deal_month
--
-- with: followed, exchange, converted
WITH
at -> substring(toString(toDate(at, {zone:String})), 1, 7) AS month_of,
events AS
(
    SELECT
        labels,
        attributed,
        month_of(created_at) AS lead_month,
        if(empty(deals), '(none)', month_of(arrayMin(deal -> deal.1, deals))) AS first_month,
        arrayJoin(arrayConcat(
            [('lead', first_month, toDate(0), toDecimal128(0, 4), '')],
            arrayMap(deal -> ('deal', month_of(deal.1), toDate(0), toDecimal128(0, 4), ''), deals),
            arrayMap(deal -> ('won', month_of(deal.3), toDate(deal.3, {zone:String}), deal.4, deal.5), arrayFilter(deal -> deal.2, deals))
        )) AS event,
        event.3 AS day,
        event.5 AS own
    FROM followed
),
valued AS
(
    SELECT labels, attributed, lead_month, event.1 AS what, event.2 AS deal_month, converted(event.4, own, events.day, exchange.worth, exchange.day) AS money
    FROM events
    ASOF LEFT JOIN exchange ON exchange.currency = events.own AND exchange.day <= events.day
),
grouped AS
(
    SELECT
        labels,
        attributed,
        lead_month,
        deal_month,
        countIf(what = 'lead') AS leads,
        countIf(what = 'deal') AS deals,
        countIf(what = 'won') AS won_deals,
        CAST(mapSort(sumMapIf(map(money.1, money.2), what = 'won' AND money.1 != '')), 'Array(Tuple(String, Decimal(38, 4)))') AS won_amount
    FROM valued
    GROUP BY labels, attributed, lead_month, deal_month
)
SELECT
    lead_month,
    deal_month,
    labels[1] AS source,
    labels[2] AS medium,
    labels[3] AS campaign,
    labels[4] AS term,
    labels[5] AS content,
    labels[6] AS referrer_domain,
    labels[7] AS channel,
    if(deal_month = '(none)', NULL, dateDiff('month', toDateOrZero(concat(lead_month, '-01')), toDateOrZero(concat(deal_month, '-01')))) AS months,
    sum(grouped.leads) OVER (PARTITION BY lead_month, labels, attributed) AS cohort_leads,
    grouped.leads AS leads,
    deals,
    won_deals,
    won_amount,
    if(
        deal_month = '(none)',
        NULL,
        round(sumIf(grouped.leads, deal_month != '(none)') OVER (PARTITION BY lead_month, labels, attributed ORDER BY deal_month ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) / cohort_leads, 6)
    ) AS rate
FROM grouped
ORDER BY lead_month, attributed DESC, labels, deal_month = '(none)', deal_month
