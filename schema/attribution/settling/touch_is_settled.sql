-- Which rows of settled_touches are written anew: all of the site's. (settling/some/ narrows it.)
(visitor, touch) -> true
