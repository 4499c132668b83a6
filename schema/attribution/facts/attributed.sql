-- with: logged_touches, submitted, is_next
-- A row per submission by a contact, with its touches, each '' where there is none:
--   first_touch   the earliest of the touches that travelled in it and of the visitor's logged ones up to it. Where it is
--                 among both, and only the log knows its source (the app that the page was open in), as the log has it
--   last_touch    the latest of them
--   last_known    the latest that is not direct and at most {lookback_days} days old
--   credited      what {credit} chooses: last_known where there is one (last_non_direct), or always last_touch (last)
--   rule          which of the two that was: last_non_direct or last
-- With {credit} = 'open' the choice is left open, for the settled tables: last_known may be of any age, and credited and rule are
-- last_touch, last_known and the submission's time (milliseconds) with \x01 between them.
WITH
logged AS
(
    SELECT
        submission_id,
        min(touch) AS logged_first,
        max(touch) AS logged_latest,
        maxIf(touch, known) AS logged_known
    FROM logged_touches
    INNER JOIN (SELECT submission_id, visitor_id, occurred_at FROM submitted WHERE is_next(submission_id)) AS sent USING (visitor_id)
    WHERE visitor_id IN (SELECT visitor_id FROM submitted WHERE is_next(submission_id)) AND at <= sent.occurred_at
    GROUP BY submission_id
),
candidates AS
(
    SELECT
        submission_id,
        toString(toUnixTimestamp64Milli(occurred_at)) AS sent_at,
        if({credit:String} = 'open', '', leftPad(toString(toUnixTimestamp64Milli(occurred_at - toIntervalDay({lookback_days:UInt16}))), 15, '0')) AS window_opens,
        arraySort(arrayFilter(
            touch -> touch != '',
            [attached_first, attached_latest, logged_first, logged_latest, logged_known]
        )) AS touches
    FROM submitted
    LEFT JOIN logged USING (submission_id)
    WHERE is_next(submission_id)
)
SELECT
    'submission'::Enum8('import' = 0, 'submission' = 1, 'deal' = 2) AS kind,
    toString(submission_id) AS id,
    arrayLast(touch -> substring(touch, 1, 51) = substring(touches[1], 1, 51), touches) AS first_touch,
    touches[-1] AS last_touch,
    arrayLast(touch -> substring(touch, 52, 1) = '1' AND touch >= window_opens, touches) AS last_known,
    multiIf(
        {credit:String} = 'open', if(last_touch = '', '', concat(last_touch, '\x01', last_known, '\x01', sent_at)),
        {credit:String} = 'last_non_direct' AND last_known != '', last_known,
        last_touch
    ) AS credited,
    multiIf(
        credited = '', '',
        {credit:String} = 'open', credited,
        {credit:String} = 'last_non_direct' AND last_known != '', 'last_non_direct',
        'last'
    ) AS rule
FROM candidates
