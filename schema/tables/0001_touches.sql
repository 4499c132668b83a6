-- touches: one row per arrival of a visitor. Immutable; a resend has the same touch_id and merges away, the
-- first received wins (keep grows as received_at falls). Partition and key come from values frozen at accept.
CREATE TABLE IF NOT EXISTS touches
(
    site_id                        LowCardinality(String),
    visitor_id                     UUID,
    touch_id                       UUID,
    occurred_at                    DateTime64(3, 'UTC'),
    utm_source                     String,
    utm_medium                     String,
    utm_campaign                   String,
    utm_term                       String,
    utm_content                    String,
    gclid                          String,
    gbraid                         String,
    wbraid                         String,
    msclkid                        String,
    fbclid                         String,
    ttclid                         String,
    twclid                         String,
    li_fat_id                      String,
    landing_page                   String,
    referrer                       String,
    source                         String,
    medium                         LowCardinality(String),
    campaign                       String,
    term                           String,
    content                        String,
    channel                        LowCardinality(String),
    referrer_domain                String,
    snippet_version                LowCardinality(String),
    received_at                    DateTime64(3, 'UTC'),
    INDEX visitor                  visitor_id TYPE bloom_filter GRANULARITY 1,
    keep                           UInt64 MATERIALIZED 18446744073709551615 - toUnixTimestamp64Milli(received_at)
)
ENGINE = ReplacingMergeTree(keep)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (site_id, touch_id)
TTL toDateTime(occurred_at) + INTERVAL {retention_months} MONTH
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;
