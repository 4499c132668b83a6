package schema

import "embed"

// Tables holds the numbered DDL of every table, applied in order and never edited once released. {retention_months}
// in it is replaced by a whole number of months before it runs.
//
//go:embed tables/*.sql
var Tables embed.FS

// Attribution holds the reports, one a file, and in facts/ what several of them need; in settled/ what replaces some of these
// files where the settled tables are read; in no_losses/ and no_currency/ what does where they are not asked for, in of_contacts/
// where the contacts of an answer are known, and in of_contact/ where one contact is explained; and in settling/ how settled
// tables are kept up to date.
//
//go:embed attribution/*.sql attribution/facts/*.sql attribution/settled/*.sql attribution/no_losses/*.sql attribution/no_currency/*.sql attribution/of_contact/*.sql attribution/of_contacts/*.sql attribution/settling/*.sql attribution/settling/some/*.sql
var Attribution embed.FS

// Reclassifying holds the statements by which the resolved values of stored touches are found anew.
//
//go:embed reclassify/*.sql
var Reclassifying embed.FS

// Judging holds the statements by which an operator overrules what the collector suspects.
//
//go:embed suspects/*.sql
var Judging embed.FS

// Desk holds the questions about what people decided in the console.
//
//go:embed desk/*.sql
var Desk embed.FS

// People holds the questions about lists and boards of contacts; they name facts of Attribution.
//
//go:embed people/*.sql
var People embed.FS
