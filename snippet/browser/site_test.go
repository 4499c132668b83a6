package browser

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/snippet"
)

//go:embed pages
var pages embed.FS

// site is a website and, on the same port, its collector: the real one, which this server passes on to what it gets.
// Every host name leads here, so that one server is www.shop.example, its subdomains, search engines and payment
// providers alike, with https and without.
type site struct {
	t    testing.TB
	port string
	// attributes of the script tag, changed before a page is opened
	attributes string
	script     string // its src
	early      string // JavaScript that runs before it, see before
	// headers of every page, such as a Content-Security-Policy
	headers map[string]string
	// configured holds more lines of the site's part of the collector's config, changed before anything is sent.
	configured string

	// gate holds the answer to GET /gate until the test closes it.
	gate chan struct{}

	start     sync.Once // the collector, for the first request that it gets
	collector *collector

	mu       sync.Mutex
	received []*request
	changed  chan struct{}
	fault    func(*http.Request) int
	backends map[string]http.HandlerFunc // of the website itself, by path
	refusals map[string]bool             // the reasons that the test expects
}

// request is one POST that arrived, and what became of it.
type request struct {
	host, path, contentType, origin, cookie string
	body                                    []byte

	// status is 0 until it is answered, cut where the connection was.
	status   int
	rejected string // the collector's reason, "" where it took the request
	answer   []byte
}

// cut is what a fault returns to cut the connection.
const cut = -1

const shop = "www.shop.example"

func newSite(t testing.TB, attributes string) *site {
	t.Helper()
	s := &site{
		t: t, attributes: attributes, script: "/hw.js", headers: map[string]string{},
		changed: make(chan struct{}), gate: make(chan struct{}),
		backends: map[string]http.HandlerFunc{}, refusals: map[string]bool{},
	}
	server := httptest.NewUnstartedServer(s)
	server.Config.MaxHeaderBytes = 4 << 20 // for addresses of a megabyte
	server.Start()
	t.Cleanup(func() {
		server.Close() // when every request has its answer
		s.checkAnswers(t)
	})
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s.port = port
	return s
}

// at returns the address of a page of host.
func (s *site) at(host, target string) string { return "https://" + host + ":" + s.port + target }

// plainAt is the same without TLS.
func (s *site) plainAt(host, target string) string { return "http://" + host + ":" + s.port + target }

func (s *site) page(target string) string { return s.at(shop, target) }

// fail makes fault decide about every request for the collector from now on: 0 passes it on, cut cuts the connection, and
// any other value is the status that is answered instead. A fault that waits for the request's context hangs.
func (s *site) fail(fault func(r *http.Request) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// expectRefused says that the collector is right to refuse something with this reason.
func (s *site) expectRefused(reason string) { s.refusals[reason] = true }

// handle gives the website itself something that answers at path.
func (s *site) handle(path string, handler http.HandlerFunc) { s.backends[path] = handler }

// before makes script run in every page, before all others: the page of a website that does such things.
func (s *site) before(script string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.early = script
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPost || r.Method == http.MethodOptions:
		s.receive(w, r)
	case r.URL.Path == "/"+snippet.Core.Pinned() || r.URL.Path == "/"+snippet.Adapters.Pinned():
		s.passOn(w, r)
	case s.backends[r.URL.Path] != nil:
		s.backends[r.URL.Path](w, r)
	case strings.HasSuffix(r.URL.Path, ".js"):
		sendScript(w, r)
	case r.URL.Path == "/gate":
		select {
		case <-s.gate:
		case <-r.Context().Done():
		}
	case r.URL.Path == "/favicon.ico":
		w.WriteHeader(http.StatusNoContent)
	default:
		s.sendPage(w, r)
	}
}

// sendScript sends the adapters under their names, and the snippet under any other: it works under any file name.
func sendScript(w http.ResponseWriter, r *http.Request) {
	content := snippet.Script()
	if strings.HasPrefix(path.Base(r.URL.Path), "hw-adapters") {
		content = snippet.Adapters.Script()
	}
	w.Header().Set("Content-Type", "text/javascript")
	_, _ = w.Write(content) // a browser that left has left
}

func (s *site) sendPage(w http.ResponseWriter, r *http.Request) {
	content, err := pages.ReadFile("pages" + r.URL.Path + ".html")
	if err != nil {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	early := s.early
	s.mu.Unlock()
	content = bytes.ReplaceAll(content, []byte("PORT"), []byte(s.port))
	if early != "" {
		content = bytes.Replace(content, []byte("<head>"), []byte("<head><script nonce=\"page\">"+early+"</script>"), 1)
	}
	tag := fmt.Sprintf(`<script src="%s" data-site="acme" %s async></script>`, s.script, s.attributes)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	for name, value := range s.headers {
		w.Header().Set(name, value)
	}
	_, _ = w.Write(bytes.ReplaceAll(content, []byte("<!-- headwater -->"), []byte(tag)))
}

// receive writes a request down and has it answered: by the collector where it is for it, else by the website.
func (s *site) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "read the body: "+err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	got := &request{
		host: r.Host, path: r.URL.Path, contentType: r.Header.Get("Content-Type"),
		origin: r.Header.Get("Origin"), cookie: r.Header.Get("Cookie"), body: body,
	}
	s.mu.Lock()
	fault, backend := s.fault, s.backends[r.URL.Path]
	if r.Method == http.MethodPost {
		s.received = append(s.received, got)
		s.announce()
	}
	s.mu.Unlock()
	switch {
	case backend != nil:
		backend(w, r)
	case !forCollector.MatchString(r.URL.Path):
		w.WriteHeader(http.StatusNoContent)
	default:
		s.collect(w, r, got, fault)
	}
}

// collect has the collector answer, unless there is a fault on the way.
func (s *site) collect(w http.ResponseWriter, r *http.Request, got *request, fault func(*http.Request) int) {
	status := 0
	if fault != nil {
		status = fault(r)
	}
	answer := httptest.NewRecorder()
	switch status {
	case 0:
		s.passOn(answer, r)
	case cut:
		defer panic(http.ErrAbortHandler)
	default:
		answer.Header().Set("Access-Control-Allow-Origin", "*")
		answer.WriteHeader(status)
	}
	if status != cut {
		status = answer.Code
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(status)
		_, _ = w.Write(answer.Body.Bytes()) // a browser that left has left
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	got.status, got.rejected, got.answer = status, answer.Header().Get(rejection.Header), answer.Body.Bytes()
	s.announce()
}

// announce tells those who wait that there is something new.
func (s *site) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// checkAnswers fails the test where the collector refused something that it should not have.
func (s *site) checkAnswers(t testing.TB) {
	for _, r := range s.received {
		if r.rejected != "" && !s.refusals[r.rejected] {
			t.Errorf("the collector refused POST %s as %s: %s\nsent: %.2000s", r.path, r.rejected, r.answer, r.body)
		}
	}
	if s.collector != nil {
		if err := s.collector.stop(); err != nil {
			t.Errorf("stop the collector: %v", err)
		}
	}
}

// wait returns the requests to paths that end in suffix once there are n of them.
func (s *site) wait(suffix string, n int) []request {
	s.t.Helper()
	return s.waitFor(suffix, n, func(request) bool { return true })
}

// accepted returns those that the collector has taken, once there are n of them.
func (s *site) accepted(suffix string, n int) []request {
	s.t.Helper()
	return s.waitFor(suffix, n, func(r request) bool { return r.status >= 200 && r.status < 400 })
}

func (s *site) waitFor(suffix string, n int, is func(request) bool) []request {
	s.t.Helper()
	timeout := time.NewTimer(deadline)
	defer timeout.Stop()
	for {
		s.mu.Lock()
		var found []request
		for _, r := range s.received {
			if strings.HasSuffix(r.path, suffix) && is(*r) {
				found = append(found, *r)
			}
		}
		changed := s.changed
		s.mu.Unlock()
		if len(found) >= n {
			return found
		}
		select {
		case <-changed:
		case <-timeout.C:
			s.t.Fatalf("waited in vain for %d requests to …%s, got %d", n, suffix, len(found))
		}
	}
}

// touches waits for n touches and returns them as the flat objects that they are. One that was sent again, word for word, is
// the same touch: a page that is left before its answer came does that.
func (s *site) touches(n int) []map[string]any {
	s.t.Helper()
	for wanted := n; ; wanted++ {
		var touches []map[string]any
		seen := map[string]bool{}
		requests := s.wait("/t", wanted)
		for _, r := range requests {
			if seen[string(r.body)] {
				continue
			}
			seen[string(r.body)] = true
			touch := map[string]any{}
			if err := json.Unmarshal(r.body, &touch); err != nil {
				s.t.Fatalf("touch %s: %v", r.body, err)
			}
			if r.contentType != "text/plain;charset=UTF-8" {
				s.t.Errorf("a touch came as %s: anything but text/plain asks for a preflight", r.contentType)
			}
			touches = append(touches, touch)
		}
		if len(touches) >= n {
			return touches
		}
		wanted = len(requests)
	}
}

// forms waits for n native submissions and returns their fields.
func (s *site) forms(n int) []url.Values {
	s.t.Helper()
	var forms []url.Values
	for _, r := range s.wait("/f/signup", n) {
		kind, _, err := mime.ParseMediaType(r.contentType)
		if err != nil || kind != "application/x-www-form-urlencoded" {
			s.t.Fatalf("the form came as %s", r.contentType)
		}
		values, err := url.ParseQuery(string(r.body))
		if err != nil {
			s.t.Fatalf("form %s: %v", r.body, err)
		}
		forms = append(forms, values)
	}
	return forms
}
