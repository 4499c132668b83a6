package doctor

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/headwater/headwater/schema"
)

// doctorOf is a doctor of a site whose pages a server on loopback has.
func doctorOf(t *testing.T, pages http.Handler) (*Doctor, string) {
	t.Helper()
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &Doctor{
		Fetcher: &Fetcher{Agent: "test", Hosts: []string{u.Host}}, PublicURL: "https://t.acme.example",
		Site: &schema.Site{ID: "acme", Origins: []string{server.URL}, Parameters: []string{"ref"}, Forms: []schema.Form{{ID: "signup"}}},
	}, server.URL
}

func idsOf(findings []Finding) []string {
	var ids []string
	for _, f := range findings {
		ids = append(ids, f.ID)
	}
	return ids
}

func TestTrace(t *testing.T) {
	redirect := func(to string, status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", strings.ReplaceAll(to, "QUERY", r.URL.RawQuery))
			w.WriteHeader(status)
		}
	}
	html := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(strings.ReplaceAll(body, "QUERY", r.URL.RawQuery)))
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", html("<!doctype html><title>end</title>"))
	mux.HandleFunc("/kept", redirect("/end?QUERY", 301))
	mux.HandleFunc("/lost", redirect("/end", 302))
	mux.HandleFunc("/slash", redirect("/slash/", 301))
	mux.HandleFunc("/some", redirect("/end?utm_source=linkedin", 307))
	mux.HandleFunc("/changed", redirect("/end?utm_source=LINKEDIN&utm_campaign=spring&ref=7&gclid=Abc", 308))
	mux.HandleFunc("/meta", html(`<head><noscript><meta http-equiv=refresh content="0;url=/no"></noscript><META HTTP-EQUIV="Refresh" CONTENT=" 0 ; URL='/end?QUERY'"></head>`))
	mux.HandleFunc("/slowmeta", html(`<head><meta http-equiv=refresh content="600"></head>`))
	mux.HandleFunc("/refresh", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Refresh", "0; url=/end") })
	mux.HandleFunc("/loop", redirect("/loop?QUERY", 302))
	mux.HandleFunc("/long", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/long?"+r.URL.RawQuery+"x", http.StatusFound)
	})
	mux.HandleFunc("/gone", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusGone) })
	mux.HandleFunc("/inside", redirect("http://127.0.0.1:1/", 302))
	mux.HandleFunc("/metadata", redirect("http://169.254.169.254/latest/meta-data/", 302))
	mux.HandleFunc("/file", redirect("file:///etc/passwd", 302))
	mux.HandleFunc("/fragment", redirect("/end?QUERY", 302))
	mux.HandleFunc("/tofragment", redirect("/end#?QUERY", 302))
	d, base := doctorOf(t, mux)
	const tags = "?utm_source=linkedin&utm_campaign=spring&ref=7&gclid=Abc"
	tests := []struct {
		path  string
		want  string // findings of all steps and of the whole
		steps int
	}{
		{"/end" + tags, "no_redirect", 1},
		{"/kept" + tags, "kept_page all_kept", 2},
		{"/lost" + tags, "lost_page none_arrives", 2},
		{"/slash" + tags, "lost_slash none_arrives", 2},
		{"/some" + tags, "lost_page", 2},
		{"/changed" + tags, "changed", 2},
		{"/meta" + tags, "refresh all_kept", 2},
		{"/slowmeta" + tags, "no_redirect", 1},
		{"/refresh" + tags, "lost_page refresh none_arrives", 2},
		{"/loop" + tags, "kept_slash loop", 1},
		{"/long" + tags, strings.Repeat("changed ", maxHops+1) + "too_many", maxHops + 1},
		{"/gone" + tags, "status no_redirect", 1},
		{"/inside" + tags, "lost_host refused_port", 2},
		{"/metadata" + tags, "lost_host refused_address", 2},
		{"/file" + tags, "bad_location", 1},
		{"/fragment" + tags + "#part", "kept_page all_kept", 2},
		{"/tofragment" + tags, "kept_page all_kept", 2},
		{"/kept", "kept_page all_kept", 2},
	}
	for _, test := range tests {
		trace := d.Trace(t.Context(), base+test.path)
		if got := strings.Join(idsOf(trace.All()), " "); got != test.want || len(trace.Steps) != test.steps {
			t.Errorf("%s: %q in %d steps, want %q in %d", test.path, got, len(trace.Steps), test.want, test.steps)
		}
		if trace.Added != (test.path == "/kept") {
			t.Errorf("%s: parameters added: %t", test.path, trace.Added)
		}
	}
	if lost := d.Trace(t.Context(), base+"/some"+tags).Steps[0].Findings[0]; lost.Data["Names"] != "gclid, ref, utm_campaign" || lost.Data["Status"] != "307" {
		t.Errorf("lost: %v", lost.Data)
	}
	if fragment := d.Trace(t.Context(), base+"/fragment"+tags+"#part").Steps[1].URL; !strings.HasSuffix(fragment, "#part") {
		t.Errorf("the fragment is gone: %s", fragment)
	}
}

func TestKindOf(t *testing.T) {
	for _, test := range []struct{ from, to, want string }{
		{"https://a.example/x", "https://a.example/x/", "slash"}, {"http://a.example/x", "https://a.example/x", "https"},
		{"https://a.example/", "https://www.a.example/", "www"}, {"http://a.example/", "https://www.a.example/", "www"},
		{"https://a.example/", "https://b.example/", "host"}, {"https://a.example/x", "https://a.example/y", "page"},
	} {
		from, _ := url.Parse(test.from)
		to, _ := url.Parse(test.to)
		if got := kindOf(from, to); got != test.want {
			t.Errorf("%s to %s: %s, want %s", test.from, test.to, got, test.want)
		}
	}
}

func FuzzReadURL(f *testing.F) {
	for _, seed := range []string{"https://a.example/", "http://[::1]:80/x", "http://127.1/", "http://ü.example:443?a#b", "http://a@b/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := readURL(text)
		if err != nil {
			return
		}
		again, err := readURL(u.String())
		if err != nil || again.Host != u.Host || again.User != nil || !slices.Contains([]string{"http", "https"}, again.Scheme) {
			t.Fatalf("%q is %q, and then %v, %v", text, u, again, err)
		}
	})
}
