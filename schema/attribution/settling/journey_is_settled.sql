-- Which rows of settled_journeys are written anew: all of the site's. (settling/some/ narrows it.)
(kind, id, contact, company) -> true
