-- Those that are settled.
id -> id IN (SELECT subject FROM scope WHERE scope.kind = 'contact')
