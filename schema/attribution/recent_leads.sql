-- Question: who were the latest to send a form, and where did they come from?
--
-- Parameters:
--   site           the site
--   by             everything that a touch has: ['source','medium','campaign','term','content','channel','referrer_domain','landing_page']
--   since, until   the range of the submissions, UTC, half open
--   lookback_days  how old the latest known touch may be to get the credit of a submission
--   credit         last_non_direct, or last
--   contacts       []  (everyone)
--   limit          the number of rows; 0 for all
--
-- A row: one submission by a contact, the latest first. kind is lead where it created the contact, else conversion. source to
-- landing_page are of the touch that gets the credit; first_source to first_campaign of the contact's first touch (existing
-- contacts have none). "(unattributed)": no touch is known.
--
-- with: journeys
SELECT
    occurred_at,
    if(creates_contact, 'lead', 'conversion') AS kind,
    form,
    contact_id,
    company_id,
    if(credited.id = '', '(unattributed)', credited.source) AS source,
    credited.medium AS medium,
    credited.campaign AS campaign,
    credited.channel AS channel,
    credited.referrer_domain AS referrer_domain,
    credited.landing_page AS landing_page,
    multiIf(NOT contact_is_new, '', contact_first_touch.id = '', '(unattributed)', contact_first_touch.source) AS first_source,
    contact_first_touch.medium AS first_medium,
    contact_first_touch.campaign AS first_campaign,
    rule
FROM journeys
WHERE journeys.kind = 'submission'
  AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at < {until:DateTime64(3, 'UTC')}
ORDER BY occurred_at DESC, id DESC
LIMIT if({limit:UInt32} = 0, 4294967295, {limit:UInt32})
