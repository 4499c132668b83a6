-- with: valued_paths
-- A row per touch of every path, and one for an outcome without any: what the touch gets of the outcome under each model, as a decimal whose
-- parts of one outcome sum exactly to 1. Each is rounded to 12 decimals along the path, so that what is cut off one touch is given to the next.
--   n, place    number of touches of the path, and which of them it is, from 1
--   last_known  place of the last touch that is not direct, 0 where there is none
--   all_different  how many different dimensions the path has
--   dimensions  of the touch, between NUL characters
--   attributed  whether there is a touch; else every model has the whole outcome in this row
--   position    {position}: the parts of the first touch, of all between and of the last; two touches share in the ratio of the ends
--   time_decay  half as much for every {half_life_days} days that the touch is older
--   shapley     each of the path's different dimensions alike, at its first touch: the exact Shapley value (collector/models/README.md)
WITH
1000000000000 AS whole,
toDecimal64(0.000000000001, 12) AS unit,
{position:Array(UInt32)}[1] AS first_weight,
{position:Array(UInt32)}[2] AS between_weight,
{position:Array(UInt32)}[3] AS last_weight,
intDiv(whole * first_weight, first_weight + between_weight + last_weight) AS first_part,
intDiv(whole * last_weight, first_weight + between_weight + last_weight) AS last_part,
if(first_weight + last_weight = 0, intDiv(whole, 2), intDiv(whole * first_weight, greatest(1, first_weight + last_weight))) AS first_of_two,
weighed AS
(
    SELECT
        outcome,
        id,
        at,
        contact_id,
        amount,
        currency,
        path,
        length(path) AS n,
        arrayLastIndex(touch -> touch.2, path) AS last_known,
        arrayMap(touch -> touch.3, path) AS dimensions,
        arrayCumSum(nth -> nth = 1, arrayEnumerateUniq(dimensions)) AS different,
        arrayCumSum(touch -> exp2((touch.1 - path[-1].1) / (86400000 * {half_life_days:Float64})), path) AS decay
    FROM valued_paths
    WHERE NOT lost
),
placed AS
(
    SELECT
        outcome,
        id,
        at,
        contact_id,
        amount,
        currency,
        n,
        last_known,
        path[place].4 AS touch_id,
        touched,
        place,
        greatest(1, different[-1]) AS all_different,
        different[place] AS different_to,
        if(place = 1, 0, different[place - 1]) AS different_before,
        if(place = n, whole, toInt64(round(decay[place] / greatest(1, decay[-1]) * whole))) AS decay_to,
        if(place <= 1, 0, toInt64(round(decay[place - 1] / greatest(1, decay[-1]) * whole))) AS decay_before
    FROM weighed
    LEFT ARRAY JOIN dimensions AS touched, arrayEnumerate(dimensions) AS place
)
SELECT
    outcome,
    id,
    at,
    contact_id,
    amount,
    currency,
    n,
    place,
    last_known,
    all_different,
    touch_id,
    touched AS dimensions,
    n > 0 AS attributed,
    unit * if(place = 1 OR n = 0, whole, 0) AS first,
    unit * if(place = n, whole, 0) AS last,
    unit * if(place = if(last_known > 0, last_known, n), whole, 0) AS last_non_direct,
    unit * if(n = 0, whole, intDiv(whole * place, greatest(1, n)) - intDiv(whole * (place - 1), greatest(1, n))) AS linear,
    unit * multiIf(
        n <= 1, whole,
        n = 2, if(place = 1, first_of_two, whole - first_of_two),
        place = 1, first_part,
        place = n, last_part,
        intDiv((whole - first_part - last_part) * (place - 1), greatest(1, n - 2)) - intDiv((whole - first_part - last_part) * (place - 2), greatest(1, n - 2))
    ) AS position,
    unit * if(n = 0, whole, decay_to - decay_before) AS time_decay,
    unit * if(n = 0, whole, intDiv(whole * different_to, all_different) - intDiv(whole * different_before, all_different)) AS shapley
FROM placed
