-- Question: which sources bring the leads that become deals, and how sure is that?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             the dimensions, any of source, medium, campaign, term, content, referrer_domain, channel
--   data_point     by which touch a lead is placed: first_touch, lead_creation or company_source (conversion: lead_creation)
--   since, until   the range of the leads' creation, UTC, half open
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   contacts       []  (everyone)
--
-- A row: one combination of the dimensions; those not asked for are ''. "(not set)" and "(unattributed)" as in
-- source_breakdown. A lead counts as having a deal if it is the primary contact of one, whenever created and whatever
-- became of it: the leads of the range are followed, not the deals of the range.
--   share              leads / all leads
--   rate               leads_with_deal / leads; rate_low, rate_high: its 95 % interval (facts/wilson.sql)
--   rest_rate          the same rate of all other leads; NULL where there are none
--   lift               rate / rest_rate, so 1.3 is "30 % more than the rest"; NULL where rest_rate is NULL or 0
--   lift_low, _high    its 95 % interval (facts/lifted.sql); NULL also where no lead of the row, or none of the rest, has a deal
--
-- with: counted, labels_of, wilson, lifted
WITH
sums AS
(
    SELECT dimensions, count() AS leads, countIf(contact_deals > 0) AS leads_with_deal, sum(contact_deals) AS deals_of_leads
    FROM counted
    WHERE counts_as = 'lead'
    GROUP BY dimensions
),
grouped AS
(
    SELECT
        labels_of(dimensions) AS labels,
        dimensions != '' AS attributed,
        sum(sums.leads) AS leads,
        sum(sums.leads_with_deal) AS leads_with_deal,
        sum(sums.deals_of_leads) AS deals_of_leads
    FROM sums
    GROUP BY labels, attributed
),
compared AS
(
    SELECT
        *,
        sum(leads) OVER () - leads AS rest,
        sum(leads_with_deal) OVER () - leads_with_deal AS rest_with_deal
    FROM grouped
)
SELECT
    labels[1] AS source,
    labels[2] AS medium,
    labels[3] AS campaign,
    labels[4] AS term,
    labels[5] AS content,
    labels[6] AS referrer_domain,
    labels[7] AS channel,
    leads,
    round(leads / (leads + rest), 6) AS share,
    leads_with_deal,
    deals_of_leads,
    round(leads_with_deal / leads, 6) AS rate,
    wilson(leads_with_deal, leads)[1] AS rate_low,
    wilson(leads_with_deal, leads)[2] AS rate_high,
    if(rest > 0, round(rest_with_deal / rest, 6), NULL) AS rest_rate,
    lifted(leads_with_deal, leads, rest_with_deal, rest)[1] AS lift,
    lifted(leads_with_deal, leads, rest_with_deal, rest)[2] AS lift_low,
    lifted(leads_with_deal, leads, rest_with_deal, rest)[3] AS lift_high
FROM compared
ORDER BY attributed DESC, leads DESC, leads_with_deal DESC, labels
