// Package unreliable is a ClickHouse that fails on demand: a proxy in front of the real server's HTTP interface that
// forwards, or hangs, refuses, breaks off, or lets the server commit and then cuts the answer.
//
// Belongs here: ways to fail that need no process to be killed. Does not belong here: when to fail, and what must
// come of it.
package unreliable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy stands at one address while the server behind it comes and goes. Make it with [Start].
type Proxy struct {
	server  *http.Server
	address string
	forward *httputil.ReverseProxy
	target  atomic.Pointer[url.URL]

	mu     sync.Mutex
	mode   Mode
	ends   chan struct{} // closed when mode changes
	failed atomic.Int64  // requests that mode has failed
}

// Mode is what happens to a request. The zero value forwards it.
type Mode struct {
	kind  kind
	code  int
	name  string
	bytes int
}

type kind int

const (
	forwarding kind = iota
	hanging
	silent
	refusing
	unavailable
	refusingLarge
	breaking
	cutting
)

// Forward lets everything through.
func Forward() Mode { return Mode{} }

// Hang takes requests and says nothing; when the mode ends their connections break.
func Hang() Mode { return Mode{kind: hanging} }

// Silence takes requests and says nothing, and these are never answered, whatever the mode is later: only the client's
// own time-out ends them.
func Silence() Mode { return Mode{kind: silent} }

// Refuse answers every request with an exception, by ClickHouse's code and name for it.
func Refuse(code int, name string) Mode { return Mode{kind: refusing, code: code, name: name} }

// RefuseLarge refuses requests whose body is longer than that many bytes, and forwards the others.
func RefuseLarge(code int, name string, bytes int) Mode {
	return Mode{kind: refusingLarge, code: code, name: name, bytes: bytes}
}

// Unavailable answers with a bare HTTP status, as a load balancer does that has no server.
func Unavailable(status int) Mode { return Mode{kind: unavailable, code: status} }

// Break closes the connection after the request was read; the server never hears of it.
func Break() Mode { return Mode{kind: breaking} }

// Cut lets the server do what it was asked, and closes the connection instead of passing on the answer.
func Cut() Mode { return Mode{kind: cutting} }

func (m Mode) String() string {
	switch m.kind {
	case hanging:
		return "hangs"
	case silent:
		return "is silent for ever"
	case refusing:
		return fmt.Sprintf("refuses with %d %s", m.code, m.name)
	case refusingLarge:
		return fmt.Sprintf("refuses inserts of more than %d bytes with %d %s", m.bytes, m.code, m.name)
	case unavailable:
		return fmt.Sprintf("answers %d %s", m.code, http.StatusText(m.code))
	case breaking:
		return "breaks connections off"
	case cutting:
		return "commits and drops the connection"
	}
	return "works"
}

// Start serves on a free port of the loopback, in front of the server of target, such as http://127.0.0.1:8123/default.
func Start(target string) (*Proxy, error) {
	p := &Proxy{ends: make(chan struct{})}
	if err := p.Point(target); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the proxy: %w", err)
	}
	p.address = listener.Addr().String()
	p.forward = &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(p.target.Load()) },
		FlushInterval: -1,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 16, DisableCompression: true},
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	p.server = &http.Server{Handler: http.HandlerFunc(p.handle), ReadHeaderTimeout: 30 * time.Second, MaxHeaderBytes: 1 << 20}
	go func() { _ = p.server.Serve(listener) }()
	return p, nil
}

// Point names the server behind the proxy from now on.
func (p *Proxy) Point(target string) error {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return fmt.Errorf("the proxy stands in front of an address such as http://127.0.0.1:8123, not %q", target)
	}
	p.target.Store(&url.URL{Scheme: u.Scheme, Host: u.Host})
	return nil
}

// DSN is target with the proxy's address in place of the server's.
func (p *Proxy) DSN(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return target
	}
	return strings.Replace(target, u.Host, p.address, 1)
}

// Set changes what happens to requests, those under way included, and starts to count anew.
func (p *Proxy) Set(mode Mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.ends)
	p.mode, p.ends = mode, make(chan struct{})
	p.failed.Store(0)
}

// Failed is how many requests the present mode has failed.
func (p *Proxy) Failed() int { return int(p.failed.Load()) }

// Close ends the proxy and its connections.
func (p *Proxy) Close() error { return p.server.Close() }

func (p *Proxy) now() (Mode, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mode, p.ends
}

func (p *Proxy) handle(w http.ResponseWriter, r *http.Request) {
	mode, ends := p.now()
	switch mode.kind {
	case forwarding:
		p.forward.ServeHTTP(w, r)
		return
	case refusingLarge:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if len(body) <= mode.bytes {
			r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(strings.NewReader(string(body))), int64(len(body)), nil
			p.forward.ServeHTTP(w, r)
			return
		}
	case cutting:
		if p.commit(r) {
			p.failed.Add(1)
		}
		panic(http.ErrAbortHandler)
	default:
		// Only after the whole body was read does net/http notice that the client is gone.
		_, _ = io.Copy(io.Discard, r.Body)
	}
	p.failed.Add(1)
	p.fail(w, r, mode, ends)
}

func (p *Proxy) fail(w http.ResponseWriter, r *http.Request, mode Mode, ends <-chan struct{}) {
	switch mode.kind {
	case refusing, refusingLarge:
		w.Header().Set("X-ClickHouse-Exception-Code", fmt.Sprint(mode.code))
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, "Code: %d. DB::Exception: Refused by the fault proxy. (%s)\n", mode.code, mode.name)
		return
	case unavailable:
		http.Error(w, http.StatusText(mode.code), mode.code)
		return
	case hanging:
		select {
		case <-r.Context().Done():
		case <-ends:
		}
	case silent:
		<-r.Context().Done()
	}
	panic(http.ErrAbortHandler)
}

// commit has the server do what r asks, and tells whether it did. The server may go on though the client has left.
func (p *Proxy) commit(r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 30*time.Second)
	defer cancel()
	again, err := http.NewRequestWithContext(ctx, r.Method, p.target.Load().String()+r.URL.RequestURI(), strings.NewReader(string(body)))
	if err != nil {
		return false
	}
	again.Header = r.Header.Clone()
	answer, err := p.forward.Transport.RoundTrip(again)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return errors.Join(err, answer.Body.Close()) == nil && answer.StatusCode == http.StatusOK
}
