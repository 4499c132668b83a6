-- Those of the visitors from whom the contact has sent a form, found as in ../of_contacts/.
id -> id IN
(
    SELECT touch_id FROM touches
    WHERE site_id = {site:String} AND visitor_id IN
    (
        SELECT visitor_id FROM submissions
        WHERE site_id = {site:String} AND contact_id = {contact:String} AND visitor_id != toUUID('00000000-0000-0000-0000-000000000000')
    )
)
