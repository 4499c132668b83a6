-- A row per imported row of spend whose day begins in the range, in {zone}. labels as in counted: spend has a source, medium, campaign
-- and channel.
SELECT
    arrayMap(
        (dimension, value) -> multiIf(NOT has({by:Array(String)}, dimension), '', value = '', '(not set)', value),
        ['source', 'medium', 'campaign', 'term', 'content', 'referrer_domain', 'channel'],
        [source, medium, campaign, '', '', '', channel]
    ) AS labels,
    date AS day,
    amount,
    toString(currency) AS own,
    clicks,
    impressions
FROM spend FINAL
WHERE site_id = {site:String}
  AND toDateTime64(date, 3, {zone:String}) >= {since:DateTime64(3, 'UTC')} AND toDateTime64(date, 3, {zone:String}) < {until:DateTime64(3, 'UTC')}
