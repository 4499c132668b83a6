-- companies: organisations that the CRM knew already (imports), as contacts are.
CREATE TABLE IF NOT EXISTS companies
(
    site_id                        LowCardinality(String),
    import_id                      UUID,
    company_id                     String,
    crm_id                         String,
    name                           String,
    name_key                       String,
    domain                         String,
    created_at                     DateTime64(3, 'UTC'),
    received_at                    DateTime64(3, 'UTC'),
    keep                           UInt64 MATERIALIZED 18446744073709551615 - toUnixTimestamp64Milli(received_at)
)
ENGINE = ReplacingMergeTree(keep)
PARTITION BY toYYYYMM(received_at)
ORDER BY (site_id, company_id, import_id)
TTL toDateTime(received_at) + INTERVAL {retention_months} MONTH
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;
