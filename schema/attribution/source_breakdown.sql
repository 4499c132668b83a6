-- Question: which sources brought visitors, leads, conversions, new companies, deals and money?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             the dimensions, any of source, medium, campaign, term, content, referrer_domain, channel
--   data_point     by which touch everything is placed: first_touch, lead_creation, conversion or company_source
--   since, until   the range, UTC, half open: submissions and deals by the time they were created, visitors by a touch in
--                  it, won deals by the time they were won
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   contacts       []  (everyone)
--
-- A row: one combination of the dimensions; those not asked for are ''. "(not set)": the touch has no such value.
-- "(unattributed)" in every dimension: no touch is known, for example a form sent without the snippet. Each visitor,
-- lead, conversion, company and deal is in exactly one row.
--
-- with: sums, labels_of
WITH
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
    sum(labelled.visitors) AS visitors,
    sum(labelled.leads) AS leads,
    sum(labelled.conversions) AS conversions,
    sum(labelled.companies) AS companies,
    sum(labelled.deals) AS deals,
    sum(labelled.won_deals) AS won_deals,
    CAST(mapSort(sumMap(labelled.won_amount)), 'Array(Tuple(String, Decimal(38, 4)))') AS won_amount
FROM labelled
GROUP BY labels, attributed
ORDER BY attributed DESC, leads DESC, conversions DESC, visitors DESC, deals DESC, labels
