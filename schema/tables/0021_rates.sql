-- rates: what one unit of a currency was worth in another on a day. A later import replaces an earlier one by the same key.
CREATE TABLE IF NOT EXISTS rates
(
    site_id                        LowCardinality(String),
    date                           Date,
    from_currency                  LowCardinality(String),
    to_currency                    LowCardinality(String),
    rate                           Decimal(28, 14),
    received_at                    DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY toYYYYMM(date)
ORDER BY (site_id, from_currency, to_currency, date)
TTL toDateTime(received_at) + INTERVAL {retention_months} MONTH
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;
