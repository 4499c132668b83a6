-- The submissions that {page} names by their contacts (collector/people), or did in a row that no longer stands: found by the index of contacts,
-- which FINAL can't use, so that these can be read by their key.
SELECT submission_id FROM submissions WHERE site_id = {site:String} AND contact_id IN {page:Array(String)}
