-- Those that are settled.
name -> name IN (SELECT subject FROM scope WHERE scope.kind = 'company')
