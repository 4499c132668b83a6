-- with: ledger
-- A row per thing that touches may have led to, of the kinds that {outcomes} names, at any time:
--   outcome     leads, conversions, deals (at their creation), won_deals (when they were won)
--   contact_id  whose touches led to it; of a deal its primary contact, else the contact whose submission created its company; '' where
--               there is nobody
--   amount      of a won deal, else 0
WITH
owned AS
(
    SELECT
        kind,
        id,
        occurred_at,
        creates_contact,
        won,
        won_at,
        amount,
        currency,
        if(contact_id != '', contact_id, anyIf(contact_id, creates_company) OVER (PARTITION BY company_id)) AS owner
    FROM ledger
)
SELECT
    outcome,
    id,
    if(outcome = 'won_deals', won_at, occurred_at) AS at,
    owner AS contact_id,
    if(outcome = 'won_deals' AND currency != '', amount, 0) AS amount,
    if(outcome = 'won_deals', currency, '') AS currency
FROM owned
ARRAY JOIN arrayFilter(
    outcome -> has({outcomes:Array(String)}, outcome),
    multiIf(
        kind = 'submission', [if(creates_contact, 'leads', 'conversions')],
        kind = 'deal' AND won, ['deals', 'won_deals'],
        kind = 'deal', ['deals'],
        []
    )
) AS outcome
