-- reclassified: what a run of headwater reclassify found, until it is in touches and submissions: the new values of one touch (which =
-- 'touch'), or of one of the touches that travel in a submission ('first_touch', 'latest_touch'). Emptied by the run; at most 7 days.
CREATE TABLE IF NOT EXISTS reclassified
(
    site_id                        LowCardinality(String),
    reclassification_id            UUID,
    batch_at                       DateTime64(3, 'UTC'),
    which                          LowCardinality(String),
    record_id                      UUID,
    source                         String,
    medium                         String,
    campaign                       String,
    term                           String,
    content                        String,
    channel                        LowCardinality(String),
    referrer_domain                String,
    rule                           LowCardinality(String)
)
ENGINE = ReplacingMergeTree(batch_at)
PARTITION BY toYYYYMM(batch_at)
ORDER BY (site_id, reclassification_id, which, record_id)
TTL toDateTime(batch_at) + INTERVAL 7 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
