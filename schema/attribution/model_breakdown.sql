-- Question: which sources brought leads, conversions, deals and money, by an attribution model?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             the dimensions, any of source, medium, campaign, term, content, referrer_domain, channel, landing_page
--   model          first, last, last_non_direct, linear, position, time_decay or shapley
--   outcomes       ['leads','conversions','deals','won_deals']; the columns of what is left out are 0
--   since, until   the range of the outcomes, UTC, half open
--   lookback_days  how old a touch may be to have led to an outcome
--   transforms     what is done to paths first, any of drop_direct, drop_last_direct, collapse_repeats, first_only
--   position       the parts of the first touch, of all between and of the last, such as [40,20,40]
--   half_life_days  after how many days a touch weighs half (time decay)
--   currency       an ISO 4217 code in which amounts are wanted, or '' for each in its own
--   rate_days      how many days old a rate may be
--   zone           the time zone in which days of rates begin
--   losses         exclude
--   contacts       []  (everyone)
--
-- A row: one combination of the dimensions. "(not set)": the touch has no such value. "(unattributed)": no touch within the look-back window is
-- known. Each column sums exactly to the leads, conversions, deals and amounts of totals.
--
-- with: parted, naming
WITH
summed AS
(
    SELECT
        naming(dimensions, attributed) AS labels,
        attributed,
        sumIf(part, outcome = 'leads') AS leads,
        sumIf(part, outcome = 'conversions') AS conversions,
        sumIf(part, outcome = 'deals') AS deals,
        sumIf(part, outcome = 'won_deals') AS won_deals,
        sumMapIf(map(currency, part * amount), currency != '') AS won_amount
    FROM parted
    GROUP BY dimensions, attributed
)
SELECT
    labels[1] AS source,
    labels[2] AS medium,
    labels[3] AS campaign,
    labels[4] AS term,
    labels[5] AS content,
    labels[6] AS referrer_domain,
    labels[7] AS channel,
    labels[8] AS landing_page,
    sum(summed.leads) AS leads,
    sum(summed.conversions) AS conversions,
    sum(summed.deals) AS deals,
    sum(summed.won_deals) AS won_deals,
    CAST(mapSort(sumMap(summed.won_amount)), 'Array(Tuple(String, Decimal(38, 16)))') AS won_amount
FROM summed
GROUP BY labels, attributed
ORDER BY attributed DESC, leads DESC, conversions DESC, deals DESC, labels
