-- Question: how many leads are qualified, and how many deals were won and are open, in all? The report pipeline is held against these numbers, so they are counted in
-- another way: from the tables, without any touch.
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   since, until   the range, UTC, half open
--
-- A row: the one row there is. Its columns are those of pipeline.
--
-- with: deal_states, lead_statuses
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
sent AS
(
    SELECT contact_id, min(occurred_at) AS first_at
    FROM submissions FINAL
    WHERE site_id = {site:String}
      AND ({suspects:String} = 'include' OR suspicion = '')
      AND contact_id IN (SELECT contact_id FROM lead_statuses WHERE status = 'qualified')
    GROUP BY contact_id
),
imported AS
(
    SELECT contact_id, true AS known, min(created_at) AS known_since FROM contacts FINAL WHERE site_id = {site:String} GROUP BY contact_id
)
SELECT
    (SELECT count() FROM sent LEFT JOIN imported USING (contact_id) WHERE in_range(first_at) AND NOT (known AND known_since <= first_at)) AS qualified,
    countIf(won AND in_range(won_at)) AS won_deals,
    CAST(mapSort(sumMapIf(map(toString(currency), amount::Decimal(38, 4)), won AND in_range(won_at) AND currency != '')), 'Array(Tuple(String, Decimal(38, 4)))') AS won_amount,
    countIf(status = 'open' AND in_range(created_at)) AS open_deals,
    CAST(mapSort(sumMapIf(map(toString(currency), amount::Decimal(38, 4)), status = 'open' AND in_range(created_at) AND currency != '')), 'Array(Tuple(String, Decimal(38, 4)))') AS open_amount
FROM deal_states
