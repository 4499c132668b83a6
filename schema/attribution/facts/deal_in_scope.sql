-- Which deals count at all: all of the site's. (settling/some/ narrows it.)
id -> true
