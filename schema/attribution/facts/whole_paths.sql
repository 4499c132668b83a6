-- with: outcomes, contact_touches, lost_paths, dimensions_of
-- The outcomes in the range with the touches that led to them: those of the outcome's contact, up to the outcome and at most {lookback_days}
-- days old. And the lost paths. A touch of within: its time (milliseconds), whether it is known, its dimensions (those that {by} names, between
-- NUL characters, landing_page the eighth), and its id.
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
at -> leftPad(toString(toUnixTimestamp64Milli(at)), 15, '0') AS as_text,
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
    arrayMap(
        touch -> (toInt64OrZero(substring(touch, 1, 15)), substring(touch, 52, 1) = '1', dimensions_of(touch), substring(touch, 16, 36)),
        arrayFilter(touch -> substring(touch, 1, 15) >= opens AND substring(touch, 1, 15) <= closes, touches)
    ) AS within
FROM whole
