-- Those of the contacts that an answer needs. Any row of a submission names it here, found by the index of contacts, which FINAL can't use;
-- what the submission is now is read by its key.
id -> id IN (SELECT submission_id FROM submissions WHERE site_id = {site:String} AND contact_id IN {contacts:Array(String)})
