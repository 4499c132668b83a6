package browser

import (
	"testing"

	"github.com/headwater/headwater/snippet/browser/engine"
)

// wantNothingStored fails where the page of b has stored anything anywhere.
func wantNothingStored(b *tab) {
	b.t.Helper()
	got := eval[string](b, `(async () => JSON.stringify([
		document.cookie, {...localStorage}, {...sessionStorage}, (await indexedDB.databases()).length, location.search]))()`)
	want := eval[string](b, `JSON.stringify(["", {}, {}, 0, location.search])`)
	if got != want {
		b.t.Errorf("stored: %s, want %s", got, want)
	}
}

func TestDemand06_NothingBeforeConsentThenTheOriginalCampaign(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, `data-consent="required"`), newTab(t, e)
		b.openFrom("https://www.linkedin.com/", s.page("/consent?utm_source=linkedin&gclid=A"))
		wantNothingStored(b)
		b.wantSent()
		if got := eval[string](b, `document.querySelector("[name=hw_latest_touch_utm_source]").value +
			document.querySelector("[name=hw_visitor_id]").value`); got != "" {
			t.Errorf("before consent the form carries %q", got)
		}
		eval[bool](b, `history.pushState(null, "", "/consent/next"), true`) // the page moves on meanwhile
		eval[bool](b, `headwater.consent(true), true`)
		touch := s.touches(1)[0]
		wantField(t, touch, "utm_source", "linkedin")
		wantField(t, touch, "gclid", "A")
		wantField(t, touch, "referrer", "https://www.linkedin.com/")
		eval[bool](b, `headwater.consent(true), true`)
		b.wantSent("/t")
		b.await(`document.querySelector("[name=hw_latest_touch_utm_source]").value == "linkedin"`)
		b.await(`document.cookie.startsWith("hw=")`)
	})
}

// Consent banners like to reload the page that they have just got consent for.
func TestDemand06_ConsentAfterAReload(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, `data-consent="required"`), newTab(t, e)
		b.open(s.page("/consent?utm_source=linkedin"))
		b.act(`location.reload()`, "/consent")
		eval[bool](b, `headwater.consent(true), true`)
		wantField(t, s.touches(1)[0], "utm_source", "linkedin")
		b.act(`location.reload()`, "/consent")
		eval[bool](b, `headwater.consent(true), true`)
		b.wantSent("/t")
	})
}

func TestDemand07_PendingKeepsWhatConsentOnceStored(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, `data-consent="required"`), newTab(t, e)
		b.open(s.page("/consent?utm_source=linkedin"))
		eval[bool](b, `headwater.consent(true), true`)
		touch := s.touches(1)[0]
		b.await(`document.cookie.startsWith("hw=")`)
		b.act(`document.getElementById("second").click()`, "/second")
		// Nobody has said anything on this page yet: neither read nor wiped.
		if got := eval[string](b, `document.querySelector("[name=hw_visitor_id]").value`); got != "" {
			t.Errorf("before consent the form carries the visitor %q", got)
		}
		wantField(t, storedTouch(b, "first_touch"), "utm_source", "linkedin")
		eval[bool](b, `headwater.consent(true), true`)
		b.await(`document.querySelector("[name=hw_visitor_id]").value == ` + quote(touch["visitor_id"].(string)))
		b.wantSent("/t")
	})
}

func TestRefusedConsentForgetsEverything(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		for _, attributes := range []string{`data-consent="required"`, ``} {
			s, b := newSite(t, attributes), newTab(t, e)
			b.open(s.page("/landing?utm_source=linkedin"))
			eval[bool](b, `headwater.consent(true), true`)
			s.touches(1)
			b.await(`document.cookie.startsWith("hw=") && !!localStorage.hw`)
			eval[bool](b, `headwater.consent(false), true`)
			wantNothingStored(b)
			if got := eval[string](b, `document.querySelector("[name=hw_latest_touch_utm_source]").value +
				document.querySelector("[name=hw_visitor_id]").value`); got != "" {
				t.Errorf("after refusal the form carries %q", got)
			}
			b.act(`document.dispatchEvent(new Event("visibilitychange")); `+submit, "/thanks")
			form := s.forms(1)[0]
			wantEachOnce(t, form)
			wantValue(t, form, "hw_latest_touch_touch_id", "")
			wantNothingStored(b)
			b.wantSent("/t", "/f/signup")
		}
	})
}

// What one tab forgot, another tab that is still open does not bring back.
func TestRefusedConsentInAnotherTab(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		s.touches(1)
		b.await(`document.cookie.startsWith("hw=")`)
		other := b.beside()
		other.open(s.page("/second"))
		eval[bool](other, `headwater.consent(false), true`)
		b.await(`!localStorage.hw && !document.cookie`) // browsers tell their other tabs a little later
		eval[bool](b, `document.dispatchEvent(new Event("visibilitychange"))`)
		wantNothingStored(b)
	})
}

func TestPrivacySignalsAreHonoured(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		for name, signal := range map[string]string{
			"GPC": `Object.defineProperty(Navigator.prototype, "globalPrivacyControl", {get: () => true})`,
			"DNT": `Object.defineProperty(Navigator.prototype, "doNotTrack", {get: () => "1"})`,
		} {
			for _, attributes := range []string{"", "data-page-touch"} {
				t.Run(name+" "+attributes, func(t *testing.T) { honourSignal(t, e, signal, attributes) })
			}
		}
	})
}

// honourSignal visits a site that lets forms carry this page's own arrival, or not, in a browser with a privacy signal.
func honourSignal(t *testing.T, e engine.Engine, signal, attributes string) {
	t.Helper()
	s, b := newSite(t, attributes), newTab(t, e)
	source, referrer := "", ""
	if attributes != "" {
		source, referrer = "linkedin", "https://www.linkedin.com/"
	}
	s.before(signal)
	b.openFrom("https://www.linkedin.com/", s.page("/landing?utm_source=linkedin"))
	eval[bool](b, `headwater.consent(true), true`) // a banner may not know the signal
	wantNothingStored(b)
	b.wantSent()
	b.act(submit, "/thanks")
	form := s.forms(1)[0]
	wantEachOnce(t, form)
	wantValue(t, form, "hw_visitor_id", "")
	wantValue(t, form, "hw_latest_touch_utm_source", source)
	wantValue(t, form, "hw_latest_touch_referrer", referrer)
	b.wantSent("/f/signup")

	// Internal campaign links are none here either.
	b.open(s.page("/landing"))
	b.act(`document.getElementById("tagged").click()`, "/second")
	b.act(submit, "/thanks")
	wantValue(t, s.forms(2)[1], "hw_latest_touch_utm_source", "")
	wantNothingStored(b)
}

func TestSignalOffChangesNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		s.before(`Object.defineProperty(Navigator.prototype, "globalPrivacyControl", {get: () => false});
			Object.defineProperty(Navigator.prototype, "doNotTrack", {get: () => "unspecified"})`)
		b.open(s.page("/landing"))
		s.touches(1)
	})
}

func TestCallsBeforeTheScriptAreKept(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, `data-consent="required"`), newTab(t, e)
		s.before(`window.headwater = []; window.order = [];
			headwater.push(() => { throw new Error("of the page's own making"); });
			headwater.push((hw) => { order.push("first"); hw.consent(true); });`)
		b.open(s.page("/consent?utm_source=linkedin"))
		s.touches(1)
		eval[bool](b, `headwater.push((hw) => order.push("second", typeof hw.fields)), true`)
		if got := eval[string](b, `order.join()`); got != "first,second,function" {
			t.Errorf("order of calls: %s", got)
		}
	})
}
