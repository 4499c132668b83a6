package intake

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/intake/corpus"
	"github.com/headwater/headwater/schema"
)

// limited starts intake with limits; a request's address is what its header Client says.
func limited(t testing.TB, limits Limits, now func() time.Time) *station {
	t.Helper()
	limits.Log = slog.New(slog.DiscardHandler)
	if limits.Client == nil {
		limits.Client = func(r *http.Request) string { return r.Header.Get("Client") }
	}
	return newStationWith(t, corpus.Sites(t, payloadDir), func(c *Config) {
		c.Limits = limits
		if now != nil {
			c.Now = now
		}
	})
}

func (st *station) touchFrom(t testing.TB, client string) *http.Response {
	t.Helper()
	request := newTouch(t, st.URL, touchBody)
	request.Header.Set("Client", client)
	return st.do(t, request)
}

func (st *station) formFrom(t testing.TB, client string) *http.Response {
	t.Helper()
	request := newRequest(t, st.URL+"/f/signup?site=acme", "email=ada%40example.com")
	request.Header.Set("Client", client)
	return st.do(t, request)
}

// TestSecurityRateLimitOfNetwork: a network that floods gets 429 with when to come again, its neighbours and other kinds don't.
func TestSecurityRateLimitOfNetwork(t *testing.T) {
	clock := collectortest.FixedClock(corpus.Now)
	st := limited(t, Limits{Touches: 20, Submissions: 3}, clock.Now)
	for i := range 20 {
		if answer := st.touchFrom(t, fmt.Sprintf("203.0.113.%d", i)); answer.StatusCode != http.StatusNoContent {
			t.Fatalf("touch %d: %s", i, answer.Status)
		}
	}
	answer := st.touchFrom(t, "::ffff:203.0.113.200")
	if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("X-Headwater-Rejected") != "rate_limited" || answer.Header.Get("Retry-After") != "3" {
		t.Errorf("touch 21 of a minute: %s, Retry-After %q", answer.Status, answer.Header.Get("Retry-After"))
	}
	for _, other := range []string{"203.0.114.1", "2001:db8:1::1", "2001:db8:2::1"} {
		if answer := st.touchFrom(t, other); answer.StatusCode != http.StatusNoContent {
			t.Errorf("%s pays for its neighbour: %s", other, answer.Status)
		}
	}
	if answer := st.formFrom(t, "203.0.113.1"); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("a form pays for touches: %s", answer.Status)
	}
	clock.Advance(3 * time.Second)
	if answer := st.touchFrom(t, "203.0.113.1"); answer.StatusCode != http.StatusNoContent {
		t.Errorf("three seconds later: %s", answer.Status)
	}
	if answer := st.touchFrom(t, "203.0.113.1"); answer.StatusCode != http.StatusTooManyRequests {
		t.Errorf("and at once again: %s", answer.Status)
	}
	for range 20 {
		st.touchFrom(t, "2001:db8:1:ffff::1")
	}
	if answer := st.touchFrom(t, "2001:db8:1:1::1"); answer.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a /48 is not one network: %s", answer.Status)
	}
}

// TestSecurityFloodLosesNoForm: beyond the limit forms are kept, under suspicion, and turned away only beyond ten times the limit.
func TestSecurityFloodLosesNoForm(t *testing.T) {
	clock := collectortest.FixedClock(corpus.Now)
	st := limited(t, Limits{Touches: 1, Submissions: 4}, clock.Now)
	for range 40 {
		if answer := st.formFrom(t, "203.0.113.1"); answer.StatusCode != http.StatusSeeOther {
			t.Fatal(answer.Status)
		}
	}
	request := newRequest(t, st.URL+"/f/signup?site=acme", "email=ada%40example.com")
	request.Header.Set("Client", "203.0.113.2")
	request.Header.Set("Accept", "text/html")
	answer := st.do(t, request)
	if page := text(t, answer); answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "2" || !strings.Contains(page, "wait 2 s") {
		t.Errorf("form 41: %s, Retry-After %q, %s", answer.Status, answer.Header.Get("Retry-After"), page)
	}
	doubted := 0
	records := st.kept(t)
	for i, record := range records {
		if suspect := schema.SuspicionOf(record); suspect == schema.SuspectRate && i >= 4 {
			doubted++
		} else if suspect != "" {
			t.Errorf("form %d is %s", i+1, suspect)
		}
	}
	if len(records) != 40 || doubted != 36 {
		t.Errorf("%d forms kept, %d of them under suspicion", len(records), doubted)
	}
	clock.Advance(time.Hour)
	st.formFrom(t, "203.0.113.1")
	if suspect := schema.SuspicionOf(st.kept(t)[0]); suspect != "" {
		t.Errorf("an hour later it is %s", suspect)
	}
}

func TestSecurityRateLimitOfSite(t *testing.T) {
	clock := collectortest.FixedClock(corpus.Now)
	st := limited(t, Limits{SiteTouches: 5, SiteSubmissions: 2}, clock.Now)
	for i := range 5 {
		if answer := st.touchFrom(t, fmt.Sprintf("198.51.%d.1", i)); answer.StatusCode != http.StatusNoContent {
			t.Fatal(answer.Status)
		}
	}
	if answer := st.touchFrom(t, "192.0.2.1"); answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "12" {
		t.Errorf("touch 6 of the site: %s, Retry-After %q", answer.Status, answer.Header.Get("Retry-After"))
	}
	other := newTouch(t, st.URL, strings.Replace(touchBody, "acme", "beta", 1))
	if answer := st.do(t, other); answer.StatusCode != http.StatusNoContent {
		t.Errorf("another site pays for it: %s", answer.Status)
	}
	st.kept(t)
	for i := range 21 {
		answer := st.formFrom(t, fmt.Sprintf("198.51.%d.1", i))
		if want := map[bool]int{true: http.StatusSeeOther, false: http.StatusTooManyRequests}[i < 20]; answer.StatusCode != want {
			t.Errorf("form %d of the site: %s", i+1, answer.Status)
		}
	}
	for i, record := range st.kept(t) {
		if want := map[bool]schema.Suspicion{true: "", false: schema.SuspectRate}[i < 2]; schema.SuspicionOf(record) != want {
			t.Errorf("form %d of the site is %q", i+1, schema.SuspicionOf(record))
		}
	}
}

// TestLimitsOff: 0 is no limit.
func TestLimitsOff(t *testing.T) {
	st := limited(t, Limits{}, nil)
	for range 100 {
		if answer := st.touchFrom(t, "203.0.113.1"); answer.StatusCode != http.StatusNoContent {
			t.Fatal(answer.Status)
		}
	}
}

// TestSecurityProxiesAreNoClients: who stands for many people is not limited by address, and the log says so once, without it.
func TestSecurityProxiesAreNoClients(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32")}
	for _, c := range []struct {
		proxies []netip.Prefix
		client  string
		limited bool
	}{
		{nil, "127.0.0.1", false}, {nil, "::1", false}, {nil, "10.1.2.3", false}, {nil, "192.168.1.1", false}, {nil, "172.20.0.1", false},
		{nil, "fd00::1", false}, {nil, "fe80::1%eth0", false}, {nil, "100.64.1.1", false}, {nil, "::ffff:10.0.0.1", false}, {nil, "", false}, {nil, "nonsense", false},
		{nil, "203.0.113.1", true}, {nil, "2001:db8::1", true},
		{trusted, "10.1.2.3", false}, {trusted, "192.0.2.7", false}, {trusted, "192.0.2.8", true}, {trusted, "192.168.1.1", true}, {trusted, "127.0.0.1", true},
	} {
		var log bytes.Buffer
		l := newLimiter(Limits{Touches: 1, Proxies: c.proxies, Client: func(*http.Request) string { return c.client },
			Log: slog.New(slog.NewTextHandler(&log, nil))})
		request := httptest.NewRequest(http.MethodPost, "/t", nil)
		for range 3 {
			if _, ok := l.keyOf(request, schema.KindTouch, corpus.Now); ok != c.limited {
				t.Errorf("%+v: %t", c, ok)
			}
		}
		hints := strings.Count(log.String(), "\n")
		if want := map[bool]int{true: 1, false: 0}[!c.limited && len(c.client) > 0 && c.client != "nonsense"]; hints != want || len(c.client) > 5 && strings.Contains(log.String(), c.client) {
			t.Errorf("%+v: %d hints: %s", c, hints, log.String())
		}
	}
}

// TestSecurityAddressesAreHashed: what is kept of an address is keyed, is another every day, and tells networks and kinds apart.
func TestSecurityAddressesAreHashed(t *testing.T) {
	keys := map[uint64]string{}
	for installation := range 2 {
		l := newLimiter(Limits{Touches: 1, Client: func(r *http.Request) string { return r.Header.Get("Client") }})
		for day := range 2 {
			for _, client := range []string{"203.0.113.1", "203.0.114.1", "2001:db8:1::1", "2001:db8:2::1", "0.0.0.1", "::2"} {
				for _, kind := range []schema.Kind{schema.KindTouch, schema.KindSubmission} {
					request := httptest.NewRequest(http.MethodPost, "/t", nil)
					request.Header.Set("Client", client)
					at := corpus.Now.AddDate(0, 0, day)
					key, ok := l.keyOf(request, kind, at)
					again, _ := l.keyOf(request, kind, at.Add(time.Hour))
					if !ok || key != again {
						t.Errorf("%s: %x, then %x", client, key, again)
					}
					name := fmt.Sprint(installation, day, client, kind)
					if other := keys[key]; other != "" {
						t.Errorf("%s has the key of %s", name, other)
					}
					keys[key] = name
				}
			}
		}
	}
}

// TestLimiterForgetsTheLeast: whatever comes, memory is bounded, and a network that floods is still known afterwards.
func TestLimiterForgetsTheLeast(t *testing.T) {
	l := newLimiter(Limits{Touches: 10})
	now := corpus.Now.UnixNano()
	const flooder = 0xABCDEF0123456789
	for range 10 {
		l.network(flooder, now, 10)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 1_000_000 { // fifteen for every bucket
		l.network(random.Uint64()|1, now, 10)
	}
	if l.network(flooder, now, 10) == 0 {
		t.Error("the flooder was forgotten")
	}
	if l.network(flooder, now+int64(time.Minute), 10) != 0 {
		t.Error("a minute later it is still closed")
	}
}

// TestLimiterCountsTogether: no request slips through between two others.
func TestLimiterCountsTogether(t *testing.T) {
	l, site := newLimiter(Limits{Touches: 100}), new(siteBucket)
	now := corpus.Now.UnixNano()
	var mu sync.Mutex
	passed, ofSite := 0, 0
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				free := l.network(7, now, 100) == 0
				open := site.take(now, 100) == 0
				mu.Lock()
				passed, ofSite = passed+count(free), ofSite+count(open)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if passed != 100 || ofSite != 100 {
		t.Errorf("%d and %d of 100 passed", passed, ofSite)
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

func TestSecurityRateLimitOfTokensAndLinks(t *testing.T) {
	st := limited(t, Limits{Touches: 3}, nil)
	for i := range 4 {
		request := newGet(t, st.URL+"/f/signup/token?site=acme")
		request.Header.Set("Client", "203.0.113.1")
		if answer := st.do(t, request); (answer.StatusCode == http.StatusTooManyRequests) != (i == 3) {
			t.Errorf("token %d: %s", i+1, answer.Status)
		}
	}
	for _, path := range []string{"/link", "/link/redeem"} {
		request := newRequest(t, st.URL+path, "{}")
		request.Header.Set("Content-Type", "text/plain")
		request.Header.Set("Client", "203.0.113.9")
		if answer := st.do(t, request); answer.StatusCode != http.StatusTooManyRequests {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
}

func BenchmarkLimit(b *testing.B) {
	l := newLimiter(Limits{Touches: 1 << 30})
	request := httptest.NewRequest(http.MethodPost, "/t", nil)
	request.RemoteAddr = "203.0.113.1:4711"
	b.ReportAllocs()
	for b.Loop() {
		key, _ := l.keyOf(request, schema.KindTouch, corpus.Now)
		l.network(key, corpus.Now.UnixNano(), 1<<30)
	}
}

// TestLimitsSurviveAClockThatIsSetBack: nobody waits until it is as late again as it was.
func TestLimitsSurviveAClockThatIsSetBack(t *testing.T) {
	clock := collectortest.FixedClock(corpus.Now)
	st := limited(t, Limits{Touches: 2, SiteTouches: 3}, clock.Now)
	for _, at := range []time.Duration{0, -2 * time.Hour, -20 * time.Hour, 3 * time.Hour} {
		clock.Set(corpus.Now.Add(at))
		for n, want := range []int{http.StatusNoContent, http.StatusNoContent, http.StatusTooManyRequests} {
			if answer := st.touchFrom(t, "203.0.113.1"); answer.StatusCode != want {
				t.Errorf("%s, touch %d: %s, not %d", at, n, answer.Status, want)
			}
		}
	}
}
