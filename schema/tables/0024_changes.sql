-- changes: what was inserted into the other tables, by key, for the day that comes: which visitors, contacts and companies the
-- settled tables must be brought up to date for (settling/README.md). Views fill it with every insert; _block_number tells what is new.
CREATE TABLE IF NOT EXISTS changes
(
    site_id                        LowCardinality(String),
    kind                           LowCardinality(String),
    id                             String,
    touch_id                       UUID,
    visitor_id                     UUID,
    contact_id                     String,
    company_ids                    Array(String),
    logged_at                      DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY (site_id, logged_at)
TTL toDateTime(logged_at) + INTERVAL 1 DAY
SETTINGS enable_block_number_column = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
