-- nodes: the collectors, since an erasure ends only when each has cleaned its disk. A node that says nothing for
-- 30 days is forgotten.
CREATE TABLE IF NOT EXISTS nodes
(
    node                           String,
    gone                           UInt8,
    seen_at                        DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(seen_at)
ORDER BY node
TTL toDateTime(seen_at) + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
