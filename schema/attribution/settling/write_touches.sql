-- with: linked_touches
-- Writes the rows of settled_touches: of every visitor, or (settling) of those whose touches have changed.
INSERT INTO settled_touches (site_id, visitor_id, touch_id, occurred_at, known, next_at, counts_until, previous_known_at, dimensions, first_dimensions, suspicion, removed, settlement)
SELECT {site:String}, visitor_id, touch_id, occurred_at, known, next_at, counts_until, previous_known_at, dimensions, first_dimensions, suspicion, false, {settlement:UInt64}
FROM linked_touches
