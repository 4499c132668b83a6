// Package links makes and keeps campaign links: the address of a page with utm_* parameters, so that a touch says which
// campaign brought it.
//
// Belongs here: building and reading such addresses, a site's naming convention, the registry of saved links (entries of the
// desk), lists of links as CSV. Does not belong here: pages (console), what touches came by a link (schema/attribution/links.sql).
package links
