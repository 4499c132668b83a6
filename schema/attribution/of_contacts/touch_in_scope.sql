-- Those of the visitors from whom these contacts have sent a form. Any row of a touch names it here, found by the index of visitors, which FINAL
-- can't use; what the touch is now is read by its key.
id -> id IN
(
    SELECT touch_id FROM touches
    WHERE site_id = {site:String} AND visitor_id IN
    (
        SELECT visitor_id FROM submissions
        WHERE site_id = {site:String} AND contact_id IN {contacts:Array(String)} AND visitor_id != toUUID('00000000-0000-0000-0000-000000000000')
    )
)
