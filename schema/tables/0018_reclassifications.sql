-- reclassifications: the journal of headwater reclassify: how far a run came in each month of each table. A row is written before the
-- batch that it tells of is put in, so that a run that was killed goes on where it was; the latest changed_at counts. moved counts, by
-- "from > to", what got other values.
CREATE TABLE IF NOT EXISTS reclassifications
(
    site_id                        LowCardinality(String),
    reclassification_id            UUID,
    part                           LowCardinality(String),
    since                          DateTime64(3, 'UTC'),
    until                          DateTime64(3, 'UTC'),
    rules                          String,
    state                          LowCardinality(String),
    cursor                         UUID,
    batch_at                       DateTime64(3, 'UTC'),
    looked                         UInt64,
    moved                          Map(String, UInt64),
    changed_at                     DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(changed_at)
PARTITION BY toYYYYMM(since)
ORDER BY (site_id, reclassification_id, part)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
