package doctor

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/headwater/headwater/schema"
)

const (
	hash      = "0123456789abcdef"
	integrity = "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO"
	goodTag   = `<script src="https://t.acme.example/hw.js" data-site="acme" data-own-domains="acme.test" async></script>`
	adapters  = `<script src="https://t.acme.example/hw-adapters.js" data-site="acme" async></script>`
	goodForm  = `<form method="post" action="https://t.acme.example/f/signup"><input type="email" name="email"></form>`
)

func testDoctor() *Doctor {
	return &Doctor{
		Fetcher: &Fetcher{Agent: "test", Resolver: names{}}, PublicURL: "https://t.acme.example",
		Site: &schema.Site{ID: "acme", Origins: []string{"https://www.acme.example"}, OwnDomains: []string{"acme.test"},
			Forms: []schema.Form{{ID: "signup"}, {ID: "careful", EmailField: "adres", Honeypot: "website"}}, Parameters: nil},
		Scripts: []Script{{"hw.js", "hw." + hash + ".js", "1.1.0", integrity}, {"hw-adapters.js", "hw-adapters." + hash + ".js", "1.1.0", "sha384-x"},
			{"hw.js", "hw.fedcba9876543210.js", "1.0.0", "sha384-old"}},
	}
}

// examine looks at a page as it would have come from an address.
func examine(t *testing.T, d *Doctor, address, html string, header ...string) *Examination {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	response := &Response{URL: u, Status: 200, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: []byte(html)}
	for i := 0; i+1 < len(header); i += 2 {
		response.Header.Add(header[i], header[i+1])
	}
	e := &Examination{Trace: &Trace{}}
	d.examine(t.Context(), e, response)
	return e
}

const page200 = "https://www.acme.example/"

func TestScriptOnThePage(t *testing.T) {
	head := func(tag string) string {
		return "<!doctype html><html><head>" + tag + "</head><body>" + goodForm + "</body>"
	}
	pinned := `<script src="https://t.acme.example/hw.` + hash + `.js" data-site="acme" data-own-domains="acme.test" async crossorigin="anonymous" integrity="` + integrity + `"></script>`
	tests := []struct{ name, html, want string }{
		{"good", head(goodTag), "script_found"},
		{"missing", head(""), "script_missing"},
		{"in a comment", head("<!--" + goodTag + "-->"), "script_commented"},
		{"in noscript", head("<noscript>" + goodTag + "</noscript>"), "script_missing"},
		{"in a template", "<body><template>" + goodTag + "</template>", "script_missing"},
		{"by a tag manager", head(`<script>j.src='https://www.googletagmanager.com/gtm.js?id='</script>`), "script_by_manager"},
		{"by a loader", head(`<script>s.src="https://t.acme.example/hw.js"</script>`), "script_by_script"},
		{"only adapters", head(adapters), "only_adapters"},
		{"twice", head(goodTag + goodTag), "script_twice script_found"},
		{"blocks", head(strings.Replace(goodTag, " async", "", 1)), "script_found script_blocks"},
		{"deferred", head(strings.Replace(goodTag, "async", "defer", 1)), "script_found"},
		{"in the body", "<body>" + goodTag, "script_found script_late"},
		{"module", head(strings.Replace(goodTag, "async", `type="module"`, 1)), "script_module"},
		{"waits for consent", head(strings.Replace(goodTag, "async", `async type="text/plain"`, 1)), "script_found script_waits"},
		{"mixed", head(strings.Replace(goodTag, "https://t", "http://t", 1)), "script_mixed"},
		{"another host", head(strings.Replace(goodTag, "t.acme.example", "t.other.example", 1)), "script_other_host script_unreachable"},
		{"behind the site's proxy", head(strings.Replace(goodTag, "https://t.acme.example", "/hw", 1)), "script_proxied script_unreachable"},
		{"another site", head(strings.Replace(goodTag, `"acme"`, `"other"`, 1)), "other_site"},
		{"no site", head(strings.Replace(goodTag, ` data-site="acme"`, "", 1)), "script_found no_site"},
		{"own domains behind", head(strings.Replace(goodTag, ` data-own-domains="acme.test"`, "", 1)), "script_found attribute_behind"},
		{"pinned", head(pinned), "script_found release_pinned"},
		{"pinned without SRI", head(strings.Replace(pinned, `integrity="`+integrity+`"`, "", 1)), "script_found sri_missing release_pinned"},
		{"pinned, wrong SRI", head(strings.Replace(pinned, "sha384-H8", "sha384-H9", 1)), "sri_wrong release_pinned"},
		{"pinned, no crossorigin", head(strings.Replace(pinned, `crossorigin="anonymous"`, "", 1)), "sri_no_cors release_pinned"},
		{"pinned, unknown", head(strings.Replace(pinned, "hw.0123", "hw.9999", 1)), "release_unknown"},
		{"pinned, old", head(strings.NewReplacer("hw."+hash, "hw.fedcba9876543210", integrity, "sha384-old").Replace(pinned)), "script_found release_old"},
		{"SRI of the latest", head(strings.Replace(goodTag, "async", `async crossorigin integrity="`+integrity+`"`, 1)), "sri_of_latest"},
		{"with a base", `<head><base href="https://t.acme.example/"><script src="hw.js" data-site=acme data-own-domains=acme.test defer></script>`, "script_found"},
	}
	for _, test := range tests {
		e := examine(t, testDoctor(), page200, test.html)
		if got := strings.Join(idsOf(e.Script), " "); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestPoliciesOfThePage(t *testing.T) {
	html := "<head>" + strings.Replace(goodTag, "async", `async nonce="abc"`, 1) + "</head><body>" + goodForm
	tests := []struct{ name, policy, want string }{
		{"none", "", ""},
		{"as the console says", "script-src https://t.acme.example; connect-src https://t.acme.example; form-action 'self' https://t.acme.example", "csp_allows"},
		{"default alone", "default-src 'self'", "csp_script csp_connect"},
		{"default allows", "default-src https://t.acme.example", "csp_allows"},
		{"none at all", "default-src 'none'", "csp_script csp_connect"},
		{"self", "script-src 'self'", "csp_script"},
		{"elem before src", "script-src 'none'; script-src-elem t.acme.example", "csp_allows"},
		{"wildcard", "script-src *.acme.example; connect-src https:", "csp_allows"},
		{"wildcard of another", "script-src *.t.acme.example", "csp_script"},
		{"scheme of http", "script-src http://t.acme.example", "csp_allows"},
		{"port", "script-src t.acme.example:443", "csp_allows"},
		{"another port", "script-src t.acme.example:8443", "csp_script"},
		{"path", "script-src t.acme.example/hw.js", "csp_allows"},
		{"another path", "script-src t.acme.example/x.js", "csp_script"},
		{"folder", "connect-src t.acme.example/f/", "csp_connect"},
		{"nonce", "script-src 'nonce-abc' 'strict-dynamic'", "csp_allows"},
		{"another nonce", "script-src 'nonce-xyz' 'strict-dynamic' https://t.acme.example", "csp_nonce"},
		{"form", "form-action 'self'", "csp_form"},
		{"form none", "default-src *; form-action 'none'", "csp_form"},
		{"two policies", "script-src *, script-src 'self'", "csp_script"},
		{"capitals, first wins", "SCRIPT-SRC T.acme.example; script-src 'none'", "csp_allows"},
		{"sandbox", "sandbox allow-forms", "csp_sandbox"},
	}
	for _, test := range tests {
		e := examine(t, testDoctor(), page200, html, "Content-Security-Policy", test.policy, "Content-Security-Policy-Report-Only", "default-src 'none'")
		if got := strings.Join(idsOf(e.Blocked), " "); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		if strings.Contains(test.policy, ",") || strings.Contains(test.policy, "sandbox") || test.policy == "" {
			continue
		}
		meta := `<meta http-equiv="Content-Security-Policy" content="` + test.policy + `">`
		if got := strings.Join(idsOf(examine(t, testDoctor(), page200, meta+html).Blocked), " "); got != test.want {
			t.Errorf("%s, in a meta element: %q, want %q", test.name, got, test.want)
		}
	}
	hashed := strings.Replace(goodTag, "async", `async integrity="sha384-a sha384-b" crossorigin`, 1)
	for policy, want := range map[string]string{"script-src 'sha384-a' 'sha384-b'": "csp_allows", "script-src 'sha384-a'": "csp_script"} {
		if got := strings.Join(idsOf(examine(t, testDoctor(), page200, hashed, "Content-Security-Policy", policy).Blocked), " "); got != want {
			t.Errorf("%s: %q, want %q", policy, got, want)
		}
	}
}

func TestFormsOfThePage(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"caught", goodForm, "form_caught"},
		{"behind the site's proxy", strings.Replace(goodForm, "https://t.acme.example", "/hw", 1), "form_caught"},
		{"unknown form", strings.Replace(goodForm, "/f/signup", "/f/other", 1), "form_unknown"},
		{"get", strings.Replace(goodForm, `method="post" `, "", 1), "form_method"},
		{"text", strings.Replace(goodForm, "<form", `<form enctype="text/plain"`, 1), "form_enctype"},
		{"file", strings.NewReplacer("<form", `<form enctype="multipart/form-data"`, "</form>", `<input type=file name=cv></form>`).Replace(goodForm), "form_file"},
		{"no address", strings.Replace(goodForm, `type="email" name="email"`, `name="phone"`, 1), "form_caught form_no_email"},
		{"named field and honeypot", strings.Replace(goodForm, "signup", "careful", 1), "form_caught form_no_email form_no_honeypot"},
		{"named field and honeypot there", `<form method=post action=https://t.acme.example/f/careful><input name=adres><input name=website></form>`, "form_caught"},
		{"a field outside", `<form id=a method=post action=https://t.acme.example/f/signup></form><input form=a name=mail>`, "form_caught"},
		{"elsewhere", `<form method=post action=https://crm.example/x><input name=email></form>`, "form_elsewhere"},
		{"copied", adapters + `<form data-hw-form=signup><input name=email></form>`, "form_copied"},
		{"copied without adapters", `<form data-hw-form=signup method=post></form>`, "form_needs_adapters"},
		{"copied, unknown", adapters + `<form data-hw-form=x></form>`, "form_unknown"},
		{"fields only", `<form data-hw-form></form>`, "form_fields_only"},
		{"search", `<form role=search><input name=x></form><form><input name=q></form>`, "no_forms"},
		{"by a script", `<form><input type=email name=e></form>`, "form_by_script"},
		{"something", `<form><input name=year></form>`, "form_get"},
		{"mixed", strings.Replace(goodForm, "https://t", "http://t", 1), "form_caught form_mixed"},
		{"hidden fields", strings.Replace(goodForm, "</form>", `<input type=hidden name=hw_first_touch_utm_source><input type=hidden name=hw_utm_source><input type=hidden name=HW_latest_touch_gclid></form>`, 1), "form_caught hidden_unknown"},
		{"a frame", `<iframe src="https://form.typeform.com/to/x"></iframe>`, "service_needs_adapters"},
		{"a frame with adapters", adapters + `<iframe data-src="https://calendly.com/ada"></iframe>`, "service_adapted"},
		{"a frame that nobody knows", adapters + `<iframe src="https://docs.google.com/forms/d/x"></iframe>`, "service_unknown"},
		{"a frame of another kind", `<iframe src="https://www.youtube.com/embed/x"></iframe>`, "no_forms"},
		{"a script of a service", `<script src="https://js.hsforms.net/forms/v2.js"></script>`, "service_needs_adapters"},
		{"a form builder", `<div class="x gform_wrapper"></div>`, "builder"},
		{"no forms", "", "no_forms"},
	}
	for _, test := range tests {
		e := examine(t, testDoctor(), page200, "<head>"+goodTag+"</head><body>"+test.body)
		var got []string
		for _, form := range e.Forms {
			got = append(got, idsOf(form.Findings)...)
		}
		if joined := strings.Join(got, " "); joined != test.want {
			t.Errorf("%s: %q, want %q", test.name, joined, test.want)
		}
	}
	many := examine(t, testDoctor(), page200, strings.Repeat(goodForm, 100))
	if len(many.Forms) != maxForms {
		t.Errorf("%d forms are told apart", len(many.Forms))
	}
}

func TestSiteOfThePage(t *testing.T) {
	good := "<head>" + goodTag + "</head><body>" + goodForm
	tests := []struct{ name, address, html, want string }{
		{"good", page200, good, ""},
		{"another origin", "https://shop.acme.example/", good, "origin_missing"},
		{"http", "http://www.acme.example/", good, "origin_missing page_http"},
		{"own domains", page200, good + `<a href="https://acme-shop.com/x">a</a><a href="https://www.acme.nl">a</a><a href="https://acme.test">a</a><a href="https://github.com/acme">a</a><a href=javascript:x>a</a>`, "own_domain_missing"},
		{"consent", page200, good + `<script src="https://consent.cookiebot.com/uc.js"></script>`, "consent"},
		{"consent asked for", page200, strings.Replace(good, "async", `async data-consent="required"`, 1) + `<script src="https://consent.cookiebot.com/uc.js"></script>`, ""},
	}
	for _, test := range tests {
		e := examine(t, testDoctor(), test.address, test.html)
		if got := strings.Join(idsOf(e.Site), " "); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		for _, f := range e.Site {
			if f.ID == "own_domain_missing" && f.Data["Domains"] != "acme-shop.com, acme.nl" {
				t.Errorf("own domains: %v", f.Data)
			}
		}
	}
}

// A page as a whole, over HTTP, with the redirect before it.
func TestCheck(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", "form-action 'self'")
		_, _ = w.Write([]byte("<head>" + goodTag + "</head><body>" + goodForm))
	})
	mux.HandleFunc("/go", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
	mux.HandleFunc("/pdf", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Type", "application/pdf") })
	d, base := doctorOf(t, mux)
	e := d.Check(t.Context(), base+"/go")
	if e.URL == "" || e.Worst() != Bad {
		t.Fatalf("%+v", e)
	}
	ids := idsOf(e.All())
	for _, want := range []string{"lost_page", "none_arrives", "script_found", "csp_form", "form_caught"} {
		if !slices.Contains(ids, want) {
			t.Errorf("%q lacks %s", ids, want)
		}
	}
	if ids := idsOf(d.Check(t.Context(), base+"/pdf").Site); !slices.Equal(ids, []string{"no_html"}) {
		t.Errorf("a document: %q", ids)
	}
	if e := d.Check(t.Context(), "nonsense"); e.URL != "" || e.Worst() != Bad {
		t.Errorf("nonsense: %+v", e)
	}
}

// No page makes the doctor fail.
func FuzzCheck(f *testing.F) {
	f.Add("<head>"+goodTag+"</head>"+goodForm, "default-src 'self'; script-src 'nonce-'")
	f.Add(`<base href="::"><form action="%zz"><input form=x><form id=x>`, ",;, sandbox")
	f.Add(`<table><form><tr><form><template><form></table><script src="http://[::1"></script>`, "script-src ://*:*/")
	f.Fuzz(func(t *testing.T, html, policy string) {
		for _, finding := range examine(t, testDoctor(), page200, html, "Content-Security-Policy", policy).All() {
			if finding.ID == "" {
				t.Fatal("a finding without an id")
			}
		}
	})
}
