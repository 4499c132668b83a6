-- How far the settled tables of {site} follow the others. complete: whether they have been made at all, lately enough that nothing has
-- left table changes since. What is new is of a block after from_block, or was logged from since on, which begins {margin} ms
-- before the last settlement did: an entry in changes may be seen a moment before what it tells of. Where the last settlement was not alone, what
-- all of them considered is considered again.
WITH
(
    SELECT
        (
            last.1 AND last.4 > now64(3) - toIntervalHour(20),
            if(empty(beside), last.3, least(last.2, arrayMin(one -> one.2, beside))),
            if(empty(beside), last.4, least(last.4, arrayMin(one -> one.4, beside))) - toIntervalMillisecond({margin:UInt32})
        )
    FROM
    (
        SELECT
            argMax((complete, from_block, to_block, began_at, settlement), (ended_at, settlement)) AS last,
            arrayFilter(one -> one.6 >= last.4 AND one.5 != last.5, groupArray((complete, from_block, to_block, began_at, settlement, ended_at))) AS beside
        FROM (SELECT * FROM settlements WHERE site_id = {site:String} ORDER BY site_id DESC, settlement DESC LIMIT 1000)
    )
) AS state
SELECT
    state.1 AS complete,
    state.2 AS from_block,
    state.3 AS since,
    countIf(kind = 'touch') AS touches,
    countIf(kind != 'touch') AS others,
    greatest(max(_block_number), from_block) AS to_block,
    toUInt64(toUnixTimestamp64Micro(now64(6))) AS settlement,
    now64(3, 'UTC') AS began_at
FROM changes
WHERE site_id = {site:String}
  AND logged_at >= state.3 - toIntervalMinute(10) -- no insert takes longer to be seen, and the key finds these
  AND (_block_number > state.2 OR logged_at >= state.3)
