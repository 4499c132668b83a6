-- settled_credits: the touches of each submission by a contact, between two steps of a settlement (attribution/settling/README.md): those
-- who share a company get them from here, so that nobody holds the touches of all. first_touch and credit as in settled_journeys. Only
-- rows of the settlement that is going on are read.
CREATE TABLE IF NOT EXISTS settled_credits
(
    site_id                        LowCardinality(String),
    contact_id                     String,
    id                             String,
    first_touch                    String,
    credit                         String,
    kept_from                      DateTime64(3, 'UTC'),
    settlement                     UInt64
)
ENGINE = ReplacingMergeTree(settlement)
ORDER BY (site_id, contact_id, id)
TTL toDateTime(addMonths(toStartOfMonth(kept_from), 1)) + INTERVAL {retention_months} MONTH
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
