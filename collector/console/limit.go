package console

import (
	"crypto/sha256"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// How often someone may fail to sign in: a burst, and then one more every so often; from one network, to one account from
// everywhere, and overall.
const (
	prefixBurst   = 10
	prefixRefill  = 6 * time.Second
	accountBurst  = 20
	accountRefill = 30 * time.Second
	overallBurst  = 200
	overallRefill = 500 * time.Millisecond
	// maxBuckets bounds the memory. With more, full buckets are dropped; with none full, strangers share one.
	maxBuckets = 10_000
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

func (b *bucket) wait(refill time.Duration) time.Duration {
	return time.Duration(max(0, 1-b.tokens) * float64(refill))
}

// buckets are those of many who try, each with a bucket of its own.
type buckets[K comparable] struct {
	burst  float64
	refill time.Duration
	of     map[K]*bucket
}

func newBuckets[K comparable](burst float64, refill time.Duration) buckets[K] {
	return buckets[K]{burst, refill, map[K]*bucket{}}
}

// get returns the bucket of a key, filled up to now.
func (b *buckets[K]) get(key K, now time.Time) *bucket {
	known := b.of[key]
	if known == nil {
		known = b.add(key, now)
	}
	known.fill(now, b.burst, b.refill)
	return known
}

func (b *buckets[K]) add(key K, now time.Time) *bucket {
	if len(b.of) >= maxBuckets {
		for other, full := range b.of {
			if full.fill(now, b.burst, b.refill); full.tokens >= b.burst {
				delete(b.of, other)
			}
		}
		if len(b.of) >= maxBuckets {
			var anybody K
			if key = anybody; b.of[key] != nil {
				return b.of[key]
			}
		}
	}
	b.of[key] = &bucket{tokens: b.burst, at: now}
	return b.of[key]
}

// limiter bounds failed attempts to sign in. Addresses stay in memory only, those of accounts as hashes.
type limiter struct {
	mu       sync.Mutex
	overall  bucket
	prefixes buckets[netip.Prefix]
	accounts buckets[[sha256.Size]byte]
}

func newLimiter() *limiter {
	return &limiter{
		overall:  bucket{tokens: overallBurst},
		prefixes: newBuckets[netip.Prefix](prefixBurst, prefixRefill),
		accounts: newBuckets[[sha256.Size]byte](accountBurst, accountRefill),
	}
}

// take counts an attempt from address to get into account ("" for none in particular). It returns how long to wait before the
// next one where there were too many.
func (l *limiter) take(address, account string, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own, its := l.mine(address, account, now)
	l.overall.fill(now, overallBurst, overallRefill)
	wait = max(own.wait(prefixRefill), l.overall.wait(overallRefill))
	if its != nil {
		wait = max(wait, its.wait(accountRefill))
	}
	if wait > 0 {
		return wait
	}
	own.tokens--
	l.overall.tokens--
	if its != nil {
		its.tokens--
	}
	return 0
}

// giveBack makes an attempt that succeeded count as none.
func (l *limiter) giveBack(address, account string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own, its := l.mine(address, account, now)
	own.tokens = min(prefixBurst, own.tokens+1)
	l.overall.tokens = min(overallBurst, l.overall.tokens+1)
	if its != nil {
		its.tokens = min(accountBurst, its.tokens+1)
	}
}

// mine are the buckets of an attempt; its is nil where it is for no account.
func (l *limiter) mine(address, account string, now time.Time) (own, its *bucket) {
	if account != "" {
		its = l.accounts.get(sha256.Sum256([]byte(strings.ToLower(account))), now)
	}
	return l.prefixes.get(prefixOf(address), now), its
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
