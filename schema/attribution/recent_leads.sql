-- Question: who were the latest to send a form, and where did they come from?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             everything that a touch has: ['source','medium','campaign','term','content','channel','referrer_domain','landing_page','utm_id','parameters']
--   since, until   the range of the submissions, UTC, half open
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   contacts       []  (everyone)
--   limit          the number of rows; 0 for all
--
-- A row: one submission by a contact, the latest first. kind is lead where it created the contact, else conversion. source to
-- parameters are of the touch that gets the credit; first_source to first_campaign of the contact's first touch (existing
-- contacts have none). "(unattributed)": no touch is known.
--
-- with: journeys
WITH
splitByChar('\0', credited) AS parts,
splitByChar('\0', contact_first_touch) AS first_parts
SELECT
    occurred_at,
    if(creates_contact, 'lead', 'conversion') AS kind,
    form,
    contact_id,
    company_id,
    if(credited = '', '(unattributed)', parts[2]) AS source,
    parts[3] AS medium,
    parts[4] AS campaign,
    parts[8] AS channel,
    parts[7] AS referrer_domain,
    parts[9] AS landing_page,
    parts[10] AS utm_id,
    parts[11] AS parameters,
    multiIf(NOT contact_is_new, '', contact_first_touch = '', '(unattributed)', first_parts[2]) AS first_source,
    first_parts[3] AS first_medium,
    first_parts[4] AS first_campaign,
    rule
FROM journeys
WHERE journeys.kind = 'submission'
  AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at < {until:DateTime64(3, 'UTC')}
ORDER BY occurred_at DESC, id DESC
LIMIT if({limit:UInt32} = 0, 4294967295, {limit:UInt32})
