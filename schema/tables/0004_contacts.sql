-- contacts: people that the CRM knew already (imports). Every import of a contact at another creation time is a
-- row; the earliest created_at tells since when the contact existed. Partitioned by received_at: created_at may
-- be many years ago, and retention counts from the last import.
CREATE TABLE IF NOT EXISTS contacts
(
    site_id                        LowCardinality(String),
    import_id                      UUID,
    contact_id                     String,
    crm_id                         String,
    company_id                     String,
    company_name                   String,
    created_at                     DateTime64(3, 'UTC'),
    received_at                    DateTime64(3, 'UTC'),
    keep                           UInt64 MATERIALIZED 18446744073709551615 - toUnixTimestamp64Milli(received_at)
)
ENGINE = ReplacingMergeTree(keep)
PARTITION BY toYYYYMM(received_at)
ORDER BY (site_id, contact_id, import_id)
TTL toDateTime(received_at) + INTERVAL {retention_months} MONTH
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;
