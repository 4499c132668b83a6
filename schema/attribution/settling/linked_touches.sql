-- with: touches_to_link
-- The rows of settled_touches, made from the touches of whole visitors.
WITH
toDateTime64('2200-01-01 00:00:00', 3, 'UTC') AS never,
toDateTime64(0, 3, 'UTC') AS unset
SELECT
    visitor_id,
    touch_id,
    occurred_at,
    known,
    if(believed, if(next_any = unset, never, next_any), unset) AS next_at,
    multiIf(NOT believed, unset, NOT known, next_at, next_known = unset, never, next_known) AS counts_until,
    if(believed, previous_known, unset) AS previous_known_at,
    dimensions,
    first_of_visitor AS first_dimensions,
    suspicion
FROM
(
    SELECT
        *,
        suspicion = '' AND visitor_id != toUUID('00000000-0000-0000-0000-000000000000') AS believed,
        leadInFrame(occurred_at) OVER all_of_visitor AS next_any,
        min(if(known, occurred_at, never)) OVER later AS next_known,
        maxIf(occurred_at, known) OVER earlier AS previous_known,
        first_value(dimensions) OVER all_of_visitor AS first_of_visitor
    FROM touches_to_link
    WINDOW
        all_of_visitor AS (PARTITION BY visitor_id, believed ORDER BY occurred_at, UUIDToNum(touch_id) ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING),
        later AS (PARTITION BY visitor_id, believed ORDER BY occurred_at, UUIDToNum(touch_id) ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING),
        earlier AS (PARTITION BY visitor_id, believed ORDER BY occurred_at, UUIDToNum(touch_id) ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
