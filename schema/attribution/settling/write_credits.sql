-- with: attributed, submitted
-- Writes the rows of settled_credits: of every submission, or (settling) of those of the contacts in scope.
INSERT INTO settled_credits (site_id, contact_id, id, first_touch, credit, kept_from, settlement)
SELECT {site:String}, sent.contact_id, id, first_touch, credited, sent.occurred_at, {settlement:UInt64}
FROM attributed
INNER JOIN (SELECT toString(submission_id) AS id, contact_id, occurred_at FROM submitted) AS sent USING (id)
