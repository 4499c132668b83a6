-- with: counted
-- How much of everything counts in the range, by the dimensions of the touches (see counted). It is quicker to make labels of them afterwards.
SELECT
    dimensions,
    sumIf(n, counts_as = 'visitor') AS visitors,
    sumIf(n, counts_as = 'lead') AS leads,
    sumIf(n, counts_as = 'conversion') AS conversions,
    sumIf(n, counts_as = 'company') AS companies,
    sumIf(n, counts_as = 'deal') AS deals,
    sumIf(n, counts_as = 'won') AS won_deals,
    sumMapIf(map(currency, amount), counts_as = 'won' AND currency != '') AS won_amount
FROM counted
GROUP BY dimensions
