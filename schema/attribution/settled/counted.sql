-- What facts/counted.sql says, from the settled tables: the visitors by a scan of the touches that are some visitor's latest in the range,
-- everything else by its row of settled_journeys. No touch of a visitor has to be compared with another.
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
(last, known, known_age) -> if({credit:String} = 'last_non_direct' AND known != '' AND known_age <= {lookback_days:UInt16} * 86400000, known, last) AS credited,
placed AS
(
    SELECT
        kind,
        occurred_at,
        creates_contact,
        creates_company,
        contact_deals,
        won,
        won_at,
        amount,
        currency,
        multiIf(
            {data_point:String} = 'first_touch', first_dimensions,
            {data_point:String} = 'lead_creation', credited(lead_last, lead_known, lead_known_age),
            {data_point:String} = 'company_source' AND kind = 'deal' AND company_id != '', credited(company_last, company_known, company_known_age),
            {data_point:String} = 'company_source', credited(contact_company_last, contact_company_known, contact_company_known_age),
            kind = 'deal', credited(conversion_last, conversion_known, conversion_known_age),
            creates_contact, credited(lead_last, lead_known, lead_known_age),
            credited(own_last, own_known, own_known_age)
        ) AS own_dimensions,
        if(
            kind = 'deal' AND own_dimensions = '' AND {data_point:String} IN ('first_touch', 'lead_creation'),
            credited(company_last, company_known, company_known_age),
            own_dimensions
        ) AS dimensions,
        if({data_point:String} = 'first_touch', first_dimensions, credited(company_last, company_known, company_known_age)) AS company_dimensions
    FROM settled_journeys FINAL
    WHERE site_id = {site:String}
      AND NOT removed
      AND kind != 'import'
      AND (in_range(occurred_at) OR won AND in_range(won_at))
),
visited AS
(
    SELECT if({data_point:String} = 'first_touch', first_dimensions, dimensions) AS touched, count() AS visitors
    FROM settled_touches FINAL
    WHERE site_id = {site:String}
      AND NOT removed
      AND counts_until >= {until:DateTime64(3, 'UTC')}
      AND in_range(occurred_at)
      AND multiIf(
            {data_point:String} = 'first_touch' OR {credit:String} = 'last', next_at >= {until:DateTime64(3, 'UTC')},
            known, true,
            previous_known_at < {since:DateTime64(3, 'UTC')} OR previous_known_at = toDateTime64(0, 3, 'UTC')
          )
    GROUP BY touched
    -- What is settled lies in one partition, and is removed from the one that it was in.
    SETTINGS do_not_merge_across_partitions_select_final = 1
)
SELECT
    'visitor' AS counts_as,
    visitors AS n,
    {since:DateTime64(3, 'UTC')} AS occurred_at,
    0::UInt64 AS contact_deals,
    0::Decimal(38, 4) AS amount,
    '' AS currency,
    touched AS dimensions
FROM visited

UNION ALL
SELECT
    counts_as,
    1,
    if(counts_as = 'won', won_at, placed.occurred_at),
    contact_deals,
    amount,
    currency,
    if(counts_as = 'company', company_dimensions, placed.dimensions)
FROM placed
ARRAY JOIN arrayConcat(
    if(in_range(placed.occurred_at), [multiIf(kind = 'deal', 'deal', creates_contact, 'lead', 'conversion')], []),
    if(in_range(placed.occurred_at) AND creates_company, ['company'], []),
    if(in_range(won_at) AND won, ['won'], [])
) AS counts_as
