-- How many visitors have a touch in the range, by the dimensions of the touch that stands for them (facts/counted.sql): a scan of the touches
-- that are some visitor's latest in the range. Of the two halves one has nothing to do: to choose between two columns row by row is slow.
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range
SELECT dimensions AS touched, count() AS visitors
FROM settled_touches FINAL
WHERE {data_point:String} != 'first_touch'
  AND site_id = {site:String}
  AND NOT removed
  AND counts_until >= {until:DateTime64(3, 'UTC')}
  AND in_range(occurred_at)
  AND multiIf(
        {credit:String} = 'last', next_at >= {until:DateTime64(3, 'UTC')},
        known, true,
        previous_known_at < {since:DateTime64(3, 'UTC')} OR previous_known_at = toDateTime64(0, 3, 'UTC')
      )
GROUP BY touched
-- What is settled lies in one partition, and is removed from the one that it was in.
SETTINGS do_not_merge_across_partitions_select_final = 1

UNION ALL
SELECT first_dimensions AS touched, count() AS visitors
FROM settled_touches FINAL
WHERE {data_point:String} = 'first_touch'
  AND site_id = {site:String}
  AND NOT removed
  AND counts_until >= {until:DateTime64(3, 'UTC')}
  AND in_range(occurred_at)
  AND next_at >= {until:DateTime64(3, 'UTC')}
GROUP BY touched
SETTINGS do_not_merge_across_partitions_select_final = 1
