-- with: valued_paths, naming
-- What Markov's chain is made of: how often, in all paths, a touch followed on the last {order} touches. The collector asks for it and solves
-- the chain (collector/models). Touches are named by their labels, between NUL characters.
--   before       these touches, fewer at the beginning of a path
--   next         the touch that followed; '' where the path ended instead
--   conversions  how many of these paths ended in the outcome, then or later; losses: in nothing
--   amount       of the outcomes, where the path ended
WITH
counted AS
(
    SELECT
        outcome,
        arraySlice(dimensions, greatest(1, place - {order:UInt8}), least({order:UInt8}, place - 1)) AS before,
        if(place > length(dimensions), '', dimensions[place]) AS next,
        place > length(dimensions) AS ended,
        if(ended, currency, '') AS currency,
        countIf(NOT lost) AS conversions,
        countIf(lost) AS losses,
        sum(if(ended, amount, 0)) AS amount
    FROM
    (
        SELECT outcome, lost, currency, amount, arrayMap(touch -> touch.3, path) AS dimensions
        FROM valued_paths
    )
    ARRAY JOIN range(1, length(dimensions) + 2) AS place
    WHERE notEmpty(dimensions)
    GROUP BY outcome, before, next, ended, currency
)
SELECT
    outcome,
    arrayMap(dimensions -> arrayStringConcat(naming(dimensions, true), '\0'), before) AS before,
    if(ended, '', arrayStringConcat(naming(next, true), '\0')) AS next,
    ended,
    currency,
    conversions,
    losses,
    amount
FROM counted
