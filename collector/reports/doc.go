// Package reports answers the questions of schema/attribution: one exported function for each SQL file there, and
// Run for callers that only have a name.
//
// Belongs here: checking a report's parameters, putting its SQL together, running it read-only, and writing the
// result as a table, CSV or JSON. Does not belong here: a rule of attribution, which is SQL in schema/attribution so
// that an analyst can read it and run it; and inserting or migrating, which is collector/store.
//
// # How the SQL is put together
//
// Facts that several reports need (which submission created which contact, which touch gets the credit) are files of
// their own, schema/attribution/facts/*.sql. A report names the ones it needs in its header ("-- with: journeys"), and
// SQL turns them into common table expressions before the report. Parametrized views were the alternative. Text that is
// put together was chosen because nothing of it lives in the database: an old collector beside a new one never reads a
// view of the wrong version, a read-only user suffices, and what runs is exactly what SQL returns. The same
// text makes a flat parametrized view for those who want one; nested ones would only add versions to depend on.
//
// ClickHouse plans a common table expression again wherever it is named, so the facts form a chain in which each
// expensive link is named once: that, not taste, is why imports, submissions and deals run in one stream (facts/ledger.sql).
package reports
