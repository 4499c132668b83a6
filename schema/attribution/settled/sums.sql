-- with: journeys_placed, visitors_placed
-- What facts/sums.sql says, from the settled tables: what happened is summed before it is put beside the visitors.
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
happened AS
(
    SELECT
        dimensions,
        if(creates_company, company_dimensions, '') AS dimensions_of_company,
        countIf(in_range(occurred_at) AND kind = 'submission' AND creates_contact) AS leads,
        countIf(in_range(occurred_at) AND kind = 'submission' AND NOT creates_contact) AS conversions,
        countIf(in_range(occurred_at) AND creates_company) AS companies,
        countIf(in_range(occurred_at) AND kind = 'deal') AS deals,
        countIf(in_range(won_at) AND won) AS won_deals,
        sumMapIf(map(currency, amount), in_range(won_at) AND won AND currency != '') AS won_amount
    FROM journeys_placed
    GROUP BY dimensions, dimensions_of_company
)
SELECT
    dimensions,
    sum(part.visitors) AS visitors,
    sum(part.leads) AS leads,
    sum(part.conversions) AS conversions,
    sum(part.companies) AS companies,
    sum(part.deals) AS deals,
    sum(part.won_deals) AS won_deals,
    sumMap(part.won_amount) AS won_amount
FROM
(
    SELECT touched AS dimensions, visitors, 0 AS leads, 0 AS conversions, 0 AS companies, 0 AS deals, 0 AS won_deals, CAST(map(), 'Map(LowCardinality(String), Decimal(38, 4))') AS won_amount
    FROM visitors_placed

    UNION ALL
    SELECT
        if(of_company, dimensions_of_company, happened.dimensions),
        0,
        if(of_company, 0, leads),
        if(of_company, 0, conversions),
        if(of_company, companies, 0),
        if(of_company, 0, deals),
        if(of_company, 0, won_deals),
        mapFilter((currency, amount) -> NOT of_company, won_amount)
    FROM happened
    ARRAY JOIN [false, true] AS of_company
) AS part
GROUP BY dimensions
-- Of what counts in no column there is no row.
HAVING visitors > 0 OR leads > 0 OR conversions > 0 OR companies > 0 OR deals > 0 OR won_deals > 0
