-- with: logged_touches, submitted, is_next
-- A row per contact with its touches, by any of its visitors (whichever of its submissions made them known) or inside any of its
-- submissions, in the order of time and in the form that logged_touches has. A touch that is both in the log and in a submission is as the
-- log has it. Of the log only what may lead to something in the range is read, and a week around it: a copy has another time than the
-- log where the visitor's clock was set in between, and must not stand for a touch that the log has outside the range.
WITH
whose AS
(
    SELECT contact_id, visitor_id
    FROM submitted
    WHERE visitor_id != toUUID('00000000-0000-0000-0000-000000000000') AND is_next(contact_id)
    GROUP BY contact_id, visitor_id
),
-- Before each touch its id, and what decides which of several copies of it stands: the least of them does.
copies AS
(
    SELECT contact_id, concat(substring(touch, 16, 36), '0', touch) AS copy
    FROM logged_touches
    INNER JOIN whose USING (visitor_id)
    WHERE visitor_id IN (SELECT visitor_id FROM whose)
      AND at >= {since:DateTime64(3, 'UTC')} - toIntervalDay({lookback_days:UInt16} + 7) AND at < {until:DateTime64(3, 'UTC')} + toIntervalDay(7)

    UNION ALL
    SELECT contact_id, concat(substring(touch, 16, 36), if(substring(touch, 52, 1) = '1', '1', '2'), touch)
    FROM submitted
    ARRAY JOIN arrayFilter(touch -> touch != '', [attached_first, attached_latest]) AS touch
    WHERE is_next(contact_id)
)
SELECT
    contact_id,
    arraySort(arrayMap(copy -> substring(copy, 38), arrayCompact(copy -> substring(copy, 1, 36), arraySort(groupArray(copy))))) AS touches
FROM copies
GROUP BY contact_id
