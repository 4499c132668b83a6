-- submission_fields: what people typed into forms. The one table with personal text: apart from attribution,
-- can be switched off per site (drop_fields), and is what an erasure removes first.
CREATE TABLE IF NOT EXISTS submission_fields
(
    site_id                        LowCardinality(String),
    submission_id                  UUID,
    contact_id                     String,
    occurred_at                    DateTime64(3, 'UTC'),
    fields                         Map(String, String),
    received_at                    DateTime64(3, 'UTC'),
    keep                           UInt64 MATERIALIZED 18446744073709551615 - toUnixTimestamp64Milli(received_at)
)
ENGINE = ReplacingMergeTree(keep)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (site_id, submission_id)
TTL toDateTime(occurred_at) + INTERVAL {retention_months} MONTH
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;
