package browser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/headwater/headwater/snippet/browser/engine"
)

// Pages written the way form builders write their markup, with the parts of their scripts that send forms and render them
// again; by the core alone, without adapters.

// values are the fields of a form that was sent, in whichever of the two encodings.
func (r request) values(t *testing.T) url.Values {
	t.Helper()
	kind, parameters, err := mime.ParseMediaType(r.contentType)
	if err != nil {
		t.Fatal(err)
	}
	if kind == "application/x-www-form-urlencoded" {
		values, err := url.ParseQuery(string(r.body))
		if err != nil {
			t.Fatal(err)
		}
		return values
	}
	values := url.Values{}
	parts := multipart.NewReader(bytes.NewReader(r.body), parameters["boundary"])
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return values
		}
		if err != nil {
			t.Fatalf("a form as %s: %v", r.contentType, err)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		values.Add(part.FormName(), string(text))
	}
}

// answers makes path answer one POST after another, the last for ever.
func (s *site) answers(path, contentType string, bodies ...string) {
	var count atomic.Int64
	s.handle(path, func(w http.ResponseWriter, _ *http.Request) {
		body := bodies[min(int(count.Add(1)), len(bodies))-1]
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Access-Control-Allow-Origin", "*")
		_, _ = io.WriteString(w, body) // a browser that left has left
	})
}

// library serves a file of an npm package as /lib/<name>.
func (s *site) library(name, file string) {
	s.t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "node_modules", filepath.FromSlash(file)))
	if err != nil {
		withoutPackages(s.t, err)
	}
	s.handle("/lib/"+name, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write(content)
	})
}

func withoutPackages(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("run npm ci in snippet/: %v", err)
	}
	t.Skipf("run npm ci in snippet/ for this one: %v", err)
}

// sentAgain waits for a form that is sent a second time, after an error or by a second click, and returns both: filled in,
// and one submission.
func sentAgain(t *testing.T, s *site, path string) []url.Values {
	t.Helper()
	sent := s.wait(path, 2)
	forms := []url.Values{sent[0].values(t), sent[1].values(t)}
	for _, form := range forms {
		wantFilled(t, s, form)
	}
	if forms[0].Get("hw_submission_id") != forms[1].Get("hw_submission_id") {
		t.Error("the same form, sent again, is another submission")
	}
	return forms
}

// newBuilder opens a builder's page as a campaign's arrival.
func newBuilder(t *testing.T, e engine.Engine, page string, prepare func(*site)) (*site, *tab) {
	t.Helper()
	s, b := newSite(t, ""), newTab(t, e)
	s.before(noErrors)
	prepare(s)
	b.open(s.page("/builders/" + page + "?utm_source=linkedin"))
	s.touches(1)
	return s, b
}

// wantFilled fails unless a form has each hidden field once, with this visit's values.
func wantFilled(t *testing.T, s *site, form url.Values) {
	t.Helper()
	wantEachOnce(t, form)
	wantValue(t, form, "hw_site_id", "acme")
	wantValue(t, form, "hw_visitor_id", s.touches(1)[0]["visitor_id"].(string))
	wantValue(t, form, "hw_latest_touch_utm_source", "linkedin")
	if id := form.Get("hw_submission_id"); !uuidV7.MatchString(id) {
		t.Errorf("hw_submission_id = %q", id)
	}
}

// wantOneInputEach fails where a form on the page has a field of ours twice.
func wantOneInputEach(b *tab, form string) {
	b.t.Helper()
	names := eval[[]string](b, `[...document.querySelectorAll(`+quote(form+" [name^=hw_]")+`)].map((input) => input.name)`)
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			b.t.Errorf("%s has %s twice", form, name)
		}
		seen[name] = true
	}
	if len(names) != len(hidden()) {
		b.t.Errorf("%s has %d inputs of ours, want %d", form, len(names), len(hidden()))
	}
}

func wantNoErrors(b *tab) {
	b.t.Helper()
	if errors := eval[string](b, `errors.join("\n")`); errors != "" {
		b.t.Errorf("the page saw %s", errors)
	}
}

func TestDemand15_HubSpotMarkup(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		const path = "/submissions/v3/public/submit/formsnext/multipart/8430964/ddd37d0c-8c28-47ae-873a-75fbb9de7085"
		s, b := newBuilder(t, e, "hubspot", func(s *site) { s.answers(path, "text/html", "<p>Thanks for submitting the form.</p>") })
		b.await(`!!document.querySelector(".hs-form [name=hw_submission_id]")`)
		b.typeInto(".hs-input", "ada")
		b.click(".hs-button")
		b.await(`!!document.querySelector(".hs-error-msg") && !!document.querySelector(".hs-form [name=hw_submission_id]")`)
		wantOneInputEach(b, ".hs-form")
		eval[bool](b, `(document.querySelector(".hs-input").value = "", true)`)
		b.typeInto(".hs-input", "ada@example.com")
		eval[bool](b, `document.querySelector(".hs-form iframe").addEventListener("load", () => { window.answered = true; }), true`)
		b.click(".hs-button")
		s.wait(path, 1)
		b.await(`window.answered === true`)
		b.click(".hs-button") // nothing seems to have happened
		for _, form := range sentAgain(t, s, path) {
			wantValue(t, form, "email", "ada@example.com")
		}
		wantNoErrors(b)
	})
}

func TestDemand15_WPFormsMarkup(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		const path = "/wp-admin/admin-ajax.php"
		s, b := newBuilder(t, e, "wpforms", func(s *site) {
			s.library("jquery.js", "jquery/dist/jquery.min.js")
			s.answers(path, "application/json", `{"success": false, "data": {"errors": {"general": {"header": "Form has not been submitted, please see the errors below."}}}}`,
				`{"success": true, "data": {}}`)
		})
		b.typeInto("#wpforms-581-field_1", "ada@example.com")
		b.click(".wpforms-submit")
		b.await(`!!document.querySelector(".wpforms-error-container") && !document.querySelector(".wpforms-submit").disabled`)
		wantOneInputEach(b, "#wpforms-form-581")
		b.click(".wpforms-submit")
		b.await(`!!document.getElementById("done")`)
		for _, form := range sentAgain(t, s, path) {
			wantValue(t, form, "wpforms[fields][1]", "ada@example.com")
			wantValue(t, form, "action", "wpforms_submit")
		}
		wantNoErrors(b)
	})
}

func TestDemand15_GravityFormsMarkup(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newBuilder(t, e, "gravity", func(s *site) {
			s.library("jquery.js", "jquery/dist/jquery.min.js")
			s.answers("/contact/", "text/html", "<!doctype html><html><body>GF_AJAX_POSTBACK invalid</body></html>",
				"<!doctype html><html><body>GF_AJAX_POSTBACK confirmed</body></html>")
		})
		b.typeInto("#input_1_3", "ada@example.com")
		b.click("#gform_submit_button_1")
		b.await(`!!document.querySelector(".gform_validation_errors") && !!document.querySelector("#gform_1 [name=hw_submission_id]")`)
		wantOneInputEach(b, "#gform_1")
		b.click("#gform_submit_button_1")
		b.await(`!!document.querySelector(".gform_confirmation_wrapper")`)
		for _, r := range s.wait("/contact/", 2) {
			form := r.values(t)
			wantFilled(t, s, form)
			wantValue(t, form, "input_3", "ada@example.com")
			wantValue(t, form, "gform_submit", "1")
		}
		wantNoErrors(b)
	})
}

func TestDemand15_ContactForm7Markup(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		const path = "/wp-json/contact-form-7/v1/contact-forms/386/feedback"
		s, b := newBuilder(t, e, "cf7", func(s *site) {
			s.answers(path, "application/json", `{"status": "mail_failed", "message": "There was an error.", "posted_data_hash": "a"}`,
				`{"status": "mail_sent", "message": "Thank you.", "posted_data_hash": "b"}`)
		})
		for n, status := range []string{"failed", "sent", "sent"} {
			if n != 1 { // the second try is of what is there
				b.typeInto("[name=your-email]", "ada@example.com")
			}
			b.click(".wpcf7-submit")
			s.wait(path, n+1)
			b.await(`document.querySelector(".wpcf7-form").dataset.status == ` + quote(status))
			wantOneInputEach(b, ".wpcf7-form")
		}
		var ids []string
		for _, r := range s.wait(path, 3) {
			form := r.values(t)
			wantFilled(t, s, form)
			wantValue(t, form, "your-email", "ada@example.com")
			ids = append(ids, form.Get("hw_submission_id"))
		}
		if ids[0] != ids[1] || ids[1] == ids[2] {
			t.Errorf("failed, sent again, and another after the form was reset have the ids %q", ids)
		}
		wantNoErrors(b)
	})
}

// Webflow's forms say method="get" and are sent by a script: fields that the browser would put into the address bar.
func TestDemand15_WebflowMarkup(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		const path = "/api/v1/form/5f78190fd2db80ad982132"
		s, b := newBuilder(t, e, "webflow", func(s *site) {
			s.library("jquery.js", "jquery/dist/jquery.min.js")
			s.answers(path, "application/json", `{"msg": "ok", "code": 200}`)
		})
		b.typeInto("#email", "ada@example.com")
		b.click(".w-button")
		b.await(`document.querySelector(".w-form-done").style.display != "none"`)
		form := s.wait(path, 1)[0].values(t)
		wantValue(t, form, "fields[Email]", "ada@example.com")
		for name := range form {
			if strings.Contains(name, "hw_") {
				t.Errorf("a GET form got the field %s", name)
			}
		}
		wantNoErrors(b)
	})
}

func TestDemand14_TypeformEmbedWithoutAdapter(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newBuilder(t, e, "typeform", func(*site) {})
		b.await(`window.embedded === true`)
		if src := eval[string](b, `document.querySelector("iframe").src`); !strings.HasSuffix(src, "&typeform-medium=snippet") {
			t.Errorf("the frame's address became %s", src)
		}
		b.wantSent("/t")
		s.touches(1)
		wantNoErrors(b)
	})
}

func TestDemand15_HTMXForm(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newBuilder(t, e, "htmx", func(s *site) { s.library("htmx.js", "htmx.org/dist/htmx.min.js") })
		s.fail(func(r *http.Request) int {
			if strings.HasPrefix(r.URL.Path, "/f/") {
				return http.StatusServiceUnavailable
			}
			return 0
		})
		b.await(`!!window.htmx && !!document.querySelector("#signup [name=hw_submission_id]")`)
		eval[bool](b, `document.body.addEventListener("htmx:responseError", () => { window.failed = true; }), true`)
		b.typeInto("#signup [name=email]", "ada@example.com")
		b.click("#signup button")
		b.await(`window.failed === true`)
		s.fail(nil)
		b.click("#signup button")
		b.await(`!document.getElementById("signup")`)
		for _, form := range sentAgain(t, s, "/f/signup") {
			wantValue(t, form, "email", "ada@example.com")
		}
		wantNoErrors(b)
	})
}

// reactForms bundles the page's script with React once.
var reactForms = sync.OnceValues(func() ([]byte, error) {
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{"pages/builders/react-forms.jsx"}, Bundle: true, Format: api.FormatIIFE,
		Define: map[string]string{"process.env.NODE_ENV": `"development"`},
	})
	if len(result.Errors) > 0 {
		return nil, fmt.Errorf("bundle the forms: %s", result.Errors[0].Text)
	}
	return result.OutputFiles[0].Contents, nil
})

func newReact(t *testing.T, e engine.Engine) (*site, *tab) {
	t.Helper()
	script, err := reactForms()
	if err != nil {
		withoutPackages(t, err)
	}
	s, b := newBuilder(t, e, "react", func(s *site) {
		s.handle("/lib/react-forms.js", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(script)
		})
	})
	b.await(`!!document.querySelector("#signup [name=hw_submission_id]")`)
	return s, b
}

func TestDemand15_ReactFormPostedByTheBrowser(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newReact(t, e)
		b.typeInto("#signup [name=email]", "ada")
		b.click("#signup button")
		b.await(`!!document.querySelector("#signup [role=alert]")`)
		wantOneInputEach(b, "#signup")
		// Unmounted with what we put into it, and mounted anew.
		b.click("#round")
		b.await(`!document.getElementById("signup")`)
		b.click("#round")
		b.await(`!!document.querySelector("#signup [name=hw_submission_id]")`)
		b.typeInto("#signup [name=email]", "ada@example.com")
		b.await(`document.querySelector("#signup output").textContent == "15"`)
		wantOneInputEach(b, "#signup")
		wantNoErrors(b)
		b.click("#signup button")
		form := s.forms(1)[0]
		wantFilled(t, s, form)
		wantValue(t, form, "email", "ada@example.com")
		b.await(`location.pathname == "/thanks"`)
	})
}

func TestDemand09_ReactFormSentByScript(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newReact(t, e)
		var tries atomic.Int64
		s.handle("/api/lead", func(w http.ResponseWriter, _ *http.Request) {
			if tries.Add(1) == 1 {
				w.WriteHeader(http.StatusBadGateway)
			}
		})
		b.typeInto("#controlled [name=email]", "ada@example.com")
		b.click("#controlled button")
		b.await(`!!document.querySelector("#controlled [role=alert]")`)
		b.click("#controlled button")
		b.await(`!!document.getElementById("sent")`)
		var ids []string
		for _, r := range s.wait("/api/lead", 2) {
			var sent map[string]string
			if err := json.Unmarshal(r.body, &sent); err != nil {
				t.Fatal(err)
			}
			form := url.Values{}
			for name, value := range sent {
				form.Set(name, value)
			}
			wantFilled(t, s, form)
			wantValue(t, form, "email", "ada@example.com")
			ids = append(ids, form.Get("hw_submission_id"))
		}
		if ids[0] != ids[1] {
			t.Errorf("two tries have the ids %q", ids)
		}
		wantNoErrors(b)
	})
}
