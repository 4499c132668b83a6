-- Which imported companies count at all, by one of their names: all of the site's. (settling/some/ narrows it.)
name -> true
