-- with: journeys_placed, visitors_placed
-- What facts/counted.sql says, from the settled tables: no touch of a visitor has to be compared with another.
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range
SELECT
    'visitor' AS counts_as,
    visitors AS n,
    {since:DateTime64(3, 'UTC')} AS occurred_at,
    '' AS contact_id,
    0::UInt64 AS contact_deals,
    0::Decimal(38, 4) AS amount,
    '' AS currency,
    touched AS dimensions
FROM visitors_placed

UNION ALL
SELECT
    counts_as,
    1,
    if(counts_as = 'won', won_at, journeys_placed.occurred_at),
    journeys_placed.contact_id,
    contact_deals,
    amount,
    currency,
    if(counts_as = 'company', company_dimensions, journeys_placed.dimensions)
FROM journeys_placed
ARRAY JOIN arrayConcat(
    if(in_range(journeys_placed.occurred_at), [multiIf(kind = 'deal', 'deal', creates_contact, 'lead', 'conversion')], []),
    if(in_range(journeys_placed.occurred_at) AND creates_company, ['company'], []),
    if(in_range(won_at) AND won, ['won'], []),
    if(in_range(journeys_placed.occurred_at) AND kind = 'deal' AND status = 'open', ['open'], [])
) AS counts_as
