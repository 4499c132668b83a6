-- touches: verdict is what an operator says to suspect: '' nothing, 'clear', or a suspicion; suspicion is the one in force, '' for
-- none. A verdict is a copy of the row with verdict and judged_at, which no collector fills. keep makes the copy win against the row
-- itself, however often that is sent or replayed, and the latest verdict against earlier ones: 1000000000000 (milliseconds, in 2001)
-- is before anything was received. Rows from before have '' and 1970.
ALTER TABLE touches
    ADD COLUMN IF NOT EXISTS verdict LowCardinality(String) DEFAULT '' AFTER suspect,
    ADD COLUMN IF NOT EXISTS judged_at DateTime64(3, 'UTC') DEFAULT toDateTime64(0, 3, 'UTC') AFTER verdict,
    ADD COLUMN IF NOT EXISTS suspicion LowCardinality(String) ALIAS multiIf(verdict = '', suspect, verdict = 'clear', '', verdict) AFTER judged_at,
    MODIFY COLUMN keep UInt64 MATERIALIZED 18446744073709551615 - if(judged_at = toDateTime64(0, 3, 'UTC'), toUnixTimestamp64Milli(received_at), 1000000000000 - intDiv(toUnixTimestamp64Milli(judged_at), 10));
