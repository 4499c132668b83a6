-- with: outcomes, contact_touches, lost_paths, dimensions_of
-- The outcomes in the range with their paths: touches are those of the outcome's contact, up to the outcome and at most {lookback_days} days
-- old, in the form that logged_touches has. And the lost paths, each of which ended in nothing (lost).
-- {transforms} change the path, in this order: drop_direct (unless it has nothing else), drop_last_direct (the same, only from the end),
-- collapse_repeats (the first of each run of the same dimensions), first_only (the first of all with the same dimensions).
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
at -> leftPad(toString(toUnixTimestamp64Milli(at)), 15, '0') AS as_text,
touch -> substring(touch, 52, 1) = '1' AS is_known,
whole AS
(
    SELECT outcome, false AS lost, id, outcomes.at AS at, outcomes.contact_id AS contact_id, amount, currency, contact_touches.touches AS touches
    FROM outcomes
    LEFT JOIN contact_touches ON contact_touches.contact_id = outcomes.contact_id AND outcomes.contact_id != ''
    WHERE in_range(outcomes.at)

    UNION ALL
    SELECT outcome, true, '', at, '', 0, '', touches
    FROM lost_paths
)
SELECT
    outcome,
    lost,
    id,
    at,
    contact_id,
    amount,
    currency,
    as_text(at - toIntervalDay({lookback_days:UInt16})) AS opens,
    as_text(at) AS closes,
    arrayFilter(touch -> substring(touch, 1, 15) >= opens AND substring(touch, 1, 15) <= closes, touches) AS within,
    if(has({transforms:Array(String)}, 'drop_direct') AND arrayExists(is_known, within),
        arrayFilter(is_known, within), within) AS less_direct,
    if(has({transforms:Array(String)}, 'drop_last_direct') AND arrayExists(is_known, less_direct),
        arraySlice(less_direct, 1, arrayLastIndex(is_known, less_direct)), less_direct) AS less_last_direct,
    if(has({transforms:Array(String)}, 'collapse_repeats'),
        arrayCompact(dimensions_of, less_last_direct), less_last_direct) AS less_repeats,
    if(has({transforms:Array(String)}, 'first_only'),
        arrayFilter((touch, nth) -> nth = 1, less_repeats, arrayEnumerateUniq(arrayMap(dimensions_of, less_repeats))), less_repeats) AS path
FROM whole
