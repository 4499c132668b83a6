-- with: journeys
-- A row per lead created in the range, with what became of it, whenever that was: deals has (created_at, won, won_at, amount, currency) of
-- each deal whose primary contact the lead is. It is placed by its touch under {data_point} (conversion: as lead_creation); labels
-- as in counted.
WITH
leads AS
(
    SELECT
        contact_id,
        anyIf(journeys.occurred_at, creates_contact) AS created_at,
        anyIf(
            multiIf({data_point:String} = 'first_touch', contact_first_touch, {data_point:String} = 'company_source', contact_company_source, contact_lead_creation),
            creates_contact
        ) AS touch,
        groupArrayIf((journeys.occurred_at, won, won_at, toDecimal128(amount, 4), toString(currency)), kind = 'deal') AS deals
    FROM journeys
    WHERE contact_id != '' AND (creates_contact OR kind = 'deal')
    GROUP BY contact_id
    HAVING countIf(creates_contact AND journeys.occurred_at >= {since:DateTime64(3, 'UTC')} AND journeys.occurred_at < {until:DateTime64(3, 'UTC')}) > 0
)
SELECT
    created_at,
    deals,
    touch != '' AS attributed,
    arrayMap(
        (dimension, value) -> multiIf(NOT has({by:Array(String)}, dimension), '', NOT attributed, '(unattributed)', value = '', '(not set)', value),
        ['source', 'medium', 'campaign', 'term', 'content', 'referrer_domain', 'channel'],
        arrayResize(arraySlice(splitByChar('\0', touch), 2), 7)
    ) AS labels
FROM leads
