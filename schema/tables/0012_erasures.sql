-- erasures: tombstones, one row for each id of a person who was erased. What came before erased_at must not come
-- back from a replay, a resend, a backup or the CRM; so rows stay for as long as the installation. The ids are
-- keyed or random, and no row holds an address or a name.
CREATE TABLE IF NOT EXISTS erasures
(
    site_id                        LowCardinality(String),
    erasure_id                     UUID,
    kind                           LowCardinality(String),
    subject                        String,
    erased_at                      DateTime64(3, 'UTC'),
    erased_by                      String,
    reason                         String,
    recorded_at                    DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(recorded_at)
PARTITION BY toYYYYMM(erased_at)
ORDER BY (site_id, kind, subject, erasure_id)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
