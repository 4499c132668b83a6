-- touches: utm_id, the click ids of Google Display, Pinterest, Reddit, Snapchat and Yandex, and the site's custom
-- parameters by name. Rows from before have '' and {}.
ALTER TABLE touches
    ADD COLUMN IF NOT EXISTS utm_id     String                              AFTER utm_content,
    ADD COLUMN IF NOT EXISTS dclid      String                              AFTER li_fat_id,
    ADD COLUMN IF NOT EXISTS epik       String                              AFTER dclid,
    ADD COLUMN IF NOT EXISTS rdt_cid    String                              AFTER epik,
    ADD COLUMN IF NOT EXISTS sccid      String                              AFTER rdt_cid,
    ADD COLUMN IF NOT EXISTS yclid      String                              AFTER sccid,
    ADD COLUMN IF NOT EXISTS parameters Map(LowCardinality(String), String) AFTER yclid;
