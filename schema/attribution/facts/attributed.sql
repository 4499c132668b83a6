-- with: logged_touches, submitted
-- A row per submission by a contact, with its touches, each '' in id where there is none:
--   first_touch   the earliest of the touches that travelled in it and of the visitor's logged ones up to it
--   last_touch    the latest of them
--   last_known    the latest that is not direct and at most {lookback_days} days old
--   credited      what {credit} chooses: last_known where there is one (last_non_direct), or always last_touch (last)
--   rule          which of the two that was: last_non_direct or last
WITH
logged AS
(
    SELECT
        submission_id,
        argMin(touch, (touch.at, touch.id)) AS logged_first,
        argMax(touch, (touch.at, touch.id)) AS logged_latest,
        argMaxIf(touch, (touch.at, touch.id), touch.known) AS logged_known
    FROM logged_touches
    INNER JOIN (SELECT submission_id, visitor_id, occurred_at FROM submitted) AS sent USING (visitor_id)
    WHERE touch.at <= sent.occurred_at
    GROUP BY submission_id
),
candidates AS
(
    SELECT
        submission_id,
        occurred_at,
        arraySort(
            touch -> (touch.at, touch.id),
            arrayFilter(touch -> touch.id != '', [attached_first, attached_latest, logged_first, logged_latest, logged_known])
        ) AS touches
    FROM submitted
    LEFT JOIN logged USING (submission_id)
)
SELECT
    'submission'::Enum8('import' = 0, 'submission' = 1, 'deal' = 2) AS kind,
    toString(submission_id) AS id,
    touches[1] AS first_touch,
    touches[-1] AS last_touch,
    arrayLast(touch -> touch.known AND touch.at >= occurred_at - toIntervalDay({lookback_days:UInt16}), touches) AS last_known,
    if({credit:String} = 'last_non_direct' AND last_known.id != '', last_known, last_touch) AS credited,
    multiIf(credited.id = '', '', {credit:String} = 'last_non_direct' AND last_known.id != '', 'last_non_direct', 'last') AS rule
FROM candidates
