-- Those of the contacts, companies and deals in scope.
(kind, id, contact, company) ->
    contact IN (SELECT subject FROM scope WHERE scope.kind = 'contact')
    OR contact = '' AND company IN (SELECT subject FROM scope WHERE scope.kind = 'company')
    OR kind = 'deal' AND id IN (SELECT subject FROM scope WHERE scope.kind = 'deal')
