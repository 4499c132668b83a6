-- Deals: one of each tenth submission, in two currencies: opened within weeks, nearly half won and a third lost within months, the
-- others open. A row per change.
INSERT INTO deals (site_id, deal_id, change_id, status, stage, amount, currency, contact_id, contact_crm_id, company_id, created_at, won_at, changed_at, received_at)
WITH
sent AS
(
    SELECT contact_id, company_id, occurred_at, cityHash64({seed:UInt64}, submission_id) AS h
    FROM submissions
    WHERE site_id = {site:String} AND snippet_version = 'seed' AND h % 10 = 0
),
opened AS
(
    SELECT
        *,
        concat('D-', toString(h)) AS id,
        occurred_at + toIntervalHour(48 + intDiv(h, 10) % 600) AS opened_at,
        toDecimal64(1500 + 100 * intDiv(toUInt64(-log((intDiv(h, 11) % 10000 + 1) / 10000) * 9000), 100), 4) AS price,
        if(intDiv(company_number, 4) % 5 = 0, 'NOK', 'EUR') AS money,
        cityHash64(company_id) AS company_number,
        arrayFilter(change -> change.2 < {until:DateTime64(3, 'UTC')}, [
            ('open', opened_at, 'qualified'),
            ('open', opened_at + toIntervalDay(9), 'proposal'),
            (multiIf(h % 1000 < 450, 'won', h % 1000 < 800, 'lost', 'open'), opened_at + toIntervalDay(15 + intDiv(h, 13) % 60), multiIf(h % 1000 < 450, 'signed', h % 1000 < 800, 'lost', 'proposal'))
        ]) AS changes
    FROM sent
)
SELECT
    {site:String},
    id,
    reinterpret(sipHash128(id, change.3, change.2), 'UUID'),
    change.1,
    change.3,
    price,
    money,
    contact_id,
    '',
    company_id,
    opened_at,
    if(change.1 = 'won', change.2, toDateTime64(0, 3, 'UTC')),
    change.2,
    change.2
FROM opened
ARRAY JOIN changes AS change
