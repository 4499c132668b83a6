-- with: contact_touches, is_next
-- Writes the rows of settled_paths: of the contacts and deals whose journeys this settlement has written.
INSERT INTO settled_paths (site_id, contact_id, deal_id, outcomes, outcome_times, amounts, currencies, times, known, dimensions, landing_pages, kept_from, removed, settlement)
SELECT
    {site:String},
    owner,
    deal,
    happened.1,
    happened.2,
    happened.3,
    happened.4,
    arrayMap(touch -> fromUnixTimestamp64Milli(toInt64OrZero(substring(touch, 1, 15)), 'UTC'), touches),
    arrayMap(touch -> substring(touch, 52, 1) = '1', touches),
    arrayMap(touch -> arrayStringConcat(arraySlice(splitByChar('\0', touch), 2, 7), '\0'), touches),
    arrayMap(touch -> cutQueryStringAndFragment(splitByChar('\0', touch)[9]), touches),
    latest,
    false,
    {settlement:UInt64}
FROM
(
    SELECT
        if(contact_id != '', contact_id, company_creation.1) AS owner,
        if(owner = '', id, '') AS deal,
        arraySort(groupArray(one)) AS happened,
        max(kept_from) AS latest
    FROM settled_journeys
    ARRAY JOIN arrayConcat(
        [(multiIf(kind = 'deal', 'deals', creates_contact, 'leads', 'conversions'), occurred_at, toDecimal128(0, 4), '')],
        if(kind = 'deal' AND won, [('won_deals', won_at, if(currency = '', toDecimal128(0, 4), amount), toString(currency))], [])
    ) AS one
    WHERE site_id = {site:String} AND settlement = {settlement:UInt64} AND NOT removed AND kind != 'import' AND is_next(owner)
    GROUP BY owner, deal
) AS became
LEFT JOIN contact_touches ON contact_touches.contact_id = became.owner
