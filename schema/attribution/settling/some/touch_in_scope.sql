-- Those of the visitors from whom the contacts that are settled have sent a form.
id -> id IN
(
    SELECT touch_id FROM settled_touches
    WHERE site_id = {site:String} AND visitor_id IN
    (
        SELECT visitor_id FROM submissions
        WHERE site_id = {site:String} AND contact_id IN (SELECT subject FROM scope WHERE scope.kind = 'contact')
    )
)
