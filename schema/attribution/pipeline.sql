-- Question: which sources brought the leads that are qualified, the deals that were won, and those that are still open?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             the dimensions, any of source, medium, campaign, term, content, referrer_domain, channel
--   data_point     by which touch deals are placed: first_touch, lead_creation, conversion or company_source
--   since, until   the range, UTC, half open: leads and open deals by the time they were created, won ones by the
--                  time they were won
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   contacts       []  (everyone)
--
-- A row: one combination of the dimensions that has any of them. "(not set)" and "(unattributed)" as in source_breakdown. Qualified is
-- what a contact's lead status is now, open what the latest change of a deal says now, whatever it was within the range.
--
-- with: counted, labels_of, lead_statuses
WITH
sums AS
(
    SELECT
        dimensions,
        sumIf(n, counts_as = 'lead') AS qualified,
        sumIf(n, counts_as = 'won') AS won_deals,
        sumMapIf(map(currency, amount), counts_as = 'won' AND currency != '') AS won_amount,
        sumIf(n, counts_as = 'open') AS open_deals,
        sumMapIf(map(currency, amount), counts_as = 'open' AND currency != '') AS open_amount
    FROM counted
    WHERE counts_as IN ('won', 'open') OR counts_as = 'lead' AND contact_id IN (SELECT contact_id FROM lead_statuses WHERE status = 'qualified')
    GROUP BY dimensions
),
labelled AS
(
    SELECT *, labels_of(dimensions) AS labels, dimensions != '' AS attributed FROM sums
)
SELECT
    labels[1] AS source,
    labels[2] AS medium,
    labels[3] AS campaign,
    labels[4] AS term,
    labels[5] AS content,
    labels[6] AS referrer_domain,
    labels[7] AS channel,
    sum(labelled.qualified) AS qualified,
    sum(labelled.won_deals) AS won_deals,
    CAST(mapSort(sumMap(labelled.won_amount)), 'Array(Tuple(String, Decimal(38, 4)))') AS won_amount,
    sum(labelled.open_deals) AS open_deals,
    CAST(mapSort(sumMap(labelled.open_amount)), 'Array(Tuple(String, Decimal(38, 4)))') AS open_amount
FROM labelled
GROUP BY labels, attributed
ORDER BY attributed DESC, qualified DESC, won_deals DESC, open_deals DESC, labels
