-- with: changed_touches, changed_visitors
-- Those of the visitors whose touches have changed, and those touches: of a visitor they are among the visitor's, so that all are found
-- by their key.
(visitor, touch) -> visitor IN (SELECT visitor_id FROM changed_visitors)
    OR visitor = toUUID('00000000-0000-0000-0000-000000000000') AND touch IN (SELECT touch_id FROM changed_touches)
