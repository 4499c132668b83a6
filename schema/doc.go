// Package schema is Headwater's vocabulary: one noun a file, each a struct with its Validate, and the SQL that
// stores and reads them. Everyone may import it; it imports nothing of ours.
//
// Belongs here: the words of the product (touch, submission, contact, company, deal, source, channel), their field
// names and limits, the ClickHouse tables, the attribution queries and the corpus of example payloads.
// Does not belong here: HTTP, disk, Redis, or a connection to a database.
package schema
