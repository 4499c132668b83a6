-- Question: which forms capture the most leads?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   by             []
--   since, until   the range, UTC, half open
--   contacts       []  (everyone)
--   limit          the number of rows; 0 for all
--
-- A row: one form. submissions has all that were sent in the range, also those without an e-mail address, which are
-- neither leads nor conversions. share is of all submissions; rate is leads / submissions.
--
-- with: ledger
WITH
sent AS
(
    SELECT form, 0 AS leads, 0 AS conversions, count() AS anonymous
    FROM submissions FINAL
    WHERE site_id = {site:String}
      AND ({suspects:String} = 'include' OR suspicion = '')
      AND contact_id = ''
      AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at < {until:DateTime64(3, 'UTC')}
    GROUP BY form

    UNION ALL
    SELECT form, countIf(creates_contact), countIf(NOT creates_contact), 0
    FROM ledger
    WHERE kind = 'submission'
      AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at < {until:DateTime64(3, 'UTC')}
    GROUP BY form
)
SELECT
    form,
    sum(sent.leads + sent.conversions + sent.anonymous) AS submissions,
    sum(sent.leads) AS leads,
    sum(sent.conversions) AS conversions,
    round(submissions / sum(submissions) OVER (), 6) AS share,
    round(leads / submissions, 6) AS rate
FROM sent
GROUP BY form
ORDER BY leads DESC, submissions DESC, form
LIMIT if({limit:UInt32} = 0, 4294967295, {limit:UInt32})
