package browser

import (
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/headwater/headwater/snippet/browser/engine"
)

// newAdapterSite is a website whose pages in pages/adapters and pages/frames carry both scripts: the core with one tag's
// attributes, and the adapters with the other's. They have PORT where addresses need this site's port.
func newAdapterSite(t *testing.T, core, adapters string) *site {
	t.Helper()
	s := newSite(t, core)
	for _, folder := range []string{"adapters", "frames"} {
		names, err := fs.Glob(pages, "pages/"+folder+"/*.html")
		if err != nil || len(names) == 0 {
			t.Fatalf("pages in %s: %q, %v", folder, names, err)
		}
		for _, name := range names {
			target := strings.TrimSuffix(strings.TrimPrefix(name, "pages"), ".html")
			s.handle(target, func(w http.ResponseWriter, _ *http.Request) { s.sendAdapted(w, name, adapters) })
		}
	}
	return s
}

func (s *site) sendAdapted(w http.ResponseWriter, name, adapters string) {
	tags := `<script src="/hw-adapters.js" data-site="acme" ` + adapters + ` async></script>` +
		`<script src="/hw.js" data-site="acme" ` + s.attributes + ` async></script>`
	if s.early != "" {
		tags = "<script>" + s.early + "</script>" + tags
	}
	s.sendWith(w, name, tags)
}

// sendWith sends a page with these tags in its head.
func (s *site) sendWith(w http.ResponseWriter, name, tags string) {
	content, err := pages.ReadFile(name)
	if err != nil {
		s.t.Errorf("page %s: %v", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	for key, value := range s.headers {
		w.Header().Set(key, value)
	}
	page := strings.ReplaceAll(string(content), "<!-- headwater -->", tags)
	_, _ = w.Write([]byte(strings.ReplaceAll(page, "PORT", s.port))) // a browser that left has left
}

// ready waits until both scripts run on the page of b.
func (b *tab) ready() {
	b.t.Helper()
	b.await(`window.headwater && !!headwater.fields && document.readyState == "complete"`)
	// The adapters have started where the core's consent is theirs, or the queue still holds them.
	b.await(`performance.getEntriesByType("resource").some((r) => r.name.includes("hw-adapters") && r.responseEnd > 0)`)
	eval[bool](b, `new Promise((resolve) => setTimeout(() => resolve(true)))`)
}

// run runs JavaScript statements on the page of b.
func (b *tab) run(script string) {
	b.t.Helper()
	eval[bool](b, `(() => { `+script+`; return true; })()`)
}

// tells fails unless an expression has this value, and waits for it.
func (b *tab) tells(expression, want string) {
	b.t.Helper()
	b.await(`String(` + expression + `) == ` + quote(want) + ` || (window.__last = String(` + expression + `), false)`)
}

// submissions waits for n submissions that the core sent to a form, and that the collector took.
func (s *site) submissions(form string, n int) []url.Values {
	s.t.Helper()
	var found []url.Values
	for _, r := range s.accepted(path.Join("/f", form), n) {
		sent, err := url.ParseQuery(string(r.body))
		if err != nil {
			s.t.Fatalf("submission %s: %v", r.body, err)
		}
		found = append(found, sent)
	}
	return found
}

// typed returns what a submission says that a person filled in.
func typed(submission url.Values) map[string]string {
	fields := map[string]string{}
	for name := range submission {
		if !strings.HasPrefix(name, "hw_") {
			fields[name] = submission.Get(name)
		}
	}
	return fields
}

// visitorOf returns the visitor id that the core has given to the page of b.
func visitorOf(b *tab) string { return eval[string](b, `headwater.fields().hw_visitor_id`) }

// adapted opens a page of a site with adapters and waits for the touch of its arrival.
func adapted(t *testing.T, e engine.Engine, core, adapters, target string) (*site, *tab) {
	t.Helper()
	s, b := newAdapterSite(t, core, adapters), newTab(t, e)
	b.open(s.page(target))
	s.touches(1)
	b.ready()
	return s, b
}

// wantNoneTwice fails where a form sends one of our fields twice, or none of them.
func wantNoneTwice(t *testing.T, form url.Values) {
	t.Helper()
	ours := 0
	for name, values := range form {
		if strings.HasPrefix(name, "hw_") {
			ours++
			if len(values) != 1 {
				t.Errorf("%s is sent %d times: %q", name, len(values), values)
			}
		}
	}
	if ours == 0 {
		t.Error("the form has none of our fields")
	}
}
