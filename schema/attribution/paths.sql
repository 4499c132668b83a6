-- Question: which paths lead to leads, conversions or deals, how long are they, and how many days do they take?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             what a touch is called: any of source, medium, campaign, term, content, referrer_domain, channel, landing_page
--   outcomes       what the paths led to: ['leads'], ['conversions'], ['deals'] or ['won_deals']
--   since, until   the range of the outcomes, UTC, half open
--   lookback_days  how old a touch may be to have led to an outcome
--   transforms     what is done to paths first, any of drop_direct, drop_last_direct, collapse_repeats, first_only
--   losses         exclude
--   limit          how many rows
--   contacts       []  (everyone)
--
-- A row: one path, its touches in the order of time; "(unattributed)" where there is none.
--   outcomes     how many it led to
--   share        of all outcomes
--   days_median  days from the first touch to the outcome: half of the outcomes took no more; days_p90: nine of ten (both interpolated)
--   won_amount   of won deals
--
-- with: paths, naming
WITH
called AS
(
    SELECT
        arrayMap(touch -> touch.3, path) AS dimensions,
        (toUnixTimestamp64Milli(at) - path[1].1) / 86400000 AS days,
        amount,
        currency
    FROM paths
    WHERE NOT lost
),
counted AS
(
    SELECT
        dimensions,
        count() AS n,
        quantilesExactInclusive(0.5, 0.9)(days) AS took,
        sumMapIf(map(currency, amount), currency != '') AS amounts
    FROM called
    GROUP BY dimensions
)
SELECT
    if(empty(dimensions), '(unattributed)', arrayStringConcat(
        arrayMap(one -> arrayStringConcat(arrayFilter(label -> label != '', naming(one, true)), ' / '), dimensions),
        ' > '
    )) AS path,
    length(dimensions) AS touches,
    n AS outcomes,
    round(n / sum(n) OVER (), 6) AS share,
    if(touches = 0, NULL, round(took[1], 2)) AS days_median,
    if(touches = 0, NULL, round(took[2], 2)) AS days_p90,
    CAST(mapSort(amounts), 'Array(Tuple(String, Decimal(38, 4)))') AS won_amount
FROM counted
ORDER BY outcomes DESC, path
LIMIT {limit:UInt32}
