-- What was spent on the days of a month that begin in the range (in {zone}), a row per key, but for what was taken back.
SELECT
    date, source, medium, campaign, toString(channel) AS channel, amount, currency, clicks, impressions, utm_source, utm_medium, utm_campaign, received_at
FROM spend FINAL
WHERE site_id = {site:String}
  AND toStartOfMonth(date) = {month:Date}
  AND toDateTime64(date, 3, {zone:String}) >= {since:DateTime64(3, 'UTC')} AND toDateTime64(date, 3, {zone:String}) < {until:DateTime64(3, 'UTC')}
  AND (amount != 0 OR clicks != 0 OR impressions != 0)
ORDER BY date, source, medium, campaign, currency
