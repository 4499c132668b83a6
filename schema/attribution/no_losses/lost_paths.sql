-- Nothing: {losses} is exclude.
SELECT
    '' AS outcome,
    toDateTime64(0, 3, 'UTC') AS at,
    []::Array(String) AS touches,
    []::Array(DateTime64(3, 'UTC')) AS times,
    []::Array(Bool) AS known,
    []::Array(LowCardinality(String)) AS dimensions,
    []::Array(LowCardinality(String)) AS landing_pages
WHERE false
