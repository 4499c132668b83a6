-- with: touch_is_settled
-- Removes the rows of settled_touches that write_touches has not written again: the touch has another visitor or counts_until now, or is
-- no more. They get a number below those that write_touches has given, so that a row in its new partition wins against them.
INSERT INTO settled_touches (site_id, visitor_id, touch_id, occurred_at, known, next_at, counts_until, previous_known_at, dimensions, first_dimensions, suspicion, removed, settlement)
SELECT site_id, visitor_id, touch_id, occurred_at, known, next_at, counts_until, previous_known_at, '', '', '', true, {settlement:UInt64} - 1
FROM settled_touches FINAL
WHERE site_id = {site:String} AND NOT removed AND settlement < {settlement:UInt64} - 1 AND touch_is_settled(visitor_id, touch_id)
-- Within each partition: there the row that is to be removed is the latest.
SETTINGS do_not_merge_across_partitions_select_final = 1
