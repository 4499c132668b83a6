package schema

import "embed"

// Tables holds the numbered DDL of every table, applied in order and never edited once released. {retention_months}
// in it is replaced by a whole number of months before it runs.
//
//go:embed tables/*.sql
var Tables embed.FS

// Attribution holds the reports, one a file.
//
//go:embed attribution/*.sql
var Attribution embed.FS
