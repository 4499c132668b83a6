-- with: whole_paths
-- A row per contact that became a lead, with the touches that led to it (whole_paths), in the order of time: steps are (dimensions, place from
-- 1, place from the end, whether last_non_direct has it that all is this one's); one of ('', 1, 1, true) where no touch is known.
WITH
arrayLastIndex(touch -> touch.2, within) AS last_known,
if(last_known > 0, last_known, length(within)) AS credited
SELECT
    contact_id,
    if(
        empty(within),
        [('', 1::UInt32, 1::UInt32, true)],
        arrayMap(
            (touch, place) -> (toString(touch.3), place, toUInt32(length(within) + 1 - place), place = credited),
            within, arrayEnumerate(within)
        )
    ) AS steps
FROM whole_paths
WHERE outcome = 'leads' AND NOT lost
