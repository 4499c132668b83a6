-- settled_touches: every touch once, beside its visitor's others, so that counting visitors needs no look at all of a visitor's
-- touches. Made from touches (settling/README.md). Among the touches of one visitor that nobody doubts:
--   known                whether it is not direct
--   next_at              when the visitor's next touch was; 2200-01-01 for none
--   counts_until         of a known touch when the next known one was, of a direct one next_at: in a range that begins before the touch,
--                        and ends after it but not after counts_until, it is the visitor's latest known touch, or the
--                        latest, if then previous_known_at is before the range. 1970 where the touch is under suspicion or has no visitor
--   previous_known_at    when the latest known touch before it was; 1970-01-01 for none
--   dimensions           source, medium, campaign, term, content, referrer_domain and channel with NUL between them
--   first_dimensions     those of the visitor's earliest touch
-- The row with the latest settlement counts, unless it is removed. A touch that gets another counts_until is another row of another
-- partition, and the one that it had is removed: so a range that ends now reads only the partition of what has no end.
CREATE TABLE IF NOT EXISTS settled_touches
(
    site_id                        LowCardinality(String),
    visitor_id                     UUID,
    touch_id                       UUID,
    occurred_at                    DateTime64(3, 'UTC'),
    known                          Bool,
    next_at                        DateTime64(3, 'UTC'),
    counts_until                   DateTime64(3, 'UTC'),
    previous_known_at              DateTime64(3, 'UTC'),
    dimensions                     LowCardinality(String),
    first_dimensions               LowCardinality(String),
    suspicion                      LowCardinality(String),
    removed                        Bool,
    settlement                     UInt64,
    INDEX touch                    touch_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(settlement)
PARTITION BY toYYYYMM(counts_until)
ORDER BY (site_id, visitor_id, touch_id)
TTL toDateTime(addMonths(toStartOfMonth(occurred_at), 1)) + INTERVAL {retention_months} MONTH
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
