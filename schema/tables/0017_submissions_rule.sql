-- submissions: the same columns as 0016 gave touches, rule for both of the touches that travel in a submission, and the same rule
-- of which row wins.
ALTER TABLE submissions
    ADD COLUMN IF NOT EXISTS first_touch_rule LowCardinality(String) AFTER first_touch_referrer_domain,
    ADD COLUMN IF NOT EXISTS latest_touch_rule LowCardinality(String) AFTER latest_touch_referrer_domain,
    ADD COLUMN IF NOT EXISTS reclassified_at DateTime64(3, 'UTC') DEFAULT toDateTime64(0, 3, 'UTC') AFTER suspicion,
    MODIFY COLUMN keep UInt64 MATERIALIZED 18446744073709551615 - if(greatest(judged_at, reclassified_at) = toDateTime64(0, 3, 'UTC'), toUnixTimestamp64Milli(received_at), 1000000000000 - intDiv(toUnixTimestamp64Milli(greatest(judged_at, reclassified_at)), 10));
