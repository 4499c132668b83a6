-- What facts/overall.sql says, from the settled tables: without any touch of a lead or deal.
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
touch_counts AS
(
    SELECT
        countIf(NOT suspected AND next_at >= {until:DateTime64(3, 'UTC')} AND counts_until >= {until:DateTime64(3, 'UTC')}) AS visitors,
        countIf(suspected) AS suspect_touches
    FROM
    (
        SELECT next_at, counts_until, suspicion != '' AS suspected
        FROM settled_touches FINAL
        WHERE site_id = {site:String}
          AND NOT removed
          AND (counts_until >= {until:DateTime64(3, 'UTC')} OR counts_until = toDateTime64(0, 3, 'UTC'))
          AND in_range(occurred_at)
        SETTINGS do_not_merge_across_partitions_select_final = 1
    )
),
submission_counts AS
(
    SELECT countIf(suspicion = '') AS submissions, countIf(suspicion != '') AS suspect_submissions
    FROM submissions FINAL
    WHERE site_id = {site:String} AND in_range(occurred_at)
),
journey_counts AS
(
    SELECT
        countIf(creates_contact AND in_range(occurred_at)) AS leads,
        countIf(kind = 'submission' AND NOT creates_contact AND in_range(occurred_at)) AS conversions,
        countIf(creates_company AND in_range(occurred_at)) AS companies,
        countIf(creates_contact AND in_range(occurred_at) AND contact_deals > 0) AS leads_with_deal,
        sumIf(contact_deals, creates_contact AND in_range(occurred_at)) AS deals_of_leads,
        countIf(kind = 'deal' AND in_range(occurred_at)) AS deals,
        countIf(won AND in_range(won_at)) AS won_deals,
        CAST(mapSort(sumMapIf(map(currency, amount), won AND in_range(won_at) AND currency != '')), 'Array(Tuple(String, Decimal(38, 4)))') AS won_amount
    FROM settled_journeys FINAL
    WHERE site_id = {site:String} AND NOT removed AND kind != 'import'
)
SELECT visitors, submissions, leads, conversions, companies, leads_with_deal, deals_of_leads, deals, won_deals, won_amount, suspect_touches, suspect_submissions
FROM touch_counts, submission_counts, journey_counts
