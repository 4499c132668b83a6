// Package erasure forgets people, and tells what is held of them. An erasure is a tombstone in ClickHouse for each id of
// the person; from there every collector cleans its own disk, one of them cleans ClickHouse and Redis, and nothing that
// came before the tombstone gets past the forwarder again.
//
// Belongs here: tombstones, judging a record by them, the work until every place is clean, and the export of a person.
// Does not belong here: requests and keys (api), the files of the spool (spool), the keys of Redis (visitors), and how
// long rows are kept (the tables' TTL).
package erasure
