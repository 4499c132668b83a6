-- touches: why a touch is kept and yet left out of the reports, '' where nobody doubts it. Rows from before have ''.
ALTER TABLE touches
    ADD COLUMN IF NOT EXISTS suspect LowCardinality(String) AFTER snippet_version;
