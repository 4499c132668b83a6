-- Which rows of settled_paths are written anew: all of the site's. (settling/some/ narrows it.)
(contact, deal) -> true
