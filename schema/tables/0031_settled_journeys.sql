-- settled_journeys: what attribution/facts/journeys.sql says, made from the other tables (settling/README.md), without what is
-- under suspicion. A row per import, submission by a contact, and deal. A touch is text as facts/logged_touches.sql has it, with everything
-- that a touch has. Which touch has a credit depends on the rule and the look-back window, so a credit is three texts with \x01 between
-- them: the latest touch, the latest known one, and the time of the submission (milliseconds). It is here in credit (of the row's own
-- submission), contact_lead_creation, contact_conversion, company_source, company_creation.credit and contact_company_source.
-- What reports count by is worked out once: *_last and *_known are the dimensions (as in settled_touches) of the two touches, *_known_age
-- how long the known one was before the submission, in milliseconds.
-- The row with the latest settlement counts, unless it is removed. Retention counts from kept_from: a submission's own time, an import's
-- receipt, and for a deal when it was settled.
CREATE TABLE IF NOT EXISTS settled_journeys
(
    site_id                        LowCardinality(String),
    contact_id                     String,
    kind                           Enum8('import' = 0, 'submission' = 1, 'deal' = 2),
    id                             String,
    version                        String,
    company_id                     String,
    occurred_at                    DateTime64(3, 'UTC'),
    form                           LowCardinality(String),
    status                         LowCardinality(String),
    stage                          LowCardinality(String),
    won                            Bool,
    won_at                         DateTime64(3, 'UTC'),
    amount                         Decimal(38, 4),
    currency                       LowCardinality(String),
    nth_of_contact                 UInt64,
    creates_contact                Bool,
    creates_company                Bool,
    first_touch                    String,
    credit                         String,
    contact_is_new                 Bool,
    contact_first_touch            String,
    contact_lead_creation          String,
    contact_conversion             String,
    contact_company                String,
    contact_deals                  UInt64,
    company_source                 String,
    company_creation               Tuple(contact_id String, occurred_at DateTime64(3, 'UTC'), form String, credit String),
    company_has_source             Bool,
    company_known_since            DateTime64(3, 'UTC'),
    contact_company_source         String,
    kept_from                      DateTime64(3, 'UTC'),
    removed                        Bool,
    settlement                     UInt64,
    first_dimensions               LowCardinality(String) MATERIALIZED arrayStringConcat(arraySlice(splitByChar('\0', contact_first_touch), 2, 7), '\0'),
    own_last                       LowCardinality(String) MATERIALIZED arrayStringConcat(arraySlice(splitByChar('\0', splitByChar('\x01', credit)[1]), 2, 7), '\0'),
    own_known                      LowCardinality(String) MATERIALIZED arrayStringConcat(arraySlice(splitByChar('\0', splitByChar('\x01', credit)[2]), 2, 7), '\0'),
    own_known_age                  Int64 MATERIALIZED toInt64OrZero(splitByChar('\x01', credit)[3]) - toInt64OrZero(substring(splitByChar('\x01', credit)[2], 1, 15)),
    lead_last                      LowCardinality(String) MATERIALIZED arrayStringConcat(arraySlice(splitByChar('\0', splitByChar('\x01', contact_lead_creation)[1]), 2, 7), '\0'),
    lead_known                     LowCardinality(String) MATERIALIZED arrayStringConcat(arraySlice(splitByChar('\0', splitByChar('\x01', contact_lead_creation)[2]), 2, 7), '\0'),
    lead_known_age                 Int64 MATERIALIZED toInt64OrZero(splitByChar('\x01', contact_lead_creation)[3]) - toInt64OrZero(substring(splitByChar('\x01', contact_lead_creation)[2], 1, 15)),
    conversion_last                LowCardinality(String) MATERIALIZED arrayStringConcat(arraySlice(splitByChar('\0', splitByChar('\x01', contact_conversion)[1]), 2, 7), '\0'),
    conversion_known               LowCardinality(String) MATERIALIZED arrayStringConcat(arraySlice(splitByChar('\0', splitByChar('\x01', contact_conversion)[2]), 2, 7), '\0'),
    conversion_known_age           Int64 MATERIALIZED toInt64OrZero(splitByChar('\x01', contact_conversion)[3]) - toInt64OrZero(substring(splitByChar('\x01', contact_conversion)[2], 1, 15)),
    company_last                   LowCardinality(String) MATERIALIZED arrayStringConcat(arraySlice(splitByChar('\0', splitByChar('\x01', company_source)[1]), 2, 7), '\0'),
    company_known                  LowCardinality(String) MATERIALIZED arrayStringConcat(arraySlice(splitByChar('\0', splitByChar('\x01', company_source)[2]), 2, 7), '\0'),
    company_known_age              Int64 MATERIALIZED toInt64OrZero(splitByChar('\x01', company_source)[3]) - toInt64OrZero(substring(splitByChar('\x01', company_source)[2], 1, 15)),
    contact_company_last           LowCardinality(String) MATERIALIZED arrayStringConcat(arraySlice(splitByChar('\0', splitByChar('\x01', contact_company_source)[1]), 2, 7), '\0'),
    contact_company_known          LowCardinality(String) MATERIALIZED arrayStringConcat(arraySlice(splitByChar('\0', splitByChar('\x01', contact_company_source)[2]), 2, 7), '\0'),
    contact_company_known_age      Int64 MATERIALIZED toInt64OrZero(splitByChar('\x01', contact_company_source)[3]) - toInt64OrZero(substring(splitByChar('\x01', contact_company_source)[2], 1, 15))
)
ENGINE = ReplacingMergeTree(settlement)
ORDER BY (site_id, contact_id, kind, id, version, company_id)
TTL toDateTime(addMonths(toStartOfMonth(kept_from), 1)) + INTERVAL {retention_months} MONTH
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
