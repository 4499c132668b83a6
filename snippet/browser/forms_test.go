package browser

import (
	"net/url"
	"strings"
	"testing"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/snippet/browser/engine"
)

// hidden lists every hidden field that the wire contract names: "hw_" and the submission's columns that a browser fills. The
// map of custom parameters is none: each that the site names is a field of its own.
func hidden() []string {
	names := []string{"hw_site_id", "hw_visitor_id", "hw_submission_id", "hw_page", "hw_snippet_version"}
	for _, which := range []string{"hw_first_touch_", "hw_latest_touch_"} {
		for _, field := range schema.Fields(schema.Touch{}) {
			if field.By == "browser" && field.Name != "parameters" {
				names = append(names, which+field.Name)
			}
		}
	}
	return names
}

// wantEachOnce fails where a hidden field is missing or sent twice, or where one is sent that nobody knows.
func wantEachOnce(t *testing.T, form url.Values) {
	t.Helper()
	known := map[string]bool{}
	for _, name := range hidden() {
		known[name] = true
		if len(form[name]) != 1 {
			t.Errorf("%s is sent %d times: %q", name, len(form[name]), form[name])
		}
	}
	for name := range form {
		if strings.HasPrefix(name, "hw_") && !known[name] {
			t.Errorf("%s is no hidden field of the contract", name)
		}
	}
}

func wantValue(t *testing.T, form url.Values, name, want string) {
	t.Helper()
	if got := form.Get(name); got != want {
		t.Errorf("%s = %q, want %q", name, got, want)
	}
}

const submit = `document.getElementById("signup").requestSubmit()`

func TestNativeSubmissionCarriesBothTouches(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.openFrom("https://www.linkedin.com/", s.page("/landing?utm_source=LinkedIn&utm_term=a%20b&li_fat_id=X"))
		first := s.touches(1)[0]
		b.openFrom("https://www.facebook.com/", s.page("/landing?utm_source=facebook"))
		latest := s.touches(2)[1]
		b.act(submit, "/thanks")
		form := s.forms(1)[0]
		wantEachOnce(t, form)
		wantValue(t, form, "email", "ada@example.com")
		wantValue(t, form, "hw_site_id", "acme")
		wantValue(t, form, "hw_visitor_id", first["visitor_id"].(string))
		wantValue(t, form, "hw_page", s.page("/landing?utm_source=facebook"))
		wantValue(t, form, "hw_first_touch_touch_id", first["touch_id"].(string))
		wantValue(t, form, "hw_first_touch_utm_source", "LinkedIn")
		wantValue(t, form, "hw_first_touch_utm_term", "a b")
		wantValue(t, form, "hw_first_touch_li_fat_id", "X")
		wantValue(t, form, "hw_first_touch_referrer", "https://www.linkedin.com/")
		wantValue(t, form, "hw_latest_touch_touch_id", latest["touch_id"].(string))
		wantValue(t, form, "hw_latest_touch_utm_source", "facebook")
		wantValue(t, form, "hw_latest_touch_utm_term", "")
		if at, err := schema.ParseTime(form.Get("hw_latest_touch_occurred_at")); err != nil || at.IsZero() {
			t.Errorf("hw_latest_touch_occurred_at = %q: %v", form.Get("hw_latest_touch_occurred_at"), err)
		}
		if id := form.Get("hw_submission_id"); !uuidV7.MatchString(id) {
			t.Errorf("hw_submission_id = %q is no UUIDv7", id)
		}
	})
}

// With mouse and keyboard, twice over: sent, back, another lead typed, sent again.
func TestPersonTypesAndClicks(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		for n, name := range []string{"", "", "x"} {
			b.await(`!!document.querySelector("#signup [name=hw_submission_id]")`)
			eval[bool](b, `(document.querySelector("#signup [name=email]").value = "", true)`)
			b.typeInto("#signup [name=email]", name+"grace@example.com")
			b.click("#signup button")
			b.await(`location.pathname == "/thanks" && document.readyState == "complete"`)
			form := s.forms(n + 1)[n]
			wantEachOnce(t, form)
			wantValue(t, form, "email", name+"grace@example.com")
			wantValue(t, form, "hw_latest_touch_utm_source", "linkedin")
			b.act(`history.back()`, "/landing")
		}
		ids := map[string]bool{}
		for _, form := range s.forms(3) {
			ids[form.Get("hw_submission_id")] = true
		}
		if len(ids) != 3 {
			t.Errorf("three submissions have %d ids", len(ids))
		}
		b.wantSentInAnyOrder("/t", "/f/signup", "/f/signup", "/f/signup")
	})
}

// Chromium makes the fields of what is sent from the formdata event; the inputs are what scripts see that serialise
// a form themselves, and what browsers without that event send.
func TestInputsAreInTheForm(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		for _, name := range hidden() {
			input := `document.querySelectorAll("#signup input[type=hidden][name=` + name + `]")`
			if n := eval[int](b, input+`.length`); n != 1 {
				t.Errorf("%d inputs %s, want 1", n, name)
			}
		}
		if got := eval[string](b, `document.querySelector("[name=hw_latest_touch_utm_source]").value`); got != "linkedin" {
			t.Errorf("utm_source = %q", got)
		}
		if n := eval[int](b, `document.querySelectorAll("#search [name^=hw_]").length`); n != 0 {
			t.Errorf("the search form got %d fields", n)
		}
	})
}

func TestDemand15_CachedFieldsAreOverwritten(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/cached?utm_source=linkedin"))
		b.act(`HTMLFormElement.prototype.requestSubmit.call(document.getElementById("signup"))`, "/thanks")
		form := s.forms(1)[0]
		wantEachOnce(t, form)
		wantValue(t, form, "hw_first_touch_utm_source", "linkedin")
		wantValue(t, form, "hw_latest_touch_gclid", "")
		for name, values := range form {
			if strings.HasPrefix(values[0], "stale") {
				t.Errorf("%s is still %q", name, values)
			}
		}
	})
}

func TestDemand15_LateAndClonedForms(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		first := eval[string](b, `document.querySelector("#signup [name=hw_submission_id]").value`)
		eval[bool](b, `(() => {
			const clone = document.getElementById("signup").cloneNode(true);
			clone.id = "clone";
			clone.querySelector("[name=hw_latest_touch_utm_source]").value = "stale";
			document.body.append(clone);
			document.body.insertAdjacentHTML("beforeend",
				'<div><form id="late" method="post" action="/f/signup"><input type="hidden" name="hw_latest_touch_utm_source" value="stale"></form></div>');
			return true; })()`)
		for _, id := range []string{"clone", "late"} {
			b.await(`document.querySelector("#` + id + ` [name=hw_latest_touch_utm_source]").value == "linkedin"`)
			if n := eval[int](b, `document.querySelectorAll("#`+id+` [name^=hw_]").length`); n != len(hidden()) {
				t.Errorf("form %s has %d inputs of ours, want %d", id, n, len(hidden()))
			}
			if other := eval[string](b, `document.querySelector("#`+id+` [name=hw_submission_id]").value`); other == first {
				t.Errorf("form %s has the submission id of the form it was copied from", id)
			}
		}
		b.act(`document.getElementById("clone").submit()`, "/thanks") // sends no submit event
		wantEachOnce(t, s.forms(1)[0])
	})
}

func TestDemand15_FieldsRemovedByThePage(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		b.act(`document.getElementById("signup").innerHTML = '<input name="email" value="x@example.com">'; `+submit, "/thanks")
		form := s.forms(1)[0]
		wantEachOnce(t, form)
		wantValue(t, form, "hw_latest_touch_utm_source", "linkedin")
		wantValue(t, form, "email", "x@example.com")
	})
}

// A touch that came after the form was made, from another tab, is in what the form sends.
func TestDemand08_StampedAtSubmit(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		s.touches(1)
		other := b.beside()
		other.openFrom("https://www.facebook.com/", s.page("/second?utm_source=facebook"))
		s.touches(2)
		b.await(`localStorage.hw.includes("facebook")`) // browsers tell their other tabs a little later
		b.act(submit, "/thanks")
		form := s.forms(1)[0]
		wantValue(t, form, "hw_first_touch_utm_source", "linkedin")
		wantValue(t, form, "hw_latest_touch_utm_source", "facebook")
	})
}

func TestGetFormsStayAsTheyAre(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		b.act(`document.getElementById("search").requestSubmit()`, "/second")
		if got := eval[string](b, `location.search`); got != "?q=shoes" {
			t.Errorf("the search went to %s", got)
		}
		b.open(s.page("/landing"))
		eval[bool](b, `document.getElementById("search").dataset.hwForm = "", true`)
		b.act(`document.getElementById("search").requestSubmit()`, "/second")
		if got := eval[string](b, `location.search`); !strings.Contains(got, "hw_latest_touch_utm_source=linkedin") {
			t.Errorf("the form that asked for the fields went to %s", got)
		}
	})
}

func TestScriptsReadTheFieldsOfAForm(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		text := eval[string](b, `new URLSearchParams(new FormData(document.getElementById("signup"))).toString()`)
		form, err := url.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		wantEachOnce(t, form)
	})
}

func TestDemand25_SubmissionID(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		read := func(script string) string {
			t.Helper()
			return eval[string](b, `(() => {
				const form = document.getElementById("signup");
				`+script+`;
				return new FormData(form).get("hw_submission_id"); })()`)
		}
		const typed = `form.email.value = "b@example.com"; form.email.dispatchEvent(new Event("input", {bubbles: true}))`
		eval[bool](b, `addEventListener("submit", (event) => event.preventDefault()), true`) // as AJAX forms do
		first := read(`form.requestSubmit()`)
		if again := read(`form.requestSubmit(); form.requestSubmit()`); again != first {
			t.Errorf("a double click sends id %s, then %s", first, again)
		}
		second := read(typed)
		if second == first {
			t.Error("other content keeps the id of what was sent")
		}
		if input := eval[string](b, `document.querySelector("#signup [name=hw_submission_id]").value`); input != second {
			t.Errorf("the input has %s, FormData %s", input, second)
		}
		if third := read(`form.reset(); ` + typed); third == second {
			t.Error("a reset form, filled anew, keeps the id of what was sent")
		}
	})
}

// Back from the thank-you page, the same form is another submission, whether the browser kept the page or not.
func TestDemand25_BackFromTheThankYouPage(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		b.act(submit, "/thanks")
		b.act(`history.back()`, "/landing")
		b.await(`!!window.headwater && !!document.querySelector("#signup [name=hw_submission_id]")`)
		b.act(submit, "/thanks")
		forms := s.forms(2)
		if forms[0].Get("hw_submission_id") == forms[1].Get("hw_submission_id") {
			t.Error("both submissions have one id: the second lead would be lost")
		}
	})
}

func TestFormWithoutScript(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/plain"))
		b.openFrame("/landing?utm_source=linkedin", "allow-forms allow-same-origin") // and no scripts
		eval[bool](b, `(frame.contentDocument.getElementById("signup").submit(), true)`)
		form := s.forms(1)[0]
		wantValue(t, form, "email", "ada@example.com")
		if len(form) != 1 {
			t.Errorf("without script the form sends %v", form)
		}
		b.wantSent("/f/signup")
	})
}
