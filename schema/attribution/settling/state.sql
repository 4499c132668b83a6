-- How far the settled tables of {site} follow the others. complete: whether they have been made at all, lately enough that nothing has
-- left table changes since. What is new is of a block after from_block, or was logged from since on, which begins {margin} ms
-- before the last settlement did: an entry in changes may be seen a moment before what it tells of. Where the last settlement was not alone, what
-- all of them considered is considered again.
WITH
(
    SELECT argMax((complete, from_block, to_block, began_at, settlement), (ended_at, settlement)) FROM settlements WHERE site_id = {site:String}
) AS last,
(
    SELECT (count(), min(from_block), min(began_at)) FROM settlements
    WHERE site_id = {site:String} AND ended_at >= last.4 AND settlement != last.5
) AS beside,
if(beside.1 > 0, least(last.2, beside.2), last.3) AS position,
if(beside.1 > 0, least(last.4, beside.3), last.4) - toIntervalMillisecond({margin:UInt32}) AS new_from
SELECT
    last.1 AND last.4 > now64(3) - toIntervalHour(20) AS complete,
    position AS from_block,
    new_from AS since,
    countIf(kind = 'touch' AND (_block_number > position OR logged_at >= new_from)) AS touches,
    countIf(kind != 'touch' AND (_block_number > position OR logged_at >= new_from)) AS others,
    greatest(max(_block_number), position) AS to_block,
    toUInt64(toUnixTimestamp64Micro(now64(6))) AS settlement,
    now64(3, 'UTC') AS began_at
FROM changes
WHERE site_id = {site:String}
