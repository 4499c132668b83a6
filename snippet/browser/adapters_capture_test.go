package browser

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/headwater/headwater/snippet/browser/engine"
)

// capturing opens the page of forms that go elsewhere; what it posts there is answered by the page /thanks.
func capturing(t *testing.T, e engine.Engine, core string) (*site, *tab) {
	t.Helper()
	s, b := adapted(t, e, core, "", "/adapters/capture?utm_source=linkedin")
	for _, path := range []string{"/crm", "/other"} {
		s.handle(path, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/thanks", http.StatusSeeOther) })
	}
	return s, b
}

func TestFormThatGoesElsewhereIsCaptured(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := capturing(t, e, "")
		visitor := visitorOf(b)
		b.act(`document.querySelector("#crm [name=submit]").click()`, "/thanks")
		there, err := url.ParseQuery(string(s.wait("/crm", 1)[0].body))
		if err != nil {
			t.Fatal(err)
		}
		copied := s.submissions("contact", 1)[0]
		got := typed(copied)
		want := map[string]string{
			"email": "ada@example.com", "phone": "+49 151 1234 5678 901", "order": "4111 1111 1111 1112", "topic": "demo, price", "size": "big",
			"country": "DE, AT", "elements": "clobbers", "action": "clobbers", "outside": "of the form",
		}
		wantAll(t, got, want)
		for name, value := range got {
			if _, expected := want[name]; !expected {
				t.Errorf("%s = %q must not be sent", name, value)
			}
		}
		for name, value := range map[string]string{"email": "ada@example.com", "password": "hunter2", "token": "secret", "submit": "go"} {
			wantValue(t, there, name, value)
		}
		// Both are one submission, of one visitor.
		wantValue(t, copied, "hw_submission_id", there.Get("hw_submission_id"))
		wantValue(t, copied, "hw_visitor_id", visitor)
		wantValue(t, copied, "hw_latest_touch_utm_source", "linkedin")
		b.wantSentInAnyOrder("/t", "/f/contact", "/crm") // Firefox begins the navigation first
	})
}

func TestCapturedGETFormKeepsItsAddress(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := capturing(t, e, "")
		s.handle("/quote", func(w http.ResponseWriter, _ *http.Request) { s.sendWith(w, "pages/thanks.html", "") })
		b.act(`document.querySelector("#quote button").click()`, "/quote")
		wantValue(t, s.submissions("contact", 1)[0], "email", "ada@example.com")
		if query := eval[string](b, `location.search`); query != "?email=ada%40example.com" {
			t.Errorf("the form went to %s", query)
		}
	})
}

// A form that a script sends is captured on each content once, however often it is sent.
func TestCapturedFormOfAScript(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := capturing(t, e, "")
		send := `document.querySelector("#ajax button").click()`
		b.run(send)
		b.run(send)
		ids := map[string]bool{}
		for _, submission := range s.submissions("contact", 2) {
			ids[submission.Get("hw_submission_id")] = true
		}
		b.run(`const field = document.getElementById("ajax-email"); field.value = "eve@example.com"; field.dispatchEvent(new Event("change", {bubbles: true}));` + send)
		other := s.submissions("contact", 3)[2]
		if len(ids) != 1 || ids[other.Get("hw_submission_id")] {
			t.Errorf("ids of one content: %v, of the next: %s", ids, other.Get("hw_submission_id"))
		}
		wantValue(t, other, "email", "eve@example.com")
		if sent := len(s.wait("/api", 3)); sent != 3 {
			t.Errorf("the page's own requests: %d", sent)
		}
	})
}

func TestFormInAShadowRoot(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := capturing(t, e, "")
		b.act(`document.querySelector("shadow-form").shadowRoot.querySelector("button").click()`, "/thanks")
		copied := s.submissions("contact", 1)[0]
		body := string(s.wait("/crm", 1)[0].body)
		if !strings.Contains(body, "hw_submission_id="+copied.Get("hw_submission_id")) || !strings.Contains(body, "hw_latest_touch_utm_source=linkedin") {
			t.Errorf("the form in the shadow root sent %s", body)
		}
		wantValue(t, copied, "email", "eve@example.com")
	})
}

func TestNothingIsCapturedUnasked(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		for name, c := range map[string]struct{ core, button, post string }{
			"no attribute":     {"", "#other button", "/other"},
			"to the collector": {"", "#own button", "/f/signup"},
		} {
			t.Run(name, func(t *testing.T) {
				_, b := capturing(t, e, c.core)
				b.act(`document.querySelector("`+c.button+`").click()`, "/thanks")
				b.wantSent("/t", c.post)
			})
		}
		t.Run("before consent", func(t *testing.T) {
			s, b := newAdapterSite(t, `data-consent="required"`, ""), newTab(t, e)
			s.handle("/crm", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/thanks", http.StatusSeeOther) })
			b.open(s.page("/adapters/capture?utm_source=linkedin"))
			b.ready()
			b.act(`document.querySelector("#crm [name=submit]").click()`, "/thanks")
			b.wantSent("/crm")
		})
	})
}

func TestDemand21_DebugWarnsOfInternalCampaignLinks(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newAdapterSite(t, `data-debug data-own-domains="Shop.TEST" data-fields="first_touch_utm_source:source first_touch_utm_sauce:sauce"`, ""), newTab(t, e)
		s.before(`{ window.warnings = []; console.warn = (...m) => warnings.push(m.join(" ")); }`)
		b.open(s.page("/adapters/capture?utm_source=linkedin"))
		s.touches(1)
		b.ready()
		b.await(`warnings.some((text) => text.includes("first_touch_utm_sauce:sauce"))`)
		b.await(`warnings.some((text) => text.includes('"Shop.TEST" must be in lower case'))`)
		if got := eval[string](b, `warnings.join("\n")`); strings.Contains(got, "ignored") || strings.Contains(got, `"first_touch_utm_source:source"`) {
			t.Errorf("warnings of an arrival: %s", got)
		}
		b.act(`window.marked = true; const link = document.createElement("a"); link.href = "/adapters/capture?utm_source=home"; document.body.append(link); link.click()`, "/adapters/capture")
		b.await(`!window.marked && window.warnings && warnings.some((text) => text.includes("utm_source=home") && text.includes("ignored"))`)
		b.wantSent("/t")
	})
}
