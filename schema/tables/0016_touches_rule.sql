-- touches: rule says why a touch is named as it is ('' in rows from before). reclassified_at is when the resolved values were
-- found anew from the raw ones, 1970 where they never were: such a row is a copy, as one with a verdict is. keep makes the latest
-- copy of either sort win against earlier ones and against the row itself, however often that is sent or replayed.
ALTER TABLE touches
    ADD COLUMN IF NOT EXISTS rule LowCardinality(String) AFTER referrer_domain,
    ADD COLUMN IF NOT EXISTS reclassified_at DateTime64(3, 'UTC') DEFAULT toDateTime64(0, 3, 'UTC') AFTER suspicion,
    MODIFY COLUMN keep UInt64 MATERIALIZED 18446744073709551615 - if(greatest(judged_at, reclassified_at) = toDateTime64(0, 3, 'UTC'), toUnixTimestamp64Milli(received_at), 1000000000000 - intDiv(toUnixTimestamp64Milli(greatest(judged_at, reclassified_at)), 10));
