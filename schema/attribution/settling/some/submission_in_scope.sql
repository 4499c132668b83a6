-- Those of the contacts that are settled.
id -> id IN
(
    SELECT submission_id FROM submissions
    WHERE site_id = {site:String} AND contact_id IN (SELECT subject FROM scope WHERE scope.kind = 'contact')
)
