-- submissions: the same column as 0009 gave touches.
ALTER TABLE submissions
    ADD COLUMN IF NOT EXISTS suspect LowCardinality(String) AFTER snippet_version;
