-- An operator's verdict about a site's touches: 'clear' for those under suspicion, or a suspicion for those that are not. Every
-- other parameter narrows them down where it is not empty. A verdict is a copy of the row, which wins against the row itself
-- (tables/0011_touches_verdict.sql), so nothing that is sent or replayed later undoes it, and the next verdict does.
INSERT INTO touches
SELECT * REPLACE ({verdict:String} AS verdict, {judged_at:DateTime64(3, 'UTC')} AS judged_at)
FROM touches FINAL
WHERE site_id = {site:String}
  AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at < {until:DateTime64(3, 'UTC')}
  AND if({verdict:String} = 'clear', suspicion != '', suspicion = '')
  AND {reason:String} IN ('', suspicion)
  AND {source:String} IN ('', source)
  AND {referrer_domain:String} IN ('', referrer_domain)
  AND {form:String} IN ('', '')
  AND (empty({ids:Array(String)}) OR toString(touch_id) IN {ids:Array(String)})
