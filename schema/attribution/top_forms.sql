-- top_forms: which forms bring submissions? One row per form.
-- Parameters: site String.
SELECT form, count() AS submissions
FROM submissions FINAL
WHERE site_id = {site:String}
GROUP BY form
ORDER BY submissions DESC, form
