-- submissions: the same columns as 0011 gave touches, and the same rule of which row wins.
ALTER TABLE submissions
    ADD COLUMN IF NOT EXISTS verdict LowCardinality(String) DEFAULT '' AFTER suspect,
    ADD COLUMN IF NOT EXISTS judged_at DateTime64(3, 'UTC') DEFAULT toDateTime64(0, 3, 'UTC') AFTER verdict,
    ADD COLUMN IF NOT EXISTS suspicion LowCardinality(String) ALIAS multiIf(verdict = '', suspect, verdict = 'clear', '', verdict) AFTER judged_at,
    MODIFY COLUMN keep UInt64 MATERIALIZED 18446744073709551615 - if(judged_at = toDateTime64(0, 3, 'UTC'), toUnixTimestamp64Milli(received_at), 1000000000000 - intDiv(toUnixTimestamp64Milli(judged_at), 10));
