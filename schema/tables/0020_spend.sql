-- spend: what campaigns cost, a row for each day, source, medium, campaign and currency. A later import replaces an earlier
-- one by the same key; 0 takes it back. date is the day as the advertising account counts it. source to channel
-- are resolved as those of touches are; utm_* is the text as it was sent.
CREATE TABLE IF NOT EXISTS spend
(
    site_id                        LowCardinality(String),
    date                           Date,
    source                         LowCardinality(String),
    medium                         LowCardinality(String),
    campaign                       LowCardinality(String),
    channel                        LowCardinality(String),
    amount                         Decimal(18, 4),
    currency                       LowCardinality(String),
    clicks                         UInt64,
    impressions                    UInt64,
    utm_source                     String,
    utm_medium                     String,
    utm_campaign                   String,
    received_at                    DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY toYYYYMM(date)
ORDER BY (site_id, date, source, medium, campaign, currency)
TTL toDateTime(received_at) + INTERVAL {retention_months} MONTH
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;
