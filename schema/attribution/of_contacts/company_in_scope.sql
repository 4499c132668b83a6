-- That which an answer is about.
name -> name IN {companies:Array(String)}
