-- What is inserted into touches changes its visitor.
CREATE MATERIALIZED VIEW IF NOT EXISTS changed_touches TO changes AS
SELECT site_id, 'touch' AS kind, touch_id, visitor_id
FROM touches;
