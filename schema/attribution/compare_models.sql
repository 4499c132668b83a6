-- Question: how do the attribution models share the same leads, conversions, deals or money?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             the dimensions, any of source, medium, campaign, term, content, referrer_domain, channel, landing_page
--   outcomes       what is shared: ['leads'], ['conversions'], ['deals'] or ['won_deals']
--   counting       outcomes: each counts 1; amount: each counts what the deal was won for, apart for each currency
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
-- A row: one combination of the dimensions, and for amounts one currency. "(not set)": the touch has no such value. "(unattributed)": no touch
-- within the look-back window is known. Each column sums exactly to all outcomes. Markov, which needs linear algebra, is added by
-- headwater report from the transitions that facts/steps.sql counts.
--
-- with: credits, naming
WITH
counted AS
(
    SELECT *, if({counting:String} = 'amount', amount, 1)::Decimal(38, 4) AS times
    FROM credits
    WHERE {counting:String} != 'amount' OR currency != ''
),
summed AS
(
    SELECT
        naming(dimensions, attributed) AS labels,
        attributed,
        if({counting:String} = 'amount', counted.currency, '') AS currency,
        sum(first * times) AS first,
        sum(last * times) AS last,
        sum(last_non_direct * times) AS last_non_direct,
        sum(linear * times) AS linear,
        sum(position * times) AS position,
        sum(time_decay * times) AS time_decay,
        sum(shapley * times) AS shapley
    FROM counted
    GROUP BY dimensions, attributed, currency
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
    currency,
    sum(summed.first) AS first,
    sum(summed.last) AS last,
    sum(summed.last_non_direct) AS last_non_direct,
    sum(summed.linear) AS linear,
    sum(summed.position) AS position,
    sum(summed.time_decay) AS time_decay,
    sum(summed.shapley) AS shapley
FROM summed
GROUP BY labels, attributed, currency
ORDER BY attributed DESC, linear DESC, labels, currency
