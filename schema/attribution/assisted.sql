-- Question: which sources are on the path to leads, conversions or deals without getting the credit?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             the dimensions, any of source, medium, campaign, term, content, referrer_domain, channel, landing_page
--   outcomes       what the paths led to: ['leads'], ['conversions'], ['deals'] or ['won_deals']
--   credit         who has the credit: last_non_direct, the last touch of the path that is not direct, else the last; or last
--   since, until   the range of the outcomes, UTC, half open
--   lookback_days  how old a touch may be to have led to an outcome
--   transforms     what is done to paths first, any of drop_direct, drop_last_direct, collapse_repeats, first_only
--   losses         exclude
--   contacts       []  (everyone)
--
-- A row: one combination of the dimensions. "(not set)": the touch has no such value. "(unattributed)": no touch is known.
--   credited         outcomes of which a touch of the row has the credit; sums to all outcomes
--   assisted         outcomes on whose path a touch of the row is, while another row has the credit
--   assists_per_credit  assisted / credited; NULL where credited is 0
--   on_paths         part of all outcomes on whose path a touch of the row is
--   credited_amount, assisted_amount  the same of the amounts of won deals
--
-- with: paths, naming
WITH
called AS
(
    SELECT
        amount,
        currency,
        arrayMap(touch -> touch.3, path) AS all_dimensions,
        arrayLastIndex(touch -> touch.2, path) AS last_known,
        if({credit:String} = 'last_non_direct' AND last_known > 0, last_known, length(path)) AS credited_place,
        all_dimensions[credited_place] AS credited_dimensions
    FROM paths
    WHERE NOT lost
),
present AS
(
    SELECT
        naming(dimensions, notEmpty(all_dimensions)) AS labels,
        notEmpty(all_dimensions) AS attributed,
        dimensions = credited_dimensions AS has_credit,
        amount,
        currency
    FROM called
    LEFT ARRAY JOIN arrayDistinct(all_dimensions) AS dimensions
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
    countIf(has_credit) AS credited,
    countIf(NOT has_credit) AS assisted,
    if(credited > 0, round(assisted / credited, 6), NULL) AS assists_per_credit,
    round(count() / sum(credited) OVER (), 6) AS on_paths,
    CAST(mapSort(sumMapIf(map(currency, amount), has_credit AND currency != '')), 'Array(Tuple(String, Decimal(38, 4)))') AS credited_amount,
    CAST(mapSort(sumMapIf(map(currency, amount), NOT has_credit AND currency != '')), 'Array(Tuple(String, Decimal(38, 4)))') AS assisted_amount
FROM present
GROUP BY labels, attributed
ORDER BY attributed DESC, assisted DESC, credited DESC, labels
