// Package desk keeps what people decide in the console: users, links, selections, settings, lead statuses, boards. It is small
// state in ClickHouse, as versions of entries that are never changed: who reads the latest knows how it is now, who reads all
// of them knows who changed what and when.
//
// Belongs here: writing and reading entries of any kind, the check that nobody overwrites what they have not seen, history,
// forgetting, and a copy in memory that follows ClickHouse. Does not belong here: what an entry of a kind means (the packages
// that own the kinds), sessions (Redis), and records that come from websites (spool, forward).
package desk
