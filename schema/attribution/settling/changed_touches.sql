-- The touches that are new, or were sent again, or judged.
SELECT touch_id, visitor_id
FROM changes
WHERE site_id = {site:String}
  AND kind = 'touch'
  AND logged_at >= {changed_since:DateTime64(3, 'UTC')} - toIntervalMinute(10)
  AND (_block_number > {from_block:UInt64} OR logged_at >= {changed_since:DateTime64(3, 'UTC')})
