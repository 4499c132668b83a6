-- with: changed_touches, changed_visitors
-- Those of the visitors whose touches have changed, and those touches.
(visitor, touch) -> visitor IN (SELECT visitor_id FROM changed_visitors) OR touch IN (SELECT touch_id FROM changed_touches)
