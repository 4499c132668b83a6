// Package browser holds the snippet's tests in three real browsers, and nothing else: pages the way websites write them, a
// website whose collector is the real one, and what must and must not have been sent, stored and kept.
//
// What becomes of records in ClickHouse is not here: those end-to-end tests are in package collector. A test named after a
// demand covers that demand of users elsewhere, by its number.
package browser
