// Package play plays visitors and a CRM against a collector, keeps a ledger of what the collector said it has taken, and
// holds ClickHouse and the reports to it.
//
// Belongs here: real journeys (touches, forms in every encoding, resends, imports, deals), the ledger, the oracle.
// Does not belong here: what goes wrong meanwhile (faults), and speed (the measuring part of tools/load).
package play

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/schema"
)

// The addresses that players come from begin so: a visitor's, behind the proxy on this machine (RFC 2544 sets 198.18.0.0/15 aside
// for such runs), and those of one in four, who come directly. Each visitor has another one, as visitors have.
const (
	ProxiedPrefix = "198.18."
	DirectPrefix  = "127.77."
)

// Player sends journeys to one site of one collector. Make it with [New].
type Player struct {
	Config
	proxied, direct *http.Client

	mu   sync.Mutex
	past []*request // some of what was accepted, to be sent again
}

// Config says what is played. All members but Patience must be given.
type Config struct {
	URL    string // of the collector
	Key    string // of the site's API
	Site   schema.SiteID
	Form   schema.FormID
	Origin string // of the site's pages
	// Run marks everything that is played: lower-case letters, digits and dashes, at most 32.
	Run    string
	Seed   uint64
	Ledger *Ledger
	// Patience is for how long something that is not accepted is sent again. Default 5 s.
	Patience time.Duration
	// Workers bounds how many visitors are there at a time.
	Workers int
}

// New prepares a player.
func New(c Config) *Player {
	if c.Patience == 0 {
		c.Patience = 5 * time.Second
	}
	return &Player{Config: c,
		proxied: newClient(&http.Transport{MaxIdleConnsPerHost: c.Workers, DialContext: dialFrom}),
		// A connection belongs to the address that it comes from.
		direct: newClient(&http.Transport{DisableKeepAlives: true, DialContext: dialFrom})}
}

// Play lets visitors come at the rate, a second, until ctx ends. It returns when the last of them is done, which may take
// Patience longer.
func (p *Player) Play(ctx context.Context, rate float64) {
	visitors := make(chan uint64)
	var group sync.WaitGroup
	for range p.Workers {
		group.Go(func() {
			for n := range visitors {
				p.visit(context.WithoutCancel(ctx), n)
			}
		})
	}
	defer group.Wait()
	defer close(visitors)
	began := time.Now()
	for n := uint64(0); ; n++ {
		due := began.Add(time.Duration(float64(n) / rate * float64(time.Second)))
		if behind := time.Since(due); behind > time.Second {
			began = began.Add(behind) // who could not come in time does not come: no flood after an outage
		}
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			return
		}
		select {
		case visitors <- n:
		case <-ctx.Done():
			return
		}
	}
}

var sources = []string{"linkedin", "facebook", "newsletter", "google", "partner-a", "partner-b"}

// visitor is one journey; everything random about it but its ids follows from the seed and its number.
type visitor struct {
	*Player
	rand   *rand.Rand
	number uint64
	id     schema.VisitorID
	from   sender
	first  schema.Touch
	latest schema.Touch
}

// visit is one to three arrivals, now and then sent twice, in one of four a form or two, and sometimes what a CRM says.
func (p *Player) visit(ctx context.Context, n uint64) {
	r := rand.New(rand.NewPCG(p.Seed, n))
	v := &visitor{Player: p, rand: r, number: n, id: schema.VisitorID(newID())}
	v.from = sender{address: fmt.Sprintf("%s%d.%d", ProxiedPrefix, r.IntN(256), r.IntN(256))}
	if r.IntN(4) == 0 {
		v.from = sender{address: fmt.Sprintf("%s%d.%d", DirectPrefix, r.IntN(256), 1+r.IntN(254)), direct: true}
	}
	for range 1 + r.IntN(3) {
		v.arrive(ctx)
	}
	if r.IntN(4) == 0 {
		v.lead(ctx)
	}
	if r.IntN(8) == 0 {
		v.sendPast(ctx)
	}
}

// arrive is one touch.
func (v *visitor) arrive(ctx context.Context) {
	v.latest = schema.Touch{TouchID: schema.TouchID(newID()), OccurredAt: now(), UTMSource: sources[v.rand.IntN(len(sources))],
		UTMMedium: "load", UTMCampaign: fmt.Sprintf("%s-%d", v.Run, v.rand.IntN(20)), LandingPage: v.Origin + "/"}
	if !v.first.Present() {
		v.first = v.latest
	}
	v.sendOften(ctx, v.touch())
}

// lead is one form; in one of six a second one of the same person follows, in one of three the CRM knows more.
func (v *visitor) lead(ctx context.Context) {
	email := fmt.Sprintf("visitor-%d@company-%d.%s.example", v.number, v.number%997, v.Run)
	if v.rand.IntN(12) == 0 {
		v.sendOften(ctx, v.importOf(email))
	}
	v.sendOften(ctx, v.form(email))
	if v.rand.IntN(6) == 0 {
		v.sendOften(ctx, v.form(email))
	}
	if v.rand.IntN(3) == 0 {
		opened, won := v.deal(email)
		v.sendOften(ctx, opened)
		v.sendOften(ctx, won)
	}
}

// sendOften delivers a request, and one of twelve twice: as a browser does that saw no answer, or a person who clicks twice.
func (v *visitor) sendOften(ctx context.Context, r *request) {
	if !v.deliver(ctx, r).good() {
		return
	}
	if v.rand.IntN(12) == 0 {
		v.deliver(ctx, r)
	}
	if v.rand.IntN(4) == 0 {
		v.remember(r)
	}
}

const pastRequests = 512

// remember keeps a request for [visitor.sendPast].
func (v *visitor) remember(r *request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.past) < pastRequests {
		v.past = append(v.past, r)
		return
	}
	v.past[v.rand.IntN(len(v.past))] = r
}

// sendPast sends something again that was accepted some time ago: before a restart, or before Redis forgot it.
func (v *visitor) sendPast(ctx context.Context) {
	v.mu.Lock()
	var r *request
	if len(v.past) > 0 {
		r = v.past[v.rand.IntN(len(v.past))]
	}
	v.mu.Unlock()
	if r != nil {
		v.deliver(ctx, r)
	}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
