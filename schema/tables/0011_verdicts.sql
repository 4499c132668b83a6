-- verdicts: an operator's word about one touch or submission (kind), over its own column suspect: '' where it is cleared.
-- The latest word counts. The records stay as they are, so that neither a resend nor a replay can undo a verdict.
CREATE TABLE IF NOT EXISTS verdicts
(
    site_id                        LowCardinality(String),
    kind                           LowCardinality(String),
    record_id                      UUID,
    suspect                        LowCardinality(String),
    decided_at                     DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(decided_at)
PARTITION BY toYYYYMM(decided_at)
ORDER BY (site_id, kind, record_id)
TTL toDateTime(decided_at) + INTERVAL {retention_months} MONTH
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;
