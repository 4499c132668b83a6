package engine

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// internet is the whole internet of one browser, a proxy: every host is this machine, and the requests are written down.
// https ends here, so that one server without it is every website with and without; the browsers take any certificate.
//
// It also plays the pages that lead to the one under test. Browsers let nobody set document.referrer, so a visitor who
// comes from https://www.linkedin.com/ really was there: on a door, a page with one link.
type internet struct {
	proxy, secure *httptest.Server
	forward       *httputil.ReverseProxy
	marks         atomic.Int64

	mu    sync.Mutex
	doors map[string]string // address to where its link leads
	posts []post
	// idle counts the connections with https that have not asked for anything yet.
	idle int
}

// What a page asks the proxy for to learn that all it sent before has come through.
const markPath = "/.well-known/mark"

// longestHead lets addresses of a megabyte through.
const longestHead = 4 << 20

func newInternet() *internet {
	n := &internet{doors: map[string]string{}}
	n.forward = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			_, port, _ := net.SplitHostPort(r.In.Host) // looked at before
			r.Out.URL.Scheme = "http"
			r.Out.URL.Host = net.JoinHostPort("127.0.0.1", port)
			r.Out.Host = r.In.Host
			if r.In.TLS != nil {
				r.Out.Header.Set("X-Forwarded-Proto", "https")
			}
		},
		// Browsers hang up when a page is left; nobody needs to read about it.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	n.proxy = httptest.NewUnstartedServer(http.HandlerFunc(n.serve))
	n.proxy.Config.MaxHeaderBytes = longestHead
	n.proxy.Start()
	n.secure = httptest.NewUnstartedServer(http.HandlerFunc(n.serve))
	n.secure.Config.ErrorLog = silent
	n.secure.Config.MaxHeaderBytes = longestHead
	n.secure.Config.ConnState = n.countIdle()
	n.secure.StartTLS()
	return n
}

func (n *internet) close() {
	n.proxy.CloseClientConnections()
	n.secure.CloseClientConnections()
	n.proxy.Close()
	n.secure.Close()
}

// address returns the proxy's "host:port".
func (n *internet) address() string { return n.proxy.Listener.Addr().String() }

// open makes address a door to target.
func (n *internet) open(address, target string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.doors[address] = target
}

// enter returns true after it answered a request for a door.
func (n *internet) enter(w http.ResponseWriter, address string) bool {
	n.mu.Lock()
	target, isDoor := n.doors[address]
	n.mu.Unlock()
	if isDoor {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		fmt.Fprintf(w, `<!doctype html><meta name="referrer" content="unsafe-url"><title>A door</title>
			<script>window.door = true</script><a id="out" href="%s">Link</a>`, html.EscapeString(target))
	}
	return isDoor
}

func (n *internet) serve(w http.ResponseWriter, r *http.Request) {
	address := r.URL.String()
	if r.TLS != nil {
		address = "https://" + r.Host + r.URL.RequestURI()
	}
	_, _, noPort := net.SplitHostPort(r.Host)
	switch {
	case r.Method == http.MethodConnect:
		n.connect(w, r)
	case r.URL.Path == markPath:
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodGet && n.enter(w, address):
	case noPort != nil:
		http.Error(w, "there is nothing at "+r.Host, http.StatusNotFound)
	default:
		n.note(r)
		n.forward.ServeHTTP(w, r)
	}
}

// countIdle makes what the server with https calls as its connections come and go.
func (n *internet) countIdle() func(net.Conn, http.ConnState) {
	idle := map[net.Conn]bool{}
	return func(c net.Conn, state http.ConnState) {
		n.mu.Lock()
		defer n.mu.Unlock()
		if state == http.StateNew {
			idle[c] = true
		} else {
			delete(idle, c)
		}
		n.idle = len(idle)
	}
}

// connect is the way to everything with https; what a browser wants of its maker's servers is refused.
func (n *internet) connect(w http.ResponseWriter, r *http.Request) {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil || port == "443" && !n.hasDoor(host) {
		http.Error(w, "there is nothing at "+r.Host, http.StatusNotFound)
		return
	}
	server, err := net.Dial("tcp", n.secure.Listener.Addr().String())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = server.Close() // nothing was sent
		return
	}
	// The ends of both copies are the ends of the connection, however it ended.
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	_, _ = io.Copy(client, server)
	_ = client.Close()
}

func (n *internet) hasDoor(host string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for door := range n.doors {
		if address, err := url.Parse(door); err == nil && address.Hostname() == host {
			return true
		}
	}
	return false
}

// note writes down what a page sends.
func (n *internet) note(r *http.Request) {
	sent := post{path: r.URL.Path}
	switch r.Method {
	case http.MethodPost:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			body = nil // the browser hung up: what is passed on is as broken
		}
		sent.body = string(body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	case http.MethodOptions:
		sent.path = "OPTIONS " + sent.path
	default:
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.posts = append(n.posts, sent)
}

// post is a request that a page sent.
type post struct{ path, body string }

// distinct returns the paths of posts without those that were sent before, word for word: what is sent again.
func distinct(posts []post) []string {
	seen := map[post]bool{}
	var paths []string
	for _, p := range posts {
		if p.body != "" && seen[p] {
			continue
		}
		seen[p] = true
		paths = append(paths, p.path)
	}
	return paths
}

// seen returns how many posts there were.
func (n *internet) seen() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.posts)
}

// since returns the posts after the first start, once all that p's present page has begun is among them.
func (n *internet) since(ctx context.Context, p Page, start int) ([]string, error) {
	// Requests go by way of another process, in order; a second mark lets one pass that needed a new connection.
	for range 2 {
		mark := "location.origin + " + strconv.Quote(markPath+"?"+strconv.FormatInt(n.marks.Add(1), 10))
		_, err := p.Eval(ctx, `new Promise((resolve) => {
			const image = new Image();
			image.onload = image.onerror = () => resolve(true);
			image.src = `+mark+` })`)
		if err != nil {
			return nil, err
		}
		n.settle(ctx)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return distinct(n.posts[start:]), nil
}

// settle waits until every connection with https has brought a request, but not for ever: browsers open some in advance.
func (n *internet) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	_ = until(ctx, func() (bool, error) { // time is up for those that were opened in advance
		n.mu.Lock()
		defer n.mu.Unlock()
		return n.idle == 0, nil
	})
}

// throughDoor leads p from the page at referrer to the one at address.
func (n *internet) throughDoor(ctx context.Context, p Page, referrer, address string) error {
	if from, err := url.Parse(referrer); err != nil || from.Path == "" || from.Fragment != "" {
		return fmt.Errorf("%q is no complete address without a fragment", referrer)
	}
	target, err := url.Parse(address)
	if err != nil {
		return err
	}
	n.open(referrer, address)
	if err := p.Navigate(ctx, referrer); err != nil {
		return fmt.Errorf("open the page before: %w", err)
	}
	isDoor, err := p.Eval(ctx, `window.door && (setTimeout(() => document.getElementById("out").click()), true)`)
	if err != nil || string(isDoor) != "true" {
		return fmt.Errorf("%s did not open: %v", referrer, err)
	}
	// Between the two there may be an empty page, which is complete as well.
	there := `!window.door && document.readyState == "complete" && location.host == ` + strconv.Quote(target.Host)
	return until(ctx, func() (bool, error) {
		is, err := p.Eval(ctx, there)
		return string(is) == "true", err
	})
}
