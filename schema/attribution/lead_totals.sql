-- Question: how many leads came in all, and what became of them? partner_performance and cohorts are held against these numbers, so
-- they are counted in another way: from the tables, without any touch and without the ledger.
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   since, until   the range of the leads' creation, UTC, half open
--   zone           the time zone in which days of rates begin
--   currency       an ISO 4217 code in which amounts are wanted, or '' for each in its own
--   rate_days      how many days old a rate may be
--
-- A row: the one row there is. deals, won_deals and won_amount are of deals whose primary contact is one of the leads, whenever they were
-- created or won. suspect_touches and suspect_submissions as in totals.
--
-- with: overall, new_contacts, deal_states, exchange, converted
WITH
their_deals AS
(
    SELECT won, toDate(won_at, {zone:String}) AS day, amount, currency AS own
    FROM deal_states
    WHERE contact_id IN (SELECT contact_id FROM new_contacts WHERE is_lead)
),
money AS
(
    SELECT
        countIf(won) AS won_deals,
        CAST(mapSort(sumMapIf(map(of_deal.1, of_deal.2), won AND of_deal.1 != '')), 'Array(Tuple(String, Decimal(38, 4)))') AS won_amount
    FROM
    (
        SELECT won, converted(amount, own, their_deals.day, exchange.worth, exchange.day) AS of_deal
        FROM their_deals
        ASOF LEFT JOIN exchange ON exchange.currency = their_deals.own AND exchange.day <= their_deals.day
    )
)
SELECT
    leads,
    leads_with_deal,
    deals_of_leads AS deals,
    money.won_deals AS won_deals,
    money.won_amount AS won_amount,
    suspect_touches,
    suspect_submissions
FROM overall
CROSS JOIN money
