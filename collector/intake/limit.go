package intake

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// Limits say how many records may come in a minute, of one network (an IPv4 /24, an IPv6 /48) and for one site; 0 is no limit.
// A minute's worth may come at once. Above it touches are turned away. Submissions are kept all the same, under the
// suspicion SuspectRate, up to refuseFactor times as many: a person's form must not be lost to somebody else's flood.
type Limits struct {
	Touches, Submissions         int
	SiteTouches, SiteSubmissions int
	// Client returns a request's address, "" where it is not known; nil: the peer's.
	Client func(*http.Request) string
	// Proxies are those whose word Client believes. They are no clients themselves.
	Proxies []netip.Prefix
	Log     *slog.Logger // nil: slog.Default
}

// refuseFactor is how many times more submissions than its limit a network or a site may send before they are turned away.
const refuseFactor = 10

// limiter counts in memory only. It knows a network by a keyed hash of which nobody has the key, and which is another every day.
type limiter struct {
	limits Limits
	key    atomic.Pointer[dailyKey]
	shards [64]limitShard
	hints  struct{ proxy, limited sync.Once }
}

// dailyKey is the key of one UTC day.
type dailyKey struct {
	day    int64
	hashes sync.Pool // of *keyedHash
}

type keyedHash struct {
	mac  hash.Hash
	text [17]byte
	sum  [sha256.Size]byte
}

// A shard has sets of a few buckets each. A network's bucket is in one set; where the set is full, the bucket goes that is
// nearest to full, which has the least to remember. All of it is 1 MiB, whatever comes.
const (
	setsOfShard  = 128
	bucketsOfSet = 8
)

type limitShard struct {
	mu   sync.Mutex
	sets [setsOfShard][bucketsOfSet]bucket
}

// bucket is a token bucket as the generic cell rate algorithm (ITU-T I.371) has it: the one number to keep is the time at which
// it is full again. A bucket that is full says as much as none.
type bucket struct {
	key  uint64
	full int64 // Unix nanoseconds
}

func newLimiter(limits Limits) *limiter {
	if limits.Client == nil {
		limits.Client = peer
	}
	if limits.Log == nil {
		limits.Log = slog.Default()
	}
	return &limiter{limits: limits}
}

func peer(request *http.Request) string {
	host, _, err := net.SplitHostPort(request.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

// spend takes one from a bucket that was full at full and holds perMinute. It returns when the bucket is full again, or how long
// to wait for the next one. No bucket takes longer than a minute to be full: where it seems so the clock was set back, and
// nobody shall wait for the time before to come again.
func spend(full, now int64, perMinute int) (after int64, wait time.Duration) {
	if full > now+int64(time.Minute) {
		full = now
	}
	after = max(full, now) + int64(time.Minute)/int64(perMinute)
	if excess := after - now - int64(time.Minute); excess > 0 {
		return full, time.Duration(excess)
	}
	return after, 0
}

// network takes one from the bucket of a network.
func (l *limiter) network(key uint64, now int64, perMinute int) (wait time.Duration) {
	shard := &l.shards[key%uint64(len(l.shards))]
	set := &shard.sets[key/uint64(len(l.shards))%setsOfShard]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	own := &set[0]
	for i := range set {
		if set[i].key == key {
			own = &set[i]
			break
		}
		if set[i].full < own.full {
			own = &set[i]
		}
	}
	if own.key != key {
		*own = bucket{key: key}
	}
	own.full, wait = spend(own.full, now, perMinute)
	return wait
}

// siteBucket is the bucket of a site, without a lock.
type siteBucket struct{ full atomic.Int64 }

func (b *siteBucket) take(now int64, perMinute int) (wait time.Duration) {
	for {
		full := b.full.Load()
		after, wait := spend(full, now, perMinute)
		if wait > 0 || b.full.CompareAndSwap(full, after) {
			return wait
		}
	}
}

// keyOf is what stands for the network of the request's client; false where the client may not be limited by its address.
func (l *limiter) keyOf(request *http.Request, kind schema.Kind, now time.Time) (uint64, bool) {
	address, err := netip.ParseAddr(l.limits.Client(request))
	if err != nil {
		return 0, false
	}
	address = address.Unmap().WithZone("")
	if l.isProxy(address) {
		return 0, false
	}
	day := now.Unix() / (24 * 60 * 60)
	key := l.key.Load()
	if key == nil || key.day != day {
		key = l.newKey(key, day)
	}
	h := key.hashes.Get().(*keyedHash)
	defer key.hashes.Put(h)
	h.text = [17]byte{byte(kind)}
	if address.Is4() {
		four := address.As4()
		copy(h.text[1:], four[:3])
	} else {
		six := address.As16()
		h.text[16] = 6
		copy(h.text[1:], six[:6])
	}
	h.mac.Reset()
	h.mac.Write(h.text[:])
	return binary.LittleEndian.Uint64(h.mac.Sum(h.sum[:0])) | 1, true // 0 is an empty bucket's
}

// newKey replaces the key before: no address can be told from what is left in the buckets, not even by us.
func (l *limiter) newKey(before *dailyKey, day int64) *dailyKey {
	secret := make([]byte, sha256.Size)
	rand.Read(secret) // never fails (crypto/rand)
	key := &dailyKey{day: day}
	key.hashes.New = func() any { return &keyedHash{mac: hmac.New(sha256.New, secret)} }
	if !l.key.CompareAndSwap(before, key) {
		return l.key.Load() // another request was first
	}
	return key
}

var carrierGrade = netip.MustParsePrefix("100.64.0.0/10")

// isProxy tells whether an address stands for many people: a trusted proxy that did not say for whom it asks, or, where no
// proxy is configured, one of this machine or of its own network, which is one that the config forgets.
func (l *limiter) isProxy(address netip.Addr) bool {
	for _, proxy := range l.limits.Proxies {
		if proxy.Contains(address) {
			l.hints.proxy.Do(func() {
				l.limits.Log.Warn("a trusted proxy does not say for whom it asks (X-Forwarded-For): nobody is limited by address")
			})
			return true
		}
	}
	if len(l.limits.Proxies) > 0 || !address.IsPrivate() && !address.IsLoopback() && !address.IsLinkLocalUnicast() && !carrierGrade.Contains(address) {
		return false
	}
	l.hints.proxy.Do(func() {
		l.limits.Log.Info("requests come from this machine or its own network: if a proxy sends them, name it in trusted_proxies; until then nobody there is limited by address")
	})
	return true
}

// limitTouch turns a touch away where its network sends too many.
func (a *arrival) limitTouch() error {
	l := a.in.limiter
	if l.limits.Touches == 0 {
		return nil
	}
	key, ok := l.keyOf(a.c.Request(), schema.KindTouch, a.receivedAt)
	if !ok {
		return nil
	}
	if wait := l.network(key, a.receivedAt.UnixNano(), l.limits.Touches); wait > 0 {
		return l.tooMany("network", wait)
	}
	return nil
}

// limitSiteTouches does the same for the site.
func (a *arrival) limitSiteTouches() error {
	limit := a.in.limiter.limits.SiteTouches
	if limit == 0 {
		return nil
	}
	if wait := a.site.touches.take(a.receivedAt.UnixNano(), limit); wait > 0 {
		return a.in.limiter.tooMany("site", wait)
	}
	return nil
}

// limitSubmission doubts a submission where its network sends too many, and turns it away only beyond all measure.
func (a *arrival) limitSubmission() error {
	l := a.in.limiter
	if l.limits.Submissions == 0 {
		return nil
	}
	key, ok := l.keyOf(a.c.Request(), schema.KindSubmission, a.receivedAt)
	if !ok {
		return nil
	}
	now := a.receivedAt.UnixNano()
	if wait := l.network(key, now, l.limits.Submissions*refuseFactor); wait > 0 {
		return l.tooMany("network", wait)
	}
	if l.network(key^1<<63, now, l.limits.Submissions) > 0 {
		a.doubt(schema.SuspectRate)
	}
	return nil
}

// limitSiteSubmissions does the same for the site.
func (a *arrival) limitSiteSubmissions() error {
	l, now := a.in.limiter, a.receivedAt.UnixNano()
	limit := l.limits.SiteSubmissions
	if limit == 0 {
		return nil
	}
	if wait := a.site.allSubmissions.take(now, limit*refuseFactor); wait > 0 {
		return l.tooMany("site", wait)
	}
	if a.site.submissions.take(now, limit) > 0 {
		a.doubt(schema.SuspectRate)
	}
	return nil
}

func (l *limiter) tooMany(whose string, wait time.Duration) error {
	l.hints.limited.Do(func() {
		l.limits.Log.Warn("requests are turned away because too many come (said once)", "of one", whose, "proxies configured", len(l.limits.Proxies),
			"hint", "if a proxy or a CDN sends them for many people, name it in trusted_proxies; limit_touches and its like change the limits")
	})
	seconds := int((wait + time.Second - 1) / time.Second)
	rejected := rejection.New(rejection.RateLimited, "Too much comes from your network, or for this site, just now. Nothing of this was kept: wait %d s, then send it again.", seconds)
	rejected.RetryAfter = time.Duration(seconds) * time.Second
	return rejected
}
