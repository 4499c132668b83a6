-- Those of the contacts in scope, and of the deals that lead to nobody.
(contact, deal) ->
    contact IN (SELECT subject FROM scope WHERE scope.kind = 'contact')
    OR contact = '' AND deal IN (SELECT subject FROM scope WHERE scope.kind = 'deal')
