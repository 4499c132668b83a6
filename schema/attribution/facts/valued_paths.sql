-- with: paths, exchange, converted
-- The rows of paths, with the amount of each won deal in {currency}, by the rate of the day on which it was won (in {zone}) or of up to
-- {rate_days} days before; without such a rate, or where {currency} is '', in its own. An amount is converted before it is shared.
SELECT
    dated.outcome AS outcome,
    dated.lost AS lost,
    dated.id AS id,
    dated.at AS at,
    dated.contact_id AS contact_id,
    dated.path AS path,
    converted(dated.amount, dated.own, dated.day, exchange.worth, exchange.day) AS money,
    money.2 AS amount,
    money.1 AS currency
FROM (SELECT outcome, lost, id, paths.at AS at, contact_id, path, amount, toString(currency) AS own, toDate(paths.at, {zone:String}) AS day FROM paths) AS dated
ASOF LEFT JOIN exchange ON exchange.currency = dated.own AND exchange.day <= dated.day
