package play

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"
)

// request can be sent any number of times; it names the same records each time.
type request struct {
	path        string
	contentType string
	accept      string
	body        []byte
	api         bool
	from        sender
	records     []record
}

// sender is whom the collector sees: a client behind its trusted proxy, or one that comes directly.
type sender struct {
	address string
	direct  bool
}

// outcome is an answer, or why there was none.
type outcome struct {
	status int
	reason string
	body   []byte
}

// good answers are 2xx, and the 303 that sends a person on to the thank-you page.
func (o outcome) good() bool { return o.status/100 == 2 || o.status == http.StatusSeeOther }

// passing tells whether a later try may be taken: nobody was there, or the collector said so.
func (o outcome) passing() bool {
	return o.status == 0 || o.status == http.StatusServiceUnavailable || o.status == http.StatusTooManyRequests
}

// Browser is the User-Agent of all players. It is in no list of bots, and must be found nowhere after a run.
const Browser = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0 HeadwaterPlayer/7791"

// deliver sends a request until it is taken, as a browser does that keeps what was not answered, and gives up after the
// player's patience.
func (p *Player) deliver(ctx context.Context, r *request) outcome {
	p.Ledger.send(r.records)
	wait := 50 * time.Millisecond
	for until := time.Now().Add(p.Patience); ; wait = min(2*wait, time.Second) {
		o := p.once(ctx, r)
		if o.good() {
			p.Ledger.take(r.records)
			return o
		}
		p.Ledger.refuse(o.reason)
		if !o.passing() || time.Now().After(until) {
			return o
		}
		select {
		case <-time.After(wait/2 + rand.N(wait/2)):
		case <-ctx.Done():
			return o
		}
	}
}

func (p *Player) once(ctx context.Context, r *request) outcome {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+r.path, bytes.NewReader(r.body))
	if err != nil {
		return outcome{reason: err.Error()}
	}
	request.Header.Set("Content-Type", r.contentType)
	request.Header.Set("User-Agent", Browser)
	if r.accept != "" {
		request.Header.Set("Accept", r.accept)
	}
	if r.api {
		request.Header.Set("Authorization", "Bearer "+p.Key)
	} else {
		request.Header.Set("Origin", p.Origin)
		request.Header.Set("Referer", p.Origin+"/")
		request.Header.Set("Sec-Fetch-Site", "cross-site")
		request.Header.Set("Accept-Language", "en")
	}
	client := p.proxied
	if r.from.direct {
		client, request = p.direct, request.WithContext(context.WithValue(ctx, localAddress{}, r.from.address))
	} else {
		request.Header.Set("X-Forwarded-For", r.from.address)
	}
	answer, err := client.Do(request)
	if err != nil {
		return outcome{reason: whyNoAnswer(err)}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 8<<20))
	if err != nil {
		return outcome{reason: whyNoAnswer(err)}
	}
	o := outcome{status: answer.StatusCode, body: body, reason: answer.Header.Get("X-Headwater-Rejected")}
	if o.reason == "" {
		o.reason = fmt.Sprintf("HTTP %d", o.status)
	}
	return p.checkRows(r, o)
}

// checkRows turns a 200 of the API that took only some of the rows into a refusal: all that are played are good.
func (p *Player) checkRows(r *request, o outcome) outcome {
	if !r.api || !o.good() {
		return o
	}
	var told struct{ Accepted, Rejected int }
	if err := json.Unmarshal(o.body, &told); err != nil || told.Rejected > 0 || told.Accepted != len(r.records) {
		return outcome{status: http.StatusUnprocessableEntity, reason: fmt.Sprintf("took %d of %d rows", told.Accepted, len(r.records))}
	}
	return o
}

// whyNoAnswer names a failure in few words, so that failures can be counted.
func whyNoAnswer(err error) string {
	var network *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded), os.IsTimeout(err):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "the run ended"
	case errors.As(err, &network) && network.Op == "dial":
		return "no connection"
	default:
		return "the connection broke"
	}
}

// newClient makes a client that shows redirects instead of following them.
func newClient(transport *http.Transport) *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// localAddress is the key of a context's value: the address of this machine that a request comes from.
type localAddress struct{}

// dialFrom connects from the context's local address.
func dialFrom(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	if from, _ := ctx.Value(localAddress{}).(string); from != "" && runtime.GOOS == "linux" { // elsewhere the loopback has one address
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	return dialer.DialContext(ctx, network, address)
}
