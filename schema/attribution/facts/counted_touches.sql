-- with: logged_touches, journeys
-- What counts in the range, placed by its touch under {data_point}; the range is of occurred_at (a visitor's is the beginning of the
-- range). A row is one thing, or (visitors) n things with the same touch. counts_as:
--   visitor     with a touch in the range: first_touch: by the earliest ever, else by the latest known one in the range, else
--               by the latest ({credit} last: always by the latest)
--   lead        a submission that created a contact
--   conversion  any other submission
--   company     a submission that created a company
--   deal        at its creation: by the contact's touch, else (first_touch and lead_creation) by the company's source
--   won         a deal at the time it was won, with its amount
--   open        a deal that is open now, at its creation, with its amount
-- touch is '' where none is known.
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
visited AS
(
    SELECT
        min(touch) AS earliest,
        maxIf(touch, in_range(at)) AS latest,
        maxIf(touch, in_range(at) AND known) AS latest_known,
        multiIf(
            {data_point:String} = 'first_touch', earliest,
            {credit:String} = 'last_non_direct' AND latest_known != '', latest_known,
            latest
        ) AS touch_of_visitor
    FROM logged_touches
    WHERE {data_point:String} = 'first_touch' OR in_range(at)
    GROUP BY visitor_id
    HAVING latest != ''
),
placed AS
(
    SELECT
        kind,
        contact_id,
        status,
        occurred_at,
        creates_contact,
        creates_company,
        contact_deals,
        won,
        won_at,
        amount,
        currency,
        multiIf(
            {data_point:String} = 'first_touch', contact_first_touch,
            {data_point:String} = 'lead_creation', contact_lead_creation,
            {data_point:String} = 'company_source' AND kind = 'deal' AND company_id != '', company_source,
            {data_point:String} = 'company_source', contact_company_source,
            kind = 'deal', contact_conversion,
            creates_contact, contact_lead_creation,
            credited
        ) AS own_touch,
        if(
            kind = 'deal' AND own_touch = '' AND {data_point:String} IN ('first_touch', 'lead_creation'),
            company_source,
            own_touch
        ) AS touch,
        if({data_point:String} = 'first_touch', contact_first_touch, company_source) AS touch_of_company
    FROM journeys
    WHERE kind != 'import'
),
counting AS
(
    SELECT
        'visitor' AS counts_as,
        1::UInt64 AS n,
        {since:DateTime64(3, 'UTC')} AS at,
        touch_of_visitor AS touch,
        '' AS contact_id,
        0::UInt64 AS deals,
        0::Decimal(38, 4) AS amount,
        '' AS currency
    FROM visited

    UNION ALL
    SELECT
        counts_as,
        1,
        if(counts_as = 'won', won_at, occurred_at),
        if(counts_as = 'company', touch_of_company, touch),
        contact_id,
        contact_deals,
        amount,
        currency
    FROM placed
    ARRAY JOIN arrayConcat(
        if(in_range(occurred_at), [multiIf(kind = 'deal', 'deal', creates_contact, 'lead', 'conversion')], []),
        if(in_range(occurred_at) AND creates_company, ['company'], []),
        if(in_range(won_at) AND won, ['won'], []),
        if(in_range(occurred_at) AND kind = 'deal' AND status = 'open', ['open'], [])
    ) AS counts_as
)
SELECT counts_as, n, at AS occurred_at, contact_id, deals AS contact_deals, amount, currency, touch
FROM counting
