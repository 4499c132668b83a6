package browser

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/snippet/browser/engine"
)

const express = `headwater.submission({form: "checkout", fields: {email: "ada@example.com"}}).then((answer) => answer.submission_id)`

// waiting returns how many records wait in the page's storage.
func waiting(b *tab) int { return eval[int](b, `JSON.parse(sessionStorage.hw || "[]").length`) }

func TestWhatFailsWaitsForTheNextPage(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, `data-consent="required"`), newTab(t, e)
		s.fail(func(*http.Request) int { return cut })
		b.open(s.page("/landing?utm_source=linkedin"))
		eval[bool](b, `headwater.consent(true), true`)
		b.await(`JSON.parse(sessionStorage.hw || "[]").length == 1`)
		id := eval[string](b, express)
		b.await(`JSON.parse(sessionStorage.hw || "[]").length == 2`)
		touch := s.touches(1)[0]
		s.fail(nil)
		// A page where consent is not known yet touches nothing.
		b.act(`document.getElementById("second").click()`, "/second")
		if n := waiting(b); n != 2 {
			t.Errorf("%d records wait where consent is not known", n)
		}
		eval[bool](b, `headwater.consent(true), true`)
		s.accepted("/t", 1)
		s.accepted("/f/checkout", 1)
		b.await(`!sessionStorage.hw`)
		records := s.kept()
		touches, submissions := only[*schema.TouchRecord](records), only[*schema.Submission](records)
		if len(touches) != 1 || string(touches[0].TouchID) != touch["touch_id"] {
			t.Errorf("touches: %+v, want the one of %v", touches, touch["touch_id"])
		}
		if len(submissions) != 1 || string(submissions[0].SubmissionID) != id || submissions[0].LatestTouch.UTMSource != "linkedin" {
			t.Errorf("submissions: %+v, want the one of %s", submissions, id)
		}
	})
}

// What a person typed may wait as long as the tab, no longer.
func TestNothingTypedIsInLocalStorage(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		s.touches(1)
		s.fail(func(*http.Request) int { return cut })
		eval[string](b, express)
		for storage, want := range map[string]bool{"localStorage": false, "document.cookie": false, "sessionStorage": true} {
			text := eval[string](b, `JSON.stringify(`+storage+`)`)
			if got := strings.Contains(text, "ada%40example.com") || strings.Contains(text, "ada@example.com"); got != want {
				t.Errorf("an address in %s: %v", storage, got)
			}
		}
	})
}

func TestWhatWaitsIsSentWhenOnlineAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		s.fail(func(*http.Request) int { return http.StatusServiceUnavailable })
		b.open(s.page("/landing?utm_source=linkedin"))
		b.await(`!!sessionStorage.hw`)
		s.fail(nil)
		eval[bool](b, `dispatchEvent(new Event("online"))`)
		s.accepted("/t", 1)
		b.await(`!sessionStorage.hw`)
		if n := len(only[*schema.TouchRecord](s.kept())); n != 1 {
			t.Errorf("%d touches kept", n)
		}
	})
}

func TestTheQueueIsBounded(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		s.fail(func(*http.Request) int { return http.StatusTooManyRequests })
		b.open(s.page("/landing?utm_source=linkedin"))
		b.await(`!!sessionStorage.hw`)
		eval[bool](b, `Promise.all(Array.from({length: 25}, () => `+express+`)).then(() => true)`)
		if n := waiting(b); n != 20 {
			t.Errorf("%d records wait, want 20", n)
		}
		// Nothing is tried for ever: each try leaves one less, and after the last none is left.
		tries := `JSON.parse(sessionStorage.hw || "[]").map((one) => one[2])`
		before := eval[[]int](b, tries)
		eval[bool](b, `dispatchEvent(new Event("online"))`)
		b.await(tries + `.length == 20 && ` + tries + `.every((left) => left < ` + fmt.Sprint(slices.Max(before)) + `)`)
		eval[bool](b, `sessionStorage.hw = JSON.stringify(JSON.parse(sessionStorage.hw).map(([path, body]) => [path, body, 0])), dispatchEvent(new Event("online"))`)
		b.await(`!sessionStorage.hw`)
	})
}

func TestRefusedRecordsDoNotWait(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		s.expectRefused("unknown_form")
		b.open(s.page("/landing?utm_source=linkedin"))
		s.touches(1)
		refused := eval[string](b, `headwater.submission({form: "none", fields: {}}).then(() => "", (error) => error.message)`)
		if refused == "" || waiting(b) != 0 {
			t.Errorf("the refusal %q leaves %d records waiting", refused, waiting(b))
		}
	})
}

func TestRefusingForgetsWhatWaits(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		s.fail(func(*http.Request) int { return cut })
		b.open(s.page("/landing?utm_source=linkedin"))
		b.await(`!!sessionStorage.hw`)
		eval[bool](b, `headwater.consent(false), true`)
		wantNothingStored(b)
		// Without consent there is nowhere to wait, and a promise must not say otherwise.
		if got := eval[string](b, express+`.then(() => "kept", () => "lost")`); got != "lost" {
			t.Errorf("a submission that nobody took was %s", got)
		}
	})
}
