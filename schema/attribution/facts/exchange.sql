-- A row per currency and day: what one unit of the currency was worth in {currency} on that day, by the rates that were imported.
-- No row where {currency} is ''. Of several ways the first counts: the rate as it was imported; the opposite direction, turned
-- round; by way of a third currency, of which there were rates of both on that day.
WITH
days AS
(
    SELECT
        date,
        groupArray((toString(from_currency), toString(to_currency), toDecimal256(rate, 20), 0)) AS told,
        arrayConcat(told, arrayMap(leg -> (leg.2, leg.1, divideDecimal(toDecimal256(1, 0), leg.3, 20), 1), told)) AS legs,
        arrayFilter(leg -> leg.2 = {currency:String}, legs) AS last_legs
    FROM rates FINAL
    WHERE site_id = {site:String} AND {currency:String} != ''
    GROUP BY date
)
SELECT
    way.1 AS currency,
    date AS day,
    argMin(way.2, way.3) AS worth
FROM days
ARRAY JOIN arrayConcat(
    arrayMap(leg -> (leg.1, leg.3, (leg.4, '')), last_legs),
    arrayFlatten(arrayMap(
        onward -> arrayMap(
            leg -> (leg.1, toDecimal256(round(leg.3 * onward.3, 20), 20), (2 + leg.4 + onward.4, leg.2)),
            arrayFilter(leg -> leg.2 = onward.1 AND leg.1 != {currency:String}, legs)
        ),
        last_legs
    ))
) AS way
GROUP BY currency, day
