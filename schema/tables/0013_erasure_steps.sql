-- erasure_steps: how far each erasure came in each place (ClickHouse, Redis, each collector's disk); the latest
-- changed_at counts. Kept as long as erasures: it is the proof.
CREATE TABLE IF NOT EXISTS erasure_steps
(
    site_id                        LowCardinality(String),
    erasure_id                     UUID,
    place                          String,
    state                          LowCardinality(String),
    counts                         Map(String, UInt64),
    erased_at                      DateTime64(3, 'UTC'),
    changed_at                     DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(changed_at)
PARTITION BY toYYYYMM(erased_at)
ORDER BY (site_id, erasure_id, place)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
