-- settled_paths: what became of each contact, and all of its touches, so that a path needs no look at anybody else's. Made from
-- settled_journeys and touches (attribution/settling/README.md), without what is under suspicion. A row per contact that sent a form or
-- has a deal, and per deal that leads to nobody (contact_id '', deal_id).
--   outcomes     leads, conversions, deals, won_deals, as attribution/facts/outcomes.sql has them, with their times, amounts and currencies
--   times        of the touches, in their order; known: which are not direct
--   dimensions   as in settled_touches; landing_pages without query and fragment
-- The row with the latest settlement counts, unless it is removed. Retention counts from kept_from, the latest outcome.
CREATE TABLE IF NOT EXISTS settled_paths
(
    site_id                        LowCardinality(String),
    contact_id                     String,
    deal_id                        String,
    outcomes                       Array(LowCardinality(String)),
    outcome_times                  Array(DateTime64(3, 'UTC')),
    amounts                        Array(Decimal(38, 4)),
    currencies                     Array(LowCardinality(String)),
    times                          Array(DateTime64(3, 'UTC')),
    known                          Array(Bool),
    dimensions                     Array(LowCardinality(String)),
    landing_pages                  Array(LowCardinality(String)),
    kept_from                      DateTime64(3, 'UTC'),
    removed                        Bool,
    settlement                     UInt64
)
ENGINE = ReplacingMergeTree(settlement)
ORDER BY (site_id, contact_id, deal_id)
TTL toDateTime(addMonths(toStartOfMonth(kept_from), 1)) + INTERVAL {retention_months} MONTH
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
