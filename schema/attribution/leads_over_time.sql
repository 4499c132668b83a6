-- Question: how many leads and conversions came, day by day (or week, or month), and from where?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             the dimensions, any of source, medium, campaign, term, content, referrer_domain, channel
--   data_point     by which touch everything is placed: first_touch, lead_creation, conversion or company_source
--   grain          day, week (from Monday) or month
--   zone           the time zone in which periods begin
--   since, until   the range, UTC, half open; periods before the first event and after the last are shown as far as since
--                  and until are given; 1970-01-01 and 2100-01-01 stand for "not given"
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   contacts       []  (everyone)
--
-- A row: one period, by the date of its first day, and one combination of the dimensions. Every combination has a row in every period.
--
-- with: counted, labels_of
WITH
day -> multiIf({grain:String} = 'month', toStartOfMonth(day), {grain:String} = 'week', toMonday(day), day) AS first_day,
(day, steps) -> multiIf({grain:String} = 'month', addMonths(day, steps), {grain:String} = 'week', addWeeks(day, steps), addDays(day, steps)) AS later,
{since:DateTime64(3, 'UTC')} > toDateTime64('1970-01-01 00:00:00', 3, 'UTC') AS has_since,
{until:DateTime64(3, 'UTC')} < toDateTime64('2100-01-01 00:00:00', 3, 'UTC') AS has_until,
sums AS
(
    SELECT
        dimensions,
        first_day(toDate(occurred_at, {zone:String})) AS period,
        countIf(counts_as = 'lead') AS leads,
        countIf(counts_as = 'conversion') AS conversions
    FROM counted
    WHERE counts_as IN ('lead', 'conversion')
    GROUP BY dimensions, period
),
found AS
(
    SELECT
        labels_of(dimensions) AS labels,
        dimensions != '' OR empty({by:Array(String)}) AS attributed,
        period,
        sum(sums.leads) AS leads,
        sum(sums.conversions) AS conversions
    FROM sums
    GROUP BY labels, attributed, period

    UNION ALL
    SELECT ['', '', '', '', '', '', ''], true, first_day(toDate({since:DateTime64(3, 'UTC')}, {zone:String})), 0, 0
    WHERE empty({by:Array(String)}) AND has_since AND has_until
),
bounded AS
(
    SELECT
        *,
        if(has_since, first_day(toDate({since:DateTime64(3, 'UTC')}, {zone:String})), min(period) OVER ()) AS first_period,
        if(has_until, first_day(toDate({until:DateTime64(3, 'UTC')} - toIntervalMillisecond(1), {zone:String})), max(period) OVER ()) AS last_period
    FROM found
),
filled AS
(
    SELECT
        labels,
        attributed,
        arrayMap(
            step -> (later(any(first_period), step), 0::UInt64, 0::UInt64),
            range(0, toUInt32(dateDiff({grain:String}, any(first_period), any(last_period)) + 1))
        ) AS zeros,
        arrayJoin(arrayConcat(groupArray((period, leads, conversions)), zeros)) AS one
    FROM bounded
    GROUP BY labels, attributed
)
SELECT
    toString(one.1) AS period,
    labels[1] AS source,
    labels[2] AS medium,
    labels[3] AS campaign,
    labels[4] AS term,
    labels[5] AS content,
    labels[6] AS referrer_domain,
    labels[7] AS channel,
    sum(one.2) AS leads,
    sum(one.3) AS conversions
FROM filled
GROUP BY period, labels, attributed
ORDER BY period, attributed DESC, labels
