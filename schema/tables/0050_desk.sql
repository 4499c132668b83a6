-- desk: what people decide in the console (users, links, selections, settings, lead statuses, …), a row for each version of an
-- entry. The highest version is how it is now; all of them are its history, so no change is without its audit. Not
-- partitioned: an insert's token keeps two people from making the same version, and it does so within a partition. site_id is ''
-- where an entry belongs to the installation. contact_id names the person whom an entry is about: erased with them.
CREATE TABLE IF NOT EXISTS desk
(
    site_id                        LowCardinality(String),
    kind                           LowCardinality(String),
    entry_id                       String,
    version                        UInt64,
    change_id                      UUID,
    contact_id                     String,
    removed                        UInt8,
    body                           String CODEC(ZSTD(1)),
    summary                        String,
    changed_by                     String,
    changed_at                     DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(changed_at)
ORDER BY (site_id, kind, entry_id, version, change_id)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
