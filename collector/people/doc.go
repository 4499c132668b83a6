// Package people answers which contacts there are: lists by criteria, selections, lead statuses and boards.
//
// Belongs here: what criteria are, as text, as JSON and as SQL with everything typed bound; keeping selections, their members, lead
// statuses and views in collector/desk. Does not belong here: rules of attribution (schema/attribution), pages (console), and
// erasing or exporting a person (erasure).
package people
