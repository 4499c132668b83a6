-- The visits that a slice of the invented visitors make: a row per touch, in the visitor's order. It is text that goes before
-- the statements of touches.sql and submissions.sql, so that both mean the same touches.
--
-- Everything follows from {seed}, the visitor's number v and the touch's number j; nothing is random. Visitors are numbered by
-- the time at which they come first, so that a slice of them lies in few partitions, as real arrivals do.
--   visitors, first, count   how many there are in all; the slice
--   since, until             the year
--   of                       which of the slice: everybody, senders (who send a form), again (some of whose touches come twice)
-- seed_numbers holds what Go computed: moments (seconds after since by which each 1024th of the visitors has come first:
-- seasons, weekdays), hours (of the day), counts (touches of a visitor, 20 of them: 100), ways (1024 for each month).
WITH
(SELECT numbers FROM seed_numbers WHERE name = 'moments') AS moments,
(SELECT numbers FROM seed_numbers WHERE name = 'hours') AS hours,
(SELECT numbers FROM seed_numbers WHERE name = 'counts') AS counts,
(SELECT numbers FROM seed_numbers WHERE name = 'ways') AS ways,
toUnixTimestamp64Milli({since:DateTime64(3, 'UTC')}) AS begins,
toUnixTimestamp64Milli({until:DateTime64(3, 'UTC')}) AS ends,
visitors AS
(
    SELECT
        number AS v,
        cityHash64({seed:UInt64}, v) AS h,
        counts[(v * 7 + intDiv(v, 20)) % 20 + 1] AS arrivals,
        (v + 0.5) / {visitors:UInt64} * 1024 AS position,
        toUInt32(position) AS slot,
        moments[slot + 1] + (position - slot) * (moments[slot + 2] - moments[slot + 1]) AS came_at,
        begins + 86400000 * intDiv(toUInt64(came_at), 86400) + 3600000 * hours[h % 64 + 1] + intDiv(h, 64) % 3600000 AS starts,
        -- Whoever would return after the end of the year returns earlier.
        arraySort(arrayMap(
            gap -> if(starts + gap < ends, gap, gap % greatest(ends - starts, 1)),
            arrayCumSum(arrayMap(
                j -> if(j = 0, 0, 2700000 + toUInt64(-log((cityHash64(h, j) % 1000000 + 1) / 1000000) * 432000000)),
                range(arrivals)
            ))
        )) AS gaps,
        v % 8 = 5 AND intDiv(h, 8) % 4 = 0 AS is_bot,
        reinterpret(bitOr(bitShiftLeft(toUInt128(bitOr(bitAnd(cityHash64(h, 'visitor'), 0x3FFFFFFFFFFFFFFF), 0x8000000000000000)), 64),
            toUInt128(bitOr(bitShiftLeft(toUInt64(starts), 16), 0x7000 + h % 4096))), 'UUID') AS visitor_id
    FROM numbers({first:UInt64}, {count:UInt64})
    WHERE multiIf({of:String} = 'again', h % 40 = 0, {of:String} = 'senders', v % 8 = 3, true)
),
visits AS
(
    SELECT
        v,
        h,
        j,
        is_bot,
        visitor_id,
        starts + gap AS ms,
        fromUnixTimestamp64Milli(toInt64(ms), 'UTC') AS at,
        cityHash64(h, j, 'touch') AS x,
        reinterpret(bitOr(bitShiftLeft(toUInt128(bitOr(bitAnd(cityHash64(x, 1), 0x3FFFFFFFFFFFFFFF), 0x8000000000000000)), 64),
            toUInt128(bitOr(bitShiftLeft(toUInt64(ms), 16), 0x7000 + x % 4096))), 'UUID') AS touch_id,
        -- A third of those who know the way come back by themselves (way 0).
        if(j > 0 AND intDiv(x, 1024) % 3 = 0, 0, ways[dateDiff('month', {since:DateTime64(3, 'UTC')}, at) * 1024 + x % 1024 + 1]) AS way
    FROM visitors
    ARRAY JOIN gaps AS gap, arrayEnumerate(gaps) AS place, range(length(gaps)) AS j
)
