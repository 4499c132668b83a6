-- What facts/lost_paths.sql says, from settled_touches, which has no landing pages, and settled_paths.
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
of_visitors AS
(
    SELECT arraySort(groupArray((occurred_at, UUIDToNum(touch_id), known, dimensions))) AS visits
    FROM settled_touches FINAL
    WHERE has({outcomes:Array(String)}, 'leads')
      AND site_id = {site:String}
      AND NOT removed
      AND counts_until != toDateTime64(0, 3, 'UTC')
      AND occurred_at >= {since:DateTime64(3, 'UTC')} - toIntervalDay({lookback_days:UInt16}) AND occurred_at < {until:DateTime64(3, 'UTC')}
      AND visitor_id NOT IN (SELECT visitor_id FROM submissions FINAL WHERE site_id = {site:String} AND suspicion = '' AND contact_id != '')
    GROUP BY visitor_id
),
of_contacts AS
(
    SELECT outcomes, times, known, dimensions, landing_pages
    FROM settled_paths FINAL
    WHERE site_id = {site:String} AND NOT removed AND contact_id != ''
),
lost AS
(
    SELECT
        'leads' AS outcome,
        tupleElement(visits, 1) AS times,
        tupleElement(visits, 3) AS known,
        tupleElement(visits, 4) AS dimensions,
        arrayResize([]::Array(LowCardinality(String)), length(visits)) AS landing_pages
    FROM of_visitors

    UNION ALL
    SELECT missing, arrayFilter(time -> time < {until:DateTime64(3, 'UTC')}, times) AS before, arraySlice(known, 1, length(before)), arraySlice(dimensions, 1, length(before)), arraySlice(landing_pages, 1, length(before))
    FROM of_contacts
    ARRAY JOIN arrayFilter(outcome -> outcome != 'leads' AND NOT has(outcomes, outcome), {outcomes:Array(String)}) AS missing
)
SELECT outcome, times[-1] AS at, times, known, dimensions, landing_pages
FROM lost
WHERE notEmpty(times) AND in_range(at)
