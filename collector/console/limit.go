package console

import (
	"net/netip"
	"sync"
	"time"
)

// How often someone may fail to sign in: a burst, and then one more every so often. Keys have 256 random bits, so this
// is not what keeps them from being guessed; it keeps guessing from costing anything, and shows it.
const (
	prefixBurst   = 10
	prefixRefill  = 6 * time.Second
	overallBurst  = 200
	overallRefill = 500 * time.Millisecond
	// maxPrefixes bounds the memory. With more, full buckets are dropped; with none full, strangers share one.
	maxPrefixes = 10_000
)

// bucket holds tokens; one is taken by an attempt and comes back with time.
type bucket struct {
	tokens float64
	at     time.Time
}

func (b *bucket) fill(now time.Time, burst float64, refill time.Duration) {
	if elapsed := now.Sub(b.at); elapsed > 0 {
		b.tokens = min(burst, b.tokens+float64(elapsed)/float64(refill))
		b.at = now
	}
}

// limiter bounds failed attempts to sign in, per address prefix and overall. Addresses stay in memory only.
type limiter struct {
	mu       sync.Mutex
	overall  bucket
	prefixes map[netip.Prefix]*bucket
}

func newLimiter() *limiter {
	return &limiter{overall: bucket{tokens: overallBurst}, prefixes: map[netip.Prefix]*bucket{}}
}

// take counts an attempt from address. It returns how long to wait before the next one where there were too many.
func (l *limiter) take(address string, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.bucket(prefixOf(address), now)
	own.fill(now, prefixBurst, prefixRefill)
	l.overall.fill(now, overallBurst, overallRefill)
	if own.tokens < 1 {
		return time.Duration((1 - own.tokens) * float64(prefixRefill))
	}
	if l.overall.tokens < 1 {
		return time.Duration((1 - l.overall.tokens) * float64(overallRefill))
	}
	own.tokens--
	l.overall.tokens--
	return 0
}

// giveBack makes an attempt that succeeded count as none.
func (l *limiter) giveBack(address string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.bucket(prefixOf(address), now)
	own.tokens = min(prefixBurst, own.tokens+1)
	l.overall.tokens = min(overallBurst, l.overall.tokens+1)
}

func (l *limiter) bucket(prefix netip.Prefix, now time.Time) *bucket {
	if known := l.prefixes[prefix]; known != nil {
		return known
	}
	if len(l.prefixes) >= maxPrefixes {
		for other, b := range l.prefixes {
			if b.fill(now, prefixBurst, prefixRefill); b.tokens >= prefixBurst {
				delete(l.prefixes, other)
			}
		}
		if len(l.prefixes) >= maxPrefixes {
			prefix = netip.Prefix{}
			if shared := l.prefixes[prefix]; shared != nil {
				return shared
			}
		}
	}
	fresh := &bucket{tokens: prefixBurst, at: now}
	l.prefixes[prefix] = fresh
	return fresh
}

// prefixOf returns the network that stands for an address: what one customer of a provider usually has. An address
// that cannot be read is in the network of all such.
func prefixOf(address string) netip.Prefix {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}
	}
	parsed = parsed.Unmap().WithZone("")
	bits := 48
	if parsed.Is4() {
		bits = 24
	}
	prefix, err := parsed.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}
