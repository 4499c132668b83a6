-- with: whole_paths
-- A row per contact that became a lead, with the touches that led to it (whole_paths), in the order of time: steps are (dimensions, place from
-- 1, place from the end); one of ('', 1, 1) where no touch is known.
SELECT
    contact_id,
    if(
        empty(within),
        [('', 1::UInt32, 1::UInt32)],
        arrayMap((touch, place) -> (toString(touch.3), place, toUInt32(length(within) + 1 - place)), within, arrayEnumerate(within))
    ) AS steps
FROM whole_paths
WHERE outcome = 'leads' AND NOT lost
