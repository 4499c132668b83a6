// Package collectortest starts real Redis and ClickHouse for tests, and gives them a clock that stands still.
// Every service it starts is gone when its test is: nothing it does outlives the test binary.
//
// Data for tests and assertions belong to the tests themselves. Nothing but tests imports this package.
package collectortest
