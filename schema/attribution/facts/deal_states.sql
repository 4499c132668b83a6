-- with: deal_in_scope
-- A row per deal in its present state. A change that leaves stage, amount, contact or company empty left them as they
-- were. Created: when the CRM says, else the earliest change. won_at is 1970-01-01 unless the deal is won now: then it
-- is the time that the CRM gave in the present run of "won", else the first change of that run.
WITH
changes AS
(
    SELECT *, (changed_at, received_at, toString(change_id)) AS version FROM deals FINAL WHERE site_id = {site:String} AND deal_in_scope(deal_id)
),
states AS
(
    SELECT
        deal_id,
        argMax(change.status, version) AS status,
        argMaxIf(change.stage, version, change.stage != '') AS stage,
        argMaxIf((change.amount, change.currency), version, change.currency != '') AS money,
        argMaxIf((change.contact_id, change.contact_crm_id), version, change.contact_id != '' OR change.contact_crm_id != '') AS contact,
        argMaxIf(change.company_id, version, change.company_id != '') AS company_id,
        minIf(change.created_at, change.created_at > toDateTime64(0, 3, 'UTC')) AS created_given,
        min(change.changed_at) AS changed_first,
        arraySort(groupArray((version, change.status, change.won_at))) AS history,
        arraySlice(history, arrayLastIndex(past -> past.2 != 'won', history) + 1) AS won_run,
        arrayLast(past -> past.3 > toDateTime64(0, 3, 'UTC'), won_run).3 AS won_given
    FROM changes AS change
    GROUP BY deal_id
),
crm_contacts AS
(
    SELECT crm_id, argMax(contacts.contact_id, (received_at, toString(import_id))) AS contact_id
    FROM contacts FINAL
    WHERE site_id = {site:String} AND crm_id != ''
    GROUP BY crm_id
)
SELECT
    deal_id,
    toString(status) AS status,
    toString(stage) AS stage,
    money.1 AS amount,
    money.2 AS currency,
    if(states.contact.1 != '', states.contact.1, crm_contacts.contact_id) AS contact_id,
    company_id,
    if(created_given > toDateTime64(0, 3, 'UTC'), created_given, changed_first) AS created_at,
    notEmpty(won_run) AS won,
    if(won_given > toDateTime64(0, 3, 'UTC') OR NOT won, won_given, won_run[1].1.1) AS won_at
FROM states
LEFT JOIN crm_contacts ON crm_contacts.crm_id = states.contact.2
