-- with: lost_paths, asked_dimensions
-- What facts/whole_paths.sql says, from settled_paths: each row has all that it needs.
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
happened AS
(
    SELECT outcome, false AS lost, at, contact_id, amount, currency, times, known, dimensions, landing_pages
    FROM settled_paths FINAL
    ARRAY JOIN outcomes AS outcome, outcome_times AS at, amounts AS amount, currencies AS currency
    WHERE site_id = {site:String} AND NOT removed AND has({outcomes:Array(String)}, outcome) AND in_range(at)

    UNION ALL
    SELECT outcome, true, at, '', 0, '', times, known, dimensions, landing_pages
    FROM lost_paths
)
SELECT
    outcome,
    lost,
    '' AS id,
    at,
    contact_id,
    amount,
    currency,
    arrayFilter(
        touch -> touch.1 >= toUnixTimestamp64Milli(at - toIntervalDay({lookback_days:UInt16})) AND touch.1 <= toUnixTimestamp64Milli(at),
        arrayMap(
            (time, is_known, dimensions, page) -> (toUnixTimestamp64Milli(time), is_known, asked_dimensions(dimensions, page), ''),
            times, known, dimensions, landing_pages
        )
    ) AS within
FROM happened
