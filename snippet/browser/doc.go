// Package browser holds the snippet's tests in three real browsers, and nothing else: pages the way websites write them, a
// server that records what a page sends, and what must and must not have been sent and stored.
//
// The collector itself is not here: its end-to-end tests are in package collector. A test named after a demand covers
// that demand of users elsewhere, by its number.
package browser
