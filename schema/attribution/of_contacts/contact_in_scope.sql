-- Those that an answer needs.
id -> id IN {contacts:Array(String)}
