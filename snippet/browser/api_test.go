package browser

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/snippet"
	"github.com/headwater/headwater/snippet/browser/engine"
)

// What the browser sent is what the collector keeps.
func TestCollectorKeepsWhatThePageSent(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.openFrom("https://www.linkedin.com/", s.page("/landing?UTM_Source=LinkedIn&utm_term=na%C3%AFve%20%F0%9F%8C%8A&gclid=AbC"))
		s.accepted("/t", 1)
		b.act(submit, "/thanks")
		s.accepted("/f/signup", 1)
		sent, form := s.touches(1)[0], s.forms(1)[0]
		records := s.kept()
		touches, submissions := only[*schema.TouchRecord](records), only[*schema.Submission](records)
		if len(touches) != 1 || len(submissions) != 1 {
			t.Fatalf("the spool holds %d touches and %d submissions, want one of each", len(touches), len(submissions))
		}
		touch, submission := touches[0], submissions[0]
		if touch.SiteID != "acme" || string(touch.TouchID) != sent["touch_id"] || string(touch.VisitorID) != sent["visitor_id"] ||
			touch.UTMSource != "LinkedIn" || touch.UTMTerm != "naïve 🌊" || touch.Gclid != "AbC" ||
			touch.LandingPage != sent["landing_page"] || touch.Referrer != "https://www.linkedin.com/" {
			t.Errorf("sent %v\nkept %+v", sent, touch)
		}
		if string(submission.SubmissionID) != form.Get("hw_submission_id") || submission.VisitorID != touch.VisitorID ||
			submission.Form != "signup" || submission.Page != form.Get("hw_page") || submission.SnippetVersion != snippet.Version ||
			submission.FirstTouch.TouchID != touch.TouchID || submission.LatestTouch.TouchID != touch.TouchID ||
			submission.LatestTouch.UTMTerm != "naïve 🌊" || submission.Fields["email"] != "ada@example.com" || len(submission.Fields) != 1 {
			t.Errorf("sent %v\nkept %+v", form, submission)
		}
	})
}

// Express checkouts and custom code never send a form.
func TestDemand09_SubmissionByScript(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		touch := s.touches(1)[0]
		answer := eval[map[string]any](b, `headwater.submission({form: "signup", fields: {email: "ada@example.com", note: "naïve 🌊"}})`)
		r := s.wait("/f/signup", 1)[0]
		if r.contentType != "text/plain;charset=UTF-8" {
			t.Errorf("it came as %s: anything but text/plain asks for a preflight", r.contentType)
		}
		sent, err := url.ParseQuery(string(r.body))
		if err != nil {
			t.Fatalf("%s: %v", r.body, err)
		}
		wantEachOnce(t, sent)
		wantValue(t, sent, "hw_site_id", "acme")
		wantValue(t, sent, "hw_visitor_id", touch["visitor_id"].(string))
		wantValue(t, sent, "hw_page", s.page("/landing?utm_source=linkedin"))
		wantValue(t, sent, "hw_snippet_version", snippet.Version)
		id := sent.Get("hw_submission_id")
		if !uuidV7.MatchString(id) || answer["submission_id"] != id {
			t.Errorf("submission_id %q, answered %v", id, answer)
		}
		for _, which := range []string{"hw_first_touch_", "hw_latest_touch_"} {
			wantValue(t, sent, which+"touch_id", touch["touch_id"].(string))
			wantValue(t, sent, which+"occurred_at", fmt.Sprint(touch["occurred_at"]))
			wantValue(t, sent, which+"utm_source", "linkedin")
			wantValue(t, sent, which+"gclid", "")
		}
		wantValue(t, sent, "email", "ada@example.com")
		wantValue(t, sent, "note", "naïve 🌊")
		kept := only[*schema.Submission](s.kept())
		if len(kept) != 1 || string(kept[0].SubmissionID) != id || kept[0].Fields["note"] != "naïve 🌊" || len(kept[0].Fields) != 2 {
			t.Errorf("the collector kept %+v", kept)
		}
	})
}

func TestSubmissionIsResentUnderItsID(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing"))
		const id = "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e"
		for range 2 {
			eval[map[string]any](b, `headwater.submission({form: "signup", fields: {}, submission_id: "`+id+`"})`)
		}
		for _, r := range s.wait("/f/signup", 2) {
			if !strings.Contains(string(r.body), id) {
				t.Errorf("sent %s", r.body)
			}
		}
	})
}

func TestRefusedSubmissionRejects(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		s.expectRefused("unknown_form")
		b.open(s.page("/landing"))
		got := eval[string](b, `headwater.submission({form: "refused", fields: {}}).then(() => "accepted", (error) => error.message)`)
		if !strings.HasPrefix(got, "The site acme has no form") {
			t.Errorf("the promise says %q", got)
		}
	})
}

func TestFieldsByScript(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		fields := eval[map[string]string](b, `headwater.fields()`)
		again := eval[map[string]string](b, `headwater.fields()`)
		for _, name := range hidden() {
			if _, there := fields[name]; !there {
				t.Errorf("%s is missing", name)
			}
		}
		if len(fields) != len(hidden()) || fields["hw_latest_touch_utm_source"] != "linkedin" {
			t.Errorf("fields %v", fields)
		}
		if fields["hw_submission_id"] == again["hw_submission_id"] {
			t.Error("two calls, one submission id")
		}
	})
}

func TestBeaconWhereFetchIsBroken(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		for _, broken := range []string{`delete window.fetch`, `window.fetch = () => { throw new Error("broken by the page"); }`} {
			s, b := newSite(t, ""), newTab(t, e)
			s.before(broken)
			b.open(s.page("/landing?utm_source=linkedin"))
			wantField(t, s.touches(1)[0], "utm_source", "linkedin")
		}
	})
}
