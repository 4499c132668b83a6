-- Question: what did each saved campaign link bring?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             ['source','medium','campaign','term','content','utm_id']
--   data_point     by which touch everything is placed: first_touch, lead_creation, conversion or company_source
--   since, until   the range, UTC, half open
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   contacts       []  (everyone)
--
-- A row: one link of the registry (entry_id in table desk) that something came by. A touch is of the link
--   with its utm_id and its names (source, medium, campaign, term, content), else
--   with its utm_id, else
--   with its names;
-- of several the one that was saved first. Archived links count, too. "(no link)": the touch is of none of them. "(unattributed)": no touch is
-- known. Each visitor, lead, conversion and deal is in exactly one row. Names are those that the resolver gave the link when it was saved.
--
-- with: counted_touches
WITH
links AS
(
    SELECT
        entry_id,
        JSONExtractString(body, 'utm_id') AS link_utm_id,
        arrayStringConcat(JSONExtract(body, 'names', 'Array(String)'), '\0') AS link_names,
        (parseDateTime64BestEffortOrZero(JSONExtractString(body, 'created_at'), 3), entry_id) AS age
    FROM
    (
        SELECT entry_id, body, removed
        FROM desk
        WHERE site_id = {site:String} AND kind = 'link'
        ORDER BY entry_id, version DESC, changed_at, change_id
        LIMIT 1 BY entry_id
    )
    WHERE removed = 0
),
sums AS
(
    SELECT
        arrayStringConcat(arraySlice(splitByChar('\0', touch), 2, 5), '\0') AS names,
        splitByChar('\0', touch)[10] AS utm_id,
        touch != '' AS attributed,
        sumIf(n, counts_as = 'visitor') AS visitors,
        sumIf(n, counts_as = 'lead') AS leads,
        sumIf(n, counts_as = 'conversion') AS conversions,
        sumIf(n, counts_as = 'deal') AS deals,
        sumIf(n, counts_as = 'won') AS won_deals,
        sumMapIf(map(currency, amount), counts_as = 'won' AND currency != '') AS won_amount
    FROM counted_touches
    GROUP BY names, utm_id, attributed
),
linked AS
(
    SELECT
        sums.*,
        multiIf(
            NOT attributed, '(unattributed)',
            both.link != '', both.link,
            by_id.link != '', by_id.link,
            by_names.link != '', by_names.link,
            '(no link)'
        ) AS chosen
    FROM sums
    LEFT JOIN (SELECT link_utm_id, link_names, argMin(entry_id, age) AS link FROM links WHERE link_utm_id != '' GROUP BY link_utm_id, link_names) AS both
        ON both.link_utm_id = sums.utm_id AND both.link_names = sums.names
    LEFT JOIN (SELECT link_utm_id, argMin(entry_id, age) AS link FROM links WHERE link_utm_id != '' GROUP BY link_utm_id) AS by_id
        ON by_id.link_utm_id = sums.utm_id
    LEFT JOIN (SELECT link_names, argMin(entry_id, age) AS link FROM links GROUP BY link_names) AS by_names
        ON by_names.link_names = sums.names
)
SELECT
    chosen AS link_id,
    sum(linked.visitors) AS visitors,
    sum(linked.leads) AS leads,
    sum(linked.conversions) AS conversions,
    sum(linked.deals) AS deals,
    sum(linked.won_deals) AS won_deals,
    CAST(mapSort(sumMap(linked.won_amount)), 'Array(Tuple(String, Decimal(38, 4)))') AS won_amount
FROM linked
GROUP BY chosen
ORDER BY startsWith(link_id, '('), leads DESC, visitors DESC, link_id
