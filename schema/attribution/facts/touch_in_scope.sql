-- Which touches are looked at: all of the site's. (settling/some/ narrows it.)
id -> true
