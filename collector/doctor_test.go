package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/headwater/headwater/snippet"
)

// websiteOf is a website on loopback, whose pages are a good one, one with most things wrong, an old link and one that is cut off.
func websiteOf(t *testing.T, collector string) *httptest.Server {
	t.Helper()
	pages := http.NewServeMux()
	show := func(path, html string) {
		pages.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(html))
		})
	}
	form := `<form method="post" action="` + collector + `/f/signup"><input type="email" name="email"></form>`
	show("/{$}", `<!doctype html><head><script src="`+collector+`/`+snippet.Core.Name+`" data-site="acme" async></script></head><body>`+form)
	show("/wrong", "<!doctype html><body><form method=post action=/x><input name=\"hw_\x1b]0;owned\x07\u202eevil\"></form>")
	pages.HandleFunc("/old", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusMovedPermanently) })
	pages.HandleFunc("/inside", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
	})
	pages.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	return server
}

// headwater doctor says what a page lacks, where a link loses its parameters, and why it does not look at an address; its exit code tells
// scripts. What a website says reaches the terminal as text.
func TestDoctorCommand(t *testing.T) {
	clearEnvironment(t)
	const collector = "https://t.acme.example"
	website := websiteOf(t, collector)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close() // nobody listens there any more
	at, err := url.Parse(website.URL)
	if err != nil {
		t.Fatal(err)
	}
	gone, err := url.Parse(closed.URL)
	if err != nil {
		t.Fatal(err)
	}
	path := writeConfig(t, fmt.Sprintf(`public_url = %q
secret = "0123456789abcdef0123456789abcdef"
doctor_hosts = [%q, %q]

[[site]]
id = "acme"
origins = [%q, %q]

  [[site.form]]
  id = "signup"
`, collector, at.Host, gone.Host, website.URL, closed.URL))
	const added = "Parameters were added to the address"
	for name, c := range map[string]struct {
		args []string
		code int
		want []string
		not  string
	}{
		"a good page":           {[]string{website.URL + "/"}, 0, []string{"1. " + website.URL + "/?utm_source=", "(200)", added, "good: The address leads straight to the page.", "good: hw.js is on the page.", "as signup."}, "bad:"},
		"a page without":        {[]string{website.URL + "/wrong"}, 1, []string{"bad: ", "hw_\uFFFD]0;owned\uFFFD\uFFFDevil"}, "as signup."},
		"no such page":          {[]string{website.URL + "/nowhere"}, 1, []string{"(404)", "bad: The page answers with an error: 404."}, ""},
		"a redirect":            {[]string{website.URL + "/old"}, 1, []string{"1. ", "(301)", "2. ", "(200)", "drops gclid, utm_campaign, utm_medium, utm_source"}, ""},
		"a link":                {[]string{"--link", website.URL + "/?utm_source=x"}, 0, []string{"good: The address leads straight"}, added},
		"a link that is cut":    {[]string{"--link", website.URL + "/old?utm_source=x"}, 1, []string{"drops utm_source"}, added},
		"a redirect inside":     {[]string{website.URL + "/inside"}, 1, []string{"169.254.169.254 leads to an address that is not public"}, "meta-data/ (2"},
		"hung up":               {[]string{website.URL + "/cut"}, 1, []string{"bad: "}, "(200)"},
		"nobody there":          {[]string{closed.URL + "/"}, 1, []string{"bad: "}, "(0)"},
		"metadata":              {[]string{"http://169.254.169.254/latest/meta-data/"}, 1, []string{"169.254.169.254 leads to an address that is not public", "doctor_hosts"}, "(0)"},
		"another port of it":    {[]string{"http://127.0.0.1:6379/"}, 1, []string{"Port 6379 is not looked at"}, ""},
		"a number as address":   {[]string{"http://2130706433/"}, 1, []string{"This is no address that can be looked at."}, ""},
		"a file":                {[]string{"file:///etc/passwd"}, 1, []string{"Addresses of file are not looked at."}, "root:"},
		"no address at all":     {[]string{"nonsense"}, 1, []string{"This is no address that can be looked at."}, ""},
		"a password":            {[]string{"https://user:hunter2@acme.example/"}, 1, []string{"1. https://acme.example/\n", "The address has a user name or password in it."}, "hunter2"},
		"an escape":             {[]string{"http://a\x1b[2J/"}, 1, []string{"http://a\uFFFD[2J/"}, ""},
		"no argument":           {nil, 2, nil, ""},
		"another site":          {[]string{"--site", "nobody", website.URL}, 2, nil, ""},
		"a site without scheme": {[]string{"localhost.invalid/page"}, 1, []string{"There is no website called localhost.invalid."}, ""},
	} {
		out, problems, code := headwater(t, append([]string{"doctor", "--config", path}, c.args...)...)
		if code != c.code || (code == 2) != (problems != "") {
			t.Errorf("%s: exit code %d, want %d: %s%s", name, code, c.code, out, problems)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: lacks %q:\n%s", name, want, out)
			}
		}
		if c.not != "" && strings.Contains(out, c.not) || strings.ContainsAny(out, "\x1b\x07\u202e") {
			t.Errorf("%s: %q", name, out)
		}
	}
}
