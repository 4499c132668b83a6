package collectortest

import (
	"sync"
	"time"
)

// Clock is a clock that moves only when a test moves it. Hand its Now to code that takes a func() time.Time.
type Clock struct {
	mu   sync.Mutex
	now  time.Time
	step time.Duration
}

// FixedClock starts at a time and stays there.
func FixedClock(at time.Time) *Clock { return &Clock{now: at} }

// SteppingClock starts at a time and moves on by step with every look at it.
func SteppingClock(at time.Time, step time.Duration) *Clock { return &Clock{now: at, step: step} }

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now
	c.now = c.now.Add(c.step)
	return now
}

// Advance moves the clock, backwards where by is negative.
func (c *Clock) Advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// Set moves the clock to a time.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = at
}
