package browser

import (
	"testing"

	"github.com/headwater/headwater/snippet/browser/engine"
)

// consented counts the calls of headwater.consent on the page, by what they said.
const countConsent = `window.said = []; window.headwater = window.headwater || [];
	headwater.push((hw) => { const {consent} = hw; hw.consent = (granted) => { said.push(granted); consent(granted); }; });`

// platform opens the page with a consent platform that is not there yet.
func platform(t *testing.T, e engine.Engine, adapters string) (*site, *tab) {
	t.Helper()
	s, b := newAdapterSite(t, `data-consent="required"`, adapters), newTab(t, e)
	s.before(countConsent)
	b.open(s.page("/adapters/consent?utm_source=linkedin"))
	b.ready()
	return s, b
}

func TestDemand06_TCFGrantsOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := platform(t, e, `data-adapters="tcf"`)
		b.run(`decide("cmpuishown", [1, 7]); installCMP()`) // late, and its dialogue is open
		b.await(`listeners.length == 1`)
		b.tells(`said.length`, "0")
		wantNothingStored(b)
		b.wantSent()
		b.run(`decide("useractioncomplete", [1, 2, 7]); decide("tcloaded", [1, 7]); document.body.append(document.createElement("i"))`)
		wantField(t, s.touches(1)[0], "utm_source", "linkedin")
		b.tells(`said.join()`, "true")
		b.tells(`listeners.length`, "1")
		b.wantSent("/t")
		// Withdrawn, and given again.
		b.await(`document.cookie.includes("hw=")`)
		b.run(`decide("useractioncomplete", [7])`)
		wantNothingStored(b)
		b.run(`decide("useractioncomplete", [7]); decide("useractioncomplete", [1, 7])`)
		b.tells(`said.join()`, "true,false,true")
	})
}

// The platform remembers a choice: it says so when it has loaded.
func TestDemand07_TCFTellsARefusalFromAnOpenQuestion(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := platform(t, e, `data-adapters="tcf"`)
		b.run(`data = null; installCMP()`)
		b.await(`listeners.length == 1`)
		b.run(`decide("tcloaded", [1, 7])`)
		s.touches(1)
		b.await(`!!localStorage.hw`)
		// The next page's dialogue is open: what was stored stays, unread.
		b.act(`location.href = "/adapters/consent?next"`, "/adapters/consent")
		b.ready()
		b.run(`installCMP()`)
		b.await(`listeners.length == 1`)
		b.run(`decide("cmpuishown", [])`)
		b.await(`!!localStorage.hw && said.length == 0 && headwater.fields().hw_visitor_id == ""`)
		b.run(`decide("useractioncomplete", [])`)
		b.tells(`said.join()`, "false")
		b.await(`!localStorage.hw`)
		b.wantSent("/t")
	})
}

func TestTCFWhereTheLawDoesNotApplyAndOtherPurposes(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := platform(t, e, `data-adapters="tcf"`)
		b.run(`installCMP()`)
		b.await(`listeners.length == 1`)
		b.run(`decide("tcloaded", [], false)`)
		s.touches(1)
		b.tells(`said.join()`, "true")

		_, b = platform(t, e, `data-adapters="tcf" data-tcf-purposes="1, 8, 9"`)
		b.run(`installCMP()`)
		b.await(`listeners.length == 1`)
		b.run(`decide("tcloaded", [1, 7, 8])`)
		b.tells(`said.join()`, "false")
		b.run(`decide("useractioncomplete", [1, 8, 9])`)
		b.tells(`said.join()`, "false,true")
	})
}

func TestTCFOfThePageAroundTheFrame(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newAdapterSite(t, `data-consent="required"`, `data-adapters="tcf"`), newTab(t, e)
		b.open(s.at("www.portal.example", "/adapters/around"))
		wantField(t, s.touches(1)[0], "utm_source", "linkedin")
	})
}

func TestDemand06_ConsentModeGrantsOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := platform(t, e, `data-adapters="gcm"`)
		// The layer comes late, with something in it.
		b.run(`window.dataLayer = [{event: "page"}]; gtag("js", new Date()); gtag("consent", "default",
			{ad_storage: "denied", analytics_storage: "denied", ad_user_data: "denied", wait_for_update: 500}); document.body.append(document.createElement("i"))`)
		eval[bool](b, `new Promise((resolve) => setTimeout(() => resolve(true)))`)
		b.tells(`said.length`, "0") // nobody has decided
		wantNothingStored(b)
		b.wantSent()
		b.run(`gtag("consent", "update", {analytics_storage: "granted"})`)
		b.tells(`said.length`, "0") // not all that is needed
		b.run(`window.pushed = dataLayer.push({event: "click"}, "text", null)`)
		b.tells(`pushed == dataLayer.length`, "true")
		b.run(`gtag("consent", "update", {ad_storage: "granted"}); gtag("consent", "update", {ad_storage: "granted", analytics_storage: "granted"})`)
		wantField(t, s.touches(1)[0], "utm_source", "linkedin")
		b.tells(`said.join()`, "true")
		b.await(`document.cookie.includes("hw=")`)
		b.run(`gtag("consent", "update", {ad_storage: "denied"})`)
		b.tells(`said.join()`, "true,false")
		wantNothingStored(b)
		b.wantSent("/t")
	})
}

func TestDemand07_ConsentModeDefaults(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		for _, test := range []struct{ name, adapters, pushed, want string }{
			{"granted at once", ``, `gtag("consent", "default", {ad_storage: "granted", analytics_storage: "granted"})`, "true"},
			{"one key", `data-gcm="analytics_storage"`, `gtag("consent", "default", {ad_storage: "denied", analytics_storage: "granted"})`, "true"},
			{"granted, and nobody says otherwise in time", ``,
				`gtag("consent", "default", {ad_storage: "granted", analytics_storage: "granted", wait_for_update: 1})`, "true"},
			{"refused while it waits", ``,
				`gtag("consent", "default", {ad_storage: "granted", analytics_storage: "granted", wait_for_update: 1});
				gtag("consent", "update", {ad_storage: "denied"})`, "false"},
			{"denied somewhere", ``, `gtag("consent", "default", {ad_storage: "denied", analytics_storage: "denied", region: ["ES"]});
				gtag("consent", "default", {ad_storage: "granted", analytics_storage: "granted"})`, ""},
			{"granted somewhere only", ``, `gtag("consent", "default", {ad_storage: "granted", analytics_storage: "granted", region: ["US"]})`, ""},
		} {
			t.Run(test.name, func(t *testing.T) {
				_, b := platform(t, e, `data-adapters="gcm" `+test.adapters)
				b.run(`window.dataLayer = []; ` + test.pushed + `; document.body.append(document.createElement("i"))`)
				if test.want == "" {
					eval[bool](b, `new Promise((resolve) => setTimeout(() => resolve(true), 20))`)
				}
				b.tells(`said.join()`, test.want)
				eval[bool](b, `new Promise((resolve) => setTimeout(() => resolve(true), 20))`)
				b.tells(`said.join()`, test.want) // and nothing after
			})
		}
	})
}

// Consent platforms do not decide unless the tag says so.
func TestConsentAdaptersAreAskedForByName(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		_, b := platform(t, e, "")
		b.run(`installCMP(); decide("tcloaded", [1, 7]); window.dataLayer = [];
			gtag("consent", "update", {ad_storage: "granted", analytics_storage: "granted"}); document.body.append(document.createElement("i"))`)
		eval[bool](b, `new Promise((resolve) => setTimeout(() => resolve(true)))`)
		b.tells(`[said.length, listeners.length].join()`, "0,0")
		wantNothingStored(b)
		b.wantSent()
	})
}
