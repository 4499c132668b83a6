-- with: contact_touches, outcomes, logged_touches, submitted
-- Who had a touch in the range, and what never became of it: a row per visitor without a contact for leads, and per contact that never had
-- the outcome for the others, at its latest touch in the range. Nothing, unless {losses} is include.
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
touch -> fromUnixTimestamp64Milli(toInt64OrZero(substring(touch, 1, 15)), 'UTC') AS time_of,
lost AS
(
    SELECT 'leads' AS outcome, arraySort(groupArray(touch)) AS touches
    FROM logged_touches
    WHERE {losses:String} = 'include' AND has({outcomes:Array(String)}, 'leads')
      AND at >= {since:DateTime64(3, 'UTC')} - toIntervalDay({lookback_days:UInt16}) AND at < {until:DateTime64(3, 'UTC')}
      AND visitor_id NOT IN (SELECT visitor_id FROM submitted)
    GROUP BY visitor_id

    UNION ALL
    SELECT missing AS outcome, arrayFilter(touch -> time_of(touch) < {until:DateTime64(3, 'UTC')}, touches)
    FROM contact_touches
    ARRAY JOIN arrayFilter(outcome -> outcome != 'leads', {outcomes:Array(String)}) AS missing
    WHERE {losses:String} = 'include' AND (missing, contact_id) NOT IN (SELECT outcome, contact_id FROM outcomes)
)
SELECT outcome, time_of(touches[-1]) AS at, touches
FROM lost
WHERE notEmpty(touches) AND in_range(at)
