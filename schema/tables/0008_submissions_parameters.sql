-- submissions: the same columns as 0007 gave touches, in both of the touches that travel in a submission.
ALTER TABLE submissions
    ADD COLUMN IF NOT EXISTS first_touch_utm_id      String                              AFTER first_touch_utm_content,
    ADD COLUMN IF NOT EXISTS first_touch_dclid       String                              AFTER first_touch_li_fat_id,
    ADD COLUMN IF NOT EXISTS first_touch_epik        String                              AFTER first_touch_dclid,
    ADD COLUMN IF NOT EXISTS first_touch_rdt_cid     String                              AFTER first_touch_epik,
    ADD COLUMN IF NOT EXISTS first_touch_sccid       String                              AFTER first_touch_rdt_cid,
    ADD COLUMN IF NOT EXISTS first_touch_yclid       String                              AFTER first_touch_sccid,
    ADD COLUMN IF NOT EXISTS first_touch_parameters  Map(LowCardinality(String), String) AFTER first_touch_yclid,
    ADD COLUMN IF NOT EXISTS latest_touch_utm_id     String                              AFTER latest_touch_utm_content,
    ADD COLUMN IF NOT EXISTS latest_touch_dclid      String                              AFTER latest_touch_li_fat_id,
    ADD COLUMN IF NOT EXISTS latest_touch_epik       String                              AFTER latest_touch_dclid,
    ADD COLUMN IF NOT EXISTS latest_touch_rdt_cid    String                              AFTER latest_touch_epik,
    ADD COLUMN IF NOT EXISTS latest_touch_sccid      String                              AFTER latest_touch_rdt_cid,
    ADD COLUMN IF NOT EXISTS latest_touch_yclid      String                              AFTER latest_touch_sccid,
    ADD COLUMN IF NOT EXISTS latest_touch_parameters Map(LowCardinality(String), String) AFTER latest_touch_yclid;
