-- settlements: how far the settled tables follow the others, for each site: to_block is the last block of changes that was
-- considered. complete is 0 while the tables of the site are made from nothing. The latest to end counts.
CREATE TABLE IF NOT EXISTS settlements
(
    site_id                        LowCardinality(String),
    settlement                     UInt64,
    complete                       Bool,
    from_block                     UInt64,
    to_block                       UInt64,
    began_at                       DateTime64(3, 'UTC'),
    ended_at                       DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (site_id, settlement)
TTL toDateTime(ended_at) + INTERVAL 7 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
