-- Question: which websites send the visitors who become leads?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             ['referrer_domain']
--   data_point     by which touch everything is placed: first_touch, lead_creation, conversion or company_source
--   since, until   the range, UTC, half open
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   contacts       []  (everyone)
--   limit          the number of rows; 0 for all
--
-- A row: one referring domain. "(not set)": arrivals without a referrer, such as direct ones and most e-mail. "(unattributed)":
-- no touch is known. share is of all leads; NULL where there is none.
--
-- with: counted, labels_of
WITH
sums AS
(
    SELECT dimensions, sumIf(n, counts_as = 'visitor') AS visitors, sumIf(n, counts_as = 'lead') AS leads
    FROM counted
    WHERE counts_as IN ('visitor', 'lead')
    GROUP BY dimensions
)
SELECT
    labels_of(dimensions)[6] AS referrer_domain,
    sum(sums.visitors) AS visitors,
    sum(sums.leads) AS leads,
    if(sum(leads) OVER () > 0, round(leads / sum(leads) OVER (), 6), NULL) AS share
FROM sums
GROUP BY referrer_domain, dimensions != '' AS attributed
ORDER BY leads DESC, visitors DESC, attributed DESC, referrer_domain
LIMIT if({limit:UInt32} = 0, 4294967295, {limit:UInt32})
