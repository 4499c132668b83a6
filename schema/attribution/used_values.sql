-- Question: which values do the tags of links have, and how often?
--
-- Parameters:
--   site           the site
--   suspects       exclude: without what is under suspicion; include: with it
--   since, until   the range of the touches, UTC, half open
--   limit          the number of values of each dimension; 0 for all
--
-- A row: one value of source, medium, campaign, term or content of touches that have any utm_*, with the most used first.
SELECT
    tag.1 AS dimension,
    tag.2 AS value,
    count() AS touches,
    uniqExact(visitor_id) AS visitors,
    max(occurred_at) AS last_at
FROM touches FINAL
ARRAY JOIN [('source', toString(source)), ('medium', toString(medium)), ('campaign', toString(campaign)), ('term', toString(term)), ('content', toString(content))] AS tag
WHERE site_id = {site:String}
  AND ({suspects:String} = 'include' OR suspicion = '')
  AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at < {until:DateTime64(3, 'UTC')}
  AND concat(utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id) != ''
  AND tag.2 != ''
GROUP BY dimension, value
ORDER BY indexOf(['source', 'medium', 'campaign', 'term', 'content'], dimension), touches DESC, value
LIMIT if({limit:UInt32} = 0, 4294967295, {limit:UInt32}) BY dimension
