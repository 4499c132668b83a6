-- deals: every change of every deal; the present state is the latest change (changed_at, received_at). The same
-- change sent again has the same change_id and merges away. created_at and won_at are 1970-01-01 where the CRM
-- did not say. Here the last received wins: a change back to an earlier state on the same day is the latest.
CREATE TABLE IF NOT EXISTS deals
(
    site_id                        LowCardinality(String),
    deal_id                        String,
    change_id                      UUID,
    status                         Enum8('open' = 1, 'won' = 2, 'lost' = 3),
    stage                          LowCardinality(String),
    amount                         Decimal(18, 4),
    currency                       LowCardinality(String),
    contact_id                     String,
    contact_crm_id                 String,
    company_id                     String,
    created_at                     DateTime64(3, 'UTC'),
    won_at                         DateTime64(3, 'UTC'),
    changed_at                     DateTime64(3, 'UTC'),
    received_at                    DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY toYYYYMM(received_at)
ORDER BY (site_id, deal_id, change_id)
TTL toDateTime(received_at) + INTERVAL {retention_months} MONTH
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;
