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
--   rate               leads_with_deal / leads; rate_low, rate_high: its 95 % interval (Wilson score interval; E. B. Wilson,
--                      JASA 22, 1927): (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n), z = 1.959964
--   rest_rate          the same rate of all other leads; NULL where there are none
--   lift               rate / rest_rate, so 1.3 is "30 % more than the rest"; NULL where rest_rate is NULL or 0
--   lift_low, _high    its 95 % interval (Katz log interval; D. Katz et al., Biometrics 34, 1978):
--                      lift × exp(± z √(1/a - 1/n + 1/c - 1/m)), a of n leads here, c of m of the rest; NULL where a or c is 0
--
-- with: counted, labels_of
WITH
1.959963984540054 AS z,
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
        sum(leads_with_deal) OVER () - leads_with_deal AS rest_with_deal,
        leads / (leads + rest) AS share,
        leads_with_deal / leads AS rate,
        if(rest > 0, rest_with_deal / rest, NULL) AS rest_rate,
        if(rest_with_deal > 0, rate / rest_rate, NULL) AS lift,
        z * sqrt(rate * (1 - rate) / leads + z * z / (4 * leads * leads)) AS wilson,
        if(
            leads_with_deal > 0 AND rest_with_deal > 0,
            z * sqrt(1 / leads_with_deal - 1 / leads + 1 / rest_with_deal - 1 / rest),
            NULL
        ) AS katz
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
    round(share, 6) AS share,
    leads_with_deal,
    deals_of_leads,
    round(rate, 6) AS rate,
    round(greatest(0, (rate + z * z / (2 * leads) - wilson) / (1 + z * z / leads)), 6) AS rate_low,
    round(least(1, (rate + z * z / (2 * leads) + wilson) / (1 + z * z / leads)), 6) AS rate_high,
    round(rest_rate, 6) AS rest_rate,
    round(lift, 6) AS lift,
    round(lift * exp(-katz), 6) AS lift_low,
    round(lift * exp(katz), 6) AS lift_high
FROM compared
ORDER BY attributed DESC, leads DESC, leads_with_deal DESC, labels
