package browser

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/snippet"
	"github.com/headwater/headwater/snippet/browser/engine"
)

var uuidV7 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// wantField compares one member of a touch or of the storage's JSON.
func wantField(t *testing.T, in map[string]any, name string, want any) {
	t.Helper()
	if got := in[name]; got != want {
		t.Errorf("%s = %v, want %v", name, got, want)
	}
}

// stored returns the hidden fields that the snippet keeps, without their "hw_".
func stored(b *tab) map[string]any {
	b.t.Helper()
	return withoutPrefix(b, "hw_")
}

// storedTouch returns the touch that is kept as first_touch or latest_touch.
func storedTouch(b *tab, which string) map[string]any {
	b.t.Helper()
	return withoutPrefix(b, "hw_"+which+"_")
}

func withoutPrefix(b *tab, prefix string) map[string]any {
	b.t.Helper()
	item, err := url.ParseQuery(eval[string](b, `localStorage.getItem("hw") || ""`))
	if err != nil {
		b.t.Fatalf("the item hw: %v", err)
	}
	values := map[string]any{}
	for name, list := range item {
		if name, is := strings.CutPrefix(name, prefix); is {
			values[name] = list[0]
		}
	}
	return values
}

func TestCampaignArrivalIsOneTouch(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		before := time.Now().UnixMilli()
		b.openFrom("https://www.linkedin.com/", s.page("/landing?utm_source=LinkedIn&utm_medium=paid&li_fat_id=AbC"))
		touch := s.touches(1)[0]
		wantField(t, touch, "site_id", "acme")
		wantField(t, touch, "utm_source", "LinkedIn")
		wantField(t, touch, "utm_medium", "paid")
		wantField(t, touch, "utm_campaign", "")
		wantField(t, touch, "li_fat_id", "AbC")
		wantField(t, touch, "referrer", "https://www.linkedin.com/")
		wantField(t, touch, "landing_page", s.page("/landing?utm_source=LinkedIn&utm_medium=paid&li_fat_id=AbC"))
		wantField(t, touch, "snippet_version", snippet.Version)
		for _, id := range []string{"visitor_id", "touch_id"} {
			if text, _ := touch[id].(string); !uuidV7.MatchString(text) {
				t.Errorf("%s = %q is no UUIDv7", id, text)
			}
		}
		at, err := schema.ParseTime(fmt.Sprint(touch["occurred_at"]))
		if err != nil || at.UnixMilli() < before || at.After(time.Now()) {
			t.Errorf("occurred_at = %v, want milliseconds of now", touch["occurred_at"])
		}
		b.wantSent("/t")
	})
}

func TestDirectArrivalIsATouchWithExplicitEmpties(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing"))
		touch := s.touches(1)[0]
		for _, name := range []string{"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
			"gclid", "gbraid", "wbraid", "msclkid", "fbclid", "ttclid", "twclid", "li_fat_id", "referrer"} {
			wantField(t, touch, name, "")
		}
		wantField(t, touch, "landing_page", s.page("/landing"))
	})
}

func TestForeignReferrerIsAnArrivalEveryTime(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		for n, referrer := range []string{"https://www.google.com/", "https://www.google.com/", "https://chat.example/a/b?c"} {
			b.openFrom(referrer, s.page("/landing"))
			wantField(t, s.touches(n + 1)[n], "referrer", referrer)
		}
		b.wantSent("/t", "/t", "/t")
	})
}

func TestLinkOnAForeignPage(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.at("news.example", "/foreign?to="+s.page("/landing")))
		b.act(`document.getElementById("out").click()`, "/landing")
		wantField(t, s.touches(1)[0], "referrer", s.at("news.example", "/"))
	})
}

func TestReloadIsNoArrival(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.openFrom("https://www.linkedin.com/", s.page("/landing?utm_source=linkedin"))
		s.touches(1)
		for range 2 {
			b.act(`location.reload()`, "/landing")
		}
		b.wantSent("/t")
	})
}

func TestBackAndForwardAreNoArrival(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		for _, mode := range []string{"with the page cache", "without it"} {
			t.Run(mode, func(t *testing.T) {
				s, b := newSite(t, ""), newTab(t, e)
				if mode == "without it" {
					s.before(`addEventListener("unload", () => {})`) // a page with this handler is not kept
				}
				b.open(s.page("/landing?utm_source=linkedin"))
				s.touches(1)
				b.open(s.at("news.example", "/plain"))
				b.act(`history.back()`, "/landing")
				b.act(`history.forward()`, "/plain")
				b.act(`history.back()`, "/landing")
				b.wantSent("/t")
			})
		}
	})
}

func TestInternalNavigationIsNoArrival(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		s.touches(1)
		b.act(`document.getElementById("second").click()`, "/second")
		b.act(`document.getElementById("home").click()`, "/landing")
		b.wantSent("/t")
	})
}

// The registrable domain counts, found without a list of suffixes: www and blog are one site.
func TestDemand22_SubdomainsAreNoReferrers(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.at("blog.shop.example", "/landing"))
		s.touches(1)
		for _, own := range []string{"blog.shop.example", "shop.example", "a.b.shop.example", shop} {
			b.openFrom(s.at(own, "/article"), s.page("/landing"))
		}
		b.wantSent("/t")
		b.await(`!document.cookie.includes("hw_")`) // what tries the domains is gone a second later
		// Names that only look alike are foreign.
		for n, foreign := range []string{"notshop.example", "shop.example.net"} {
			b.openFrom(s.at(foreign, "/"), s.page("/landing"))
			wantField(t, s.touches(n + 2)[n+1], "referrer", s.at(foreign, "/"))
		}
	})
}

func TestDemand22_OwnDomainsAreNoReferrers(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, `data-own-domains="shop.test, checkout.test"`), newTab(t, e)
		b.openFrom("https://www.shop.test/", s.page("/landing"))
		b.openFrom("https://checkout.test/", s.page("/landing?utm_source=x"))
		b.wantSent()
		b.openFrom("https://other.test/", s.page("/landing"))
		wantField(t, s.touches(1)[0], "referrer", "https://other.test/")
	})
}

func TestDemand05_IgnoredReferrersKeepTheCredit(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, `data-ignored-referrers="pay.example login.example"`), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		s.touches(1)
		b.openFrom("https://secure.pay.example/done", s.page("/second"))
		b.openFrom("https://login.example/", s.page("/second"))
		b.wantSent("/t")
		wantField(t, storedTouch(b, "latest_touch"), "utm_source", "linkedin")
		// A campaign is one wherever its link was: web mail is no source, the newsletter in it is.
		b.openFrom("https://login.example/", s.page("/second?utm_source=newsletter"))
		touch := s.touches(2)[1]
		wantField(t, touch, "utm_source", "newsletter")
		wantField(t, touch, "referrer", "")
	})
}

func TestDirectVisitWithinHalfAnHourIsNoArrival(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		s.touches(1)
		b.open(s.page("/second"))
		b.wantSent("/t")
		age := func(minutes string) {
			b.open(s.page("/plain")) // no snippet here that would note the activity
			eval[bool](b, `localStorage.hw_at = Date.now() - `+minutes+` * 6e4, true`)
		}
		age("29")
		b.open(s.page("/second"))
		b.wantSent("/t")
		age("31")
		b.open(s.page("/second"))
		touch := s.touches(2)[1]
		wantField(t, touch, "utm_source", "")
		wantField(t, storedTouch(b, "first_touch"), "utm_source", "linkedin")
		wantField(t, storedTouch(b, "latest_touch"), "touch_id", touch["touch_id"])
	})
}

// Leaving a page is activity, too: half an hour on one page does not make the next visit an arrival.
func TestLeavingAPageIsActivity(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing"))
		s.touches(1)
		eval[bool](b, `localStorage.hw_at -= 40 * 6e4, true`)
		b.open(s.page("/second"))
		b.wantSent("/t")
	})
}

func TestDemand01_FirstTouchIsNotOverwritten(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing")) // direct, and that it stays
		first := s.touches(1)[0]
		b.openFrom("https://www.linkedin.com/", s.page("/landing?utm_source=linkedin&gclid=a"))
		b.openFrom("https://www.facebook.com/", s.page("/second?utm_source=facebook"))
		latest := s.touches(3)[2]
		b.await(`localStorage.hw.includes("hw_latest_touch_utm_source=facebook")`)
		kept := storedTouch(b, "first_touch")
		wantField(t, kept, "touch_id", first["touch_id"])
		for _, name := range []string{"utm_source", "gclid", "referrer"} {
			wantField(t, kept, name, "")
		}
		wantField(t, storedTouch(b, "latest_touch"), "touch_id", latest["touch_id"])
		wantField(t, storedTouch(b, "latest_touch"), "gclid", "")
		for _, touch := range s.touches(3) {
			wantField(t, touch, "visitor_id", first["visitor_id"])
		}
	})
}

// The adapters warn of them in debug mode; see there.
func TestDemand21_InternalCampaignLinksAreIgnored(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		s.touches(1)
		b.act(`document.getElementById("tagged").click()`, "/second")
		b.wantSent("/t")
		wantField(t, storedTouch(b, "latest_touch"), "utm_source", "linkedin")
	})
}

func TestDemand12_RouterNavigationIsNoArrival(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.openFrom("https://www.google.com/", s.page("/landing"))
		s.touches(1)
		eval[bool](b, `history.pushState(null, "", "/next?utm_source=x"), history.replaceState(null, "", "/other"), location.hash = "#a", true`)
		eval[bool](b, `setTimeout(() => history.back()), true`)
		b.await(`location.pathname == "/other" && !location.hash`)
		b.wantSent("/t")
	})
}

// A router that rewrote the address before the script came does not lose the campaign.
func TestDemand13_AddressRewrittenBeforeTheScript(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/spa?utm_source=linkedin#/home?gclid=Abc"))
		touch := s.touches(1)[0]
		wantField(t, touch, "utm_source", "linkedin")
		wantField(t, touch, "gclid", "Abc")
		wantField(t, touch, "landing_page", s.page("/spa?utm_source=linkedin#/home?gclid=Abc"))
	})
}

// Chromium prerenders nothing for a tab that a debugger is attached to, so this one opens a tab of its own, and only the
// server watches it.
func TestPrerenderedPageIsNoArrivalUntilShown(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.plainAt("shop.localhost", "/plain")) // browsers prerender trustworthy origins only
		eval[bool](b, `open("/prerender", "_blank", "noopener"), true`)
		s.wait("/hidden", 1) // the hidden page has run all its scripts
		s.mu.Lock()
		if n := len(s.received); n != 1 {
			t.Errorf("%d requests left the hidden page besides the test's own", n-1)
		}
		s.mu.Unlock()
		close(s.gate)
		s.wait("/shown", 1)
		wantField(t, s.touches(1)[0], "utm_source", "prerendered")
	})
}

func TestSecondScriptTagChangesNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		s.touches(1)
		eval[bool](b, `new Promise((resolve) => {
			const again = document.createElement("script");
			again.src = "/hw.js";
			again.dataset.site = "acme";
			again.onload = () => resolve(true);
			document.head.append(again);
		})`)
		b.wantSent("/t")
		if n := eval[int](b, `document.querySelectorAll("#signup [name=hw_site_id]").length`); n != 1 {
			t.Errorf("%d inputs hw_site_id, want 1", n)
		}
	})
}

// The collector is where the script is, whatever the file is called and whoever proxies it.
func TestProxiedPathAndAnyFileName(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		s.script = "/assets/x/main.abc123.js?v=1"
		b.open(s.page("/landing"))
		s.wait("/assets/x/t", 1)
		b.wantSent("/assets/x/t")

		s, b = newSite(t, ""), newTab(t, e)
		s.script = s.at("t.collector.test", "/hw.js")
		b.open(s.page("/landing"))
		r := s.wait("/t", 1)[0]
		if r.host != "t.collector.test:"+s.port || r.origin != s.at(shop, "") {
			t.Errorf("the touch went to %s from %s", r.host, r.origin)
		}
		b.wantSent("/t") // and no preflight went with it: that would be another request of this method
	})
}

func TestTouchByHand(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_medium=poster"))
		s.touches(1)
		eval[bool](b, `headwater.touch({utm_source: "qr", __proto__: {utm_term: "no"}, evil: "x"}), true`)
		touch := s.touches(2)[1]
		wantField(t, touch, "utm_source", "qr")
		wantField(t, touch, "utm_medium", "poster")
		wantField(t, touch, "utm_term", "")
		wantField(t, touch, "evil", nil)
		wantField(t, storedTouch(b, "latest_touch"), "utm_source", "qr")
		if got := eval[string](b, `document.querySelector("[name=hw_latest_touch_utm_source]").value`); got != "qr" {
			t.Errorf("the form still carries %q", got)
		}
	})
}

// A name without a dot owns nothing below it: a demo on localhost can play other sites on *.localhost.
func TestNamesBelowLocalhostAreForeign(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.openFrom(s.plainAt("google.localhost", "/"), s.plainAt("localhost", "/landing"))
		wantField(t, s.touches(1)[0], "referrer", s.plainAt("google.localhost", "/"))
		b.openFrom(s.plainAt("localhost", "/"), s.plainAt("localhost", "/second"))
		b.wantSent("/t")
	})
}
