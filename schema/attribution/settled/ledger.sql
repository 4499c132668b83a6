-- What facts/ledger.sql says, from settled_journeys.
SELECT kind, id, occurred_at, contact_id, company_id, version, form, status, stage, won, won_at, amount, currency, nth_of_contact, creates_contact, creates_company
FROM settled_journeys FINAL
WHERE site_id = {site:String} AND NOT removed
