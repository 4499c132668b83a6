-- with: whole_paths
-- The outcomes in the range with their paths, and the lost paths (lost), each of which ended in nothing. A path is the touches of whole_paths as
-- {transforms} change them, in this order: drop_direct (unless it has nothing else), drop_last_direct (the same, only from the end),
-- collapse_repeats (the first of each run of the same dimensions), first_only (the first of all with the same dimensions).
WITH
touch -> touch.2 AS is_known,
touch -> touch.3 AS called
SELECT
    outcome,
    lost,
    id,
    at,
    contact_id,
    amount,
    currency,
    if(has({transforms:Array(String)}, 'drop_direct') AND arrayExists(is_known, within),
        arrayFilter(is_known, within), within) AS less_direct,
    if(has({transforms:Array(String)}, 'drop_last_direct') AND arrayExists(is_known, less_direct),
        arraySlice(less_direct, 1, arrayLastIndex(is_known, less_direct)), less_direct) AS less_last_direct,
    if(has({transforms:Array(String)}, 'collapse_repeats'),
        arrayCompact(called, less_last_direct), less_last_direct) AS less_repeats,
    if(has({transforms:Array(String)}, 'first_only'),
        arrayFilter((touch, nth) -> nth = 1, less_repeats, arrayEnumerateUniq(arrayMap(called, less_repeats))), less_repeats) AS path
FROM whole_paths
