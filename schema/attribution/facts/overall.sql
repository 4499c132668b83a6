-- with: new_contacts, company_aliases, deal_states
-- The one row of totals: everything is counted from the tables, without any touch and without the ledger.
WITH
at -> at >= {since:DateTime64(3, 'UTC')} AND at < {until:DateTime64(3, 'UTC')} AS in_range,
company_starts AS
(
    SELECT if(aliases.company_id != '', aliases.company_id, sent.company_id) AS company, min(sent.occurred_at) AS first_at
    FROM (SELECT company_id, occurred_at FROM submissions FINAL WHERE site_id = {site:String} AND ({suspects:String} = 'include' OR suspicion = '') AND contact_id != '' AND company_id != '') AS sent
    LEFT JOIN company_aliases AS aliases ON aliases.alias = sent.company_id
    GROUP BY company
),
imported_companies AS
(
    SELECT if(aliases.company_id != '', aliases.company_id, named.name) AS company, true AS known, min(named.since) AS known_since
    FROM
    (
        SELECT company_id AS name, created_at AS since FROM contacts FINAL WHERE site_id = {site:String} AND company_id != ''
        UNION ALL
        SELECT arrayJoin([company_id, concat('domain:', domain), concat('name:', name_key)]), created_at
        FROM companies FINAL
        WHERE site_id = {site:String}
    ) AS named
    LEFT JOIN company_aliases AS aliases ON aliases.alias = named.name
    GROUP BY company
),
counted AS
(
    SELECT 'visitors' AS what, uniqExact(visitor_id) AS n, CAST([], 'Array(Tuple(String, Decimal(38, 4)))') AS won
    FROM touches FINAL
    WHERE site_id = {site:String}
      AND ({suspects:String} = 'include' OR suspicion = '')
      AND in_range(occurred_at) AND visitor_id != toUUID('00000000-0000-0000-0000-000000000000')

    UNION ALL
    SELECT 'submissions', count(), []
    FROM submissions FINAL
    WHERE site_id = {site:String}
      AND ({suspects:String} = 'include' OR suspicion = '')
      AND in_range(occurred_at)

    UNION ALL
    SELECT 'suspect_touches', count(), []
    FROM touches FINAL
    WHERE site_id = {site:String} AND in_range(occurred_at) AND suspicion != '' AND {suspects:String} != 'include'

    UNION ALL
    SELECT 'suspect_submissions', count(), []
    FROM submissions FINAL
    WHERE site_id = {site:String} AND in_range(occurred_at) AND suspicion != '' AND {suspects:String} != 'include'

    UNION ALL
    SELECT 'leads', countIf(is_lead), [] FROM new_contacts

    UNION ALL
    SELECT 'conversions', toUInt64(sum(sent) - countIf(is_lead)), [] FROM new_contacts

    UNION ALL
    SELECT 'companies', count(), []
    FROM company_starts
    LEFT JOIN imported_companies USING (company)
    WHERE in_range(first_at) AND NOT (known AND known_since <= first_at)

    UNION ALL
    SELECT 'leads_with_deal', uniqExact(contact_id), []
    FROM deal_states
    WHERE contact_id IN (SELECT contact_id FROM new_contacts WHERE is_lead)

    UNION ALL
    SELECT 'deals_of_leads', count(), []
    FROM deal_states
    WHERE contact_id IN (SELECT contact_id FROM new_contacts WHERE is_lead)

    UNION ALL
    SELECT 'deals', count(), [] FROM deal_states WHERE in_range(created_at)

    UNION ALL
    SELECT 'won_deals', count(), [] FROM deal_states WHERE won AND in_range(won_at)

    UNION ALL
    SELECT 'won_amount', 0, arraySort(groupArray((currency, total)))
    FROM
    (
        SELECT currency, sum(amount::Decimal(38, 4)) AS total
        FROM deal_states
        WHERE won AND in_range(won_at) AND currency != ''
        GROUP BY currency
    )
)
SELECT
    sumIf(n, what = 'visitors') AS visitors,
    sumIf(n, what = 'submissions') AS submissions,
    sumIf(n, what = 'leads') AS leads,
    sumIf(n, what = 'conversions') AS conversions,
    sumIf(n, what = 'companies') AS companies,
    sumIf(n, what = 'leads_with_deal') AS leads_with_deal,
    sumIf(n, what = 'deals_of_leads') AS deals_of_leads,
    sumIf(n, what = 'deals') AS deals,
    sumIf(n, what = 'won_deals') AS won_deals,
    anyIf(won, what = 'won_amount') AS won_amount,
    sumIf(n, what = 'suspect_touches') AS suspect_touches,
    sumIf(n, what = 'suspect_submissions') AS suspect_submissions
FROM counted
