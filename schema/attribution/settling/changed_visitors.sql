-- with: changed_touches
-- The visitors of the changed touches, also those whose such a touch was until now: of two rows with one id the first received is right.
SELECT visitor_id
FROM
(
    SELECT visitor_id FROM changed_touches
    UNION ALL
    SELECT visitor_id FROM settled_touches WHERE site_id = {site:String} AND touch_id IN (SELECT touch_id FROM changed_touches)
)
WHERE visitor_id != toUUID('00000000-0000-0000-0000-000000000000')
