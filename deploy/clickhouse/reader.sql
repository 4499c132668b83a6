-- A role that may only read: for Grafana, Metabase, Superset and people. Once per database, by somebody with ACCESS MANAGEMENT; again after
-- every upgrade that adds a table or a view. Then reader_site.sql, once per site.
--
--   HEADWATER_DB   the database of clickhouse_dsn
--
--   sed 's/HEADWATER_DB/headwater/g' reader.sql | clickhouse-client --multiquery
--
-- submission_fields, what people typed into forms, is not granted; nor are desk, erasures and the tables of the collector's own work.

-- readonly = 2: SELECT only; settings may be changed within these bounds (drivers set some), readonly itself may not. The three that are CONST
-- are what the reports' SQL relies on.
CREATE SETTINGS PROFILE IF NOT EXISTS headwater_reader SETTINGS
    readonly = 2,
    max_execution_time = 60 MAX 300,
    max_memory_usage = 2000000000 MAX 4000000000,
    max_bytes_before_external_group_by = 500000000,
    max_bytes_before_external_sort = 500000000,
    max_threads = 4 MAX 8,
    priority = 10 MIN 1,
    join_use_nulls = 0 CONST,
    do_not_merge_across_partitions_select_final = 0 CONST,
    optimize_move_to_prewhere_if_final = 0 CONST;

CREATE ROLE IF NOT EXISTS headwater_reader SETTINGS PROFILE 'headwater_reader';

-- For each user by itself.
CREATE QUOTA IF NOT EXISTS headwater_reader KEYED BY user_name
    FOR INTERVAL 1 hour MAX queries = 5000, execution_time = 3600, read_rows = 100000000000
    TO headwater_reader;

-- Views ask as whoever asks them (SQL SECURITY INVOKER, ClickHouse's default), so the tables that they read are granted too.
GRANT SELECT ON HEADWATER_DB.touches TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.submissions TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.contacts TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.companies TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.deals TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.spend TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.rates TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.settled_touches TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.settled_journeys TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.settled_paths TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.settled_credits TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.company_card TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.contact_card TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.conversion_rate TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.cost_totals TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.costs TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.leads_over_time TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.recent_leads TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.source_breakdown TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.suspects TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.top_forms TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.top_referrers TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.cohorts TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.lead_totals TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.partner_performance TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.tag_audit TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.untagged TO headwater_reader;
GRANT SELECT ON HEADWATER_DB.totals TO headwater_reader;

-- A table with a policy shows nothing to whom no policy names, unless the server is configured otherwise: everybody but readers goes on
-- to see all rows, the collector among them.
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.touches USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.submissions USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.submission_fields USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.contacts USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.companies USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.deals USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.spend USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.rates USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.erasures USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.erasure_steps USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.reclassifications USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.reclassified USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.changes USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.settled_touches USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.settled_journeys USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.settled_paths USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.settled_credits USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.settlements USING true TO ALL EXCEPT headwater_reader;
CREATE ROW POLICY IF NOT EXISTS headwater_others ON HEADWATER_DB.desk USING true TO ALL EXCEPT headwater_reader;
