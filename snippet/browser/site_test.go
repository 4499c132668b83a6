package browser

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headwater/headwater/snippet"
)

//go:embed pages
var pages embed.FS

// site is a website and, on the same port, a collector that keeps what it is sent. Every host name leads to it, so that
// one server is www.shop.example, its subdomains, search engines and payment providers alike.
type site struct {
	t    *testing.T
	port string
	// attributes of the script tag, changed before a page is opened
	attributes string
	script     string // its src
	early      string // JavaScript that runs before it, see before
	// setCookie makes the collector's answers set the visitor cookie, as the real one does for its own domain.
	setCookie bool

	// gate holds the answer to GET /gate until the test closes it.
	gate chan struct{}

	mu       sync.Mutex
	received []request
	changed  chan struct{}
}

// request is one POST that arrived.
type request struct {
	host, path, contentType, origin, cookie string
	body                                    []byte
}

const shop = "www.shop.example"

func newSite(t *testing.T, attributes string) *site {
	t.Helper()
	s := &site{t: t, attributes: attributes, script: "/hw.js", changed: make(chan struct{}), gate: make(chan struct{})}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s.port = port
	return s
}

// at returns the address of a page of host.
func (s *site) at(host, target string) string { return "http://" + host + ":" + s.port + target }

func (s *site) page(target string) string { return s.at(shop, target) }

// before makes script run in every page, before all others: the page of a website that does such things.
func (s *site) before(script string) { s.early = script }

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == "POST":
		s.receive(w, r)
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
		var err error
		if content, err = os.ReadFile("../dist/hw-adapters.js"); err != nil {
			http.NotFound(w, r)
			return
		}
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
	if s.early != "" {
		content = bytes.Replace(content, []byte("<head>"), []byte("<head><script>"+s.early+"</script>"), 1)
	}
	tag := fmt.Sprintf(`<script src="%s" data-site="acme" %s async></script>`, s.script, s.attributes)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(bytes.ReplaceAll(content, []byte("<!-- headwater -->"), []byte(tag)))
}

func (s *site) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "read the body: "+err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.received = append(s.received, request{
		host: r.Host, path: r.URL.Path, contentType: r.Header.Get("Content-Type"),
		origin: r.Header.Get("Origin"), cookie: r.Header.Get("Cookie"), body: body,
	})
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()

	w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	w.Header().Set("Access-Control-Allow-Credentials", "true")
	var sent struct {
		VisitorID    string `json:"visitor_id"`
		SubmissionID string `json:"submission_id"`
	}
	_ = json.Unmarshal(body, &sent) // a form is no JSON: then there is nothing to answer with
	if s.setCookie && sent.VisitorID != "" {
		http.SetCookie(w, &http.Cookie{Name: "hw", Value: sent.VisitorID, Domain: "shop.example", Path: "/", MaxAge: 34128000})
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/f/refused"):
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"unknown_form","message":"there is no such form"}`)
	case path.Base(r.URL.Path) == "t":
		w.WriteHeader(http.StatusNoContent)
	case strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain"):
		fmt.Fprintf(w, `{"submission_id":%q}`, sent.SubmissionID)
	default:
		http.Redirect(w, r, "/thanks", http.StatusSeeOther)
	}
}

// wait returns the requests to paths that end in suffix once there are n of them.
func (s *site) wait(suffix string, n int) []request {
	s.t.Helper()
	timeout := time.NewTimer(deadline)
	defer timeout.Stop()
	for {
		s.mu.Lock()
		var found []request
		for _, r := range s.received {
			if strings.HasSuffix(r.path, suffix) {
				found = append(found, r)
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

// touches waits for n touches and returns them as the flat objects that they are.
func (s *site) touches(n int) []map[string]any {
	s.t.Helper()
	var touches []map[string]any
	for _, r := range s.wait("/t", n) {
		touch := map[string]any{}
		if err := json.Unmarshal(r.body, &touch); err != nil {
			s.t.Fatalf("touch %s: %v", r.body, err)
		}
		if r.contentType != "text/plain;charset=UTF-8" {
			s.t.Errorf("a touch came as %s: anything but text/plain asks for a preflight", r.contentType)
		}
		touches = append(touches, touch)
	}
	return touches
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
