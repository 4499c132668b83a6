package browser

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/snippet/browser/engine"
)

// The browser's part of demands that the collector finishes: it hands over what it saw, as it saw it.

// A frame of the same site is a page of it like others: no arrival of its own, and its form carries the page's campaign.
func TestDemand14_SameSiteFrame(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin&gclid=AbC"))
		touch := s.touches(1)[0]
		b.await(`/(^|; )hw=/.test(document.cookie)`)
		for n, frame := range []string{"/second", s.at("blog.shop.example", "/second")} {
			eval[bool](b, `new Promise((resolve) => {
				document.querySelector("iframe")?.remove();
				window.frame = document.createElement("iframe");
				frame.name = "inner";
				frame.src = `+quote(frame)+`;
				frame.onload = () => resolve(true);
				document.body.append(frame);
			})`)
			if n == 0 {
				eval[bool](b, `(frame.contentDocument.getElementById("signup").requestSubmit(), true)`)
				form := s.forms(1)[0]
				wantEachOnce(t, form)
				wantValue(t, form, "hw_visitor_id", touch["visitor_id"].(string))
				wantValue(t, form, "hw_latest_touch_touch_id", touch["touch_id"].(string))
				wantValue(t, form, "hw_latest_touch_gclid", "AbC")
				wantValue(t, form, "hw_page", s.page("/second"))
			}
		}
		b.wantSent("/t", "/f/signup")
	})
}

func TestDemand16_RawValuesAreKept(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		query := url.Values{
			"UTM_SOURCE": {" LinkedIn "}, "Utm_Medium": {"Paid_Social"}, "utm_campaign": {"Spring  SALE 2026"},
			"utm_term": {"CRM|größe"}, "utm_content": {"A/B=%2F"}, "utm_id": {"AbC.1"},
		}
		b.open(s.page("/landing?" + query.Encode()))
		s.accepted("/t", 1)
		touch := s.touches(1)[0]
		for name, values := range query {
			wantField(t, touch, strings.ToLower(name), values[0])
		}
		kept := only[*schema.TouchRecord](s.kept())
		if len(kept) != 1 || kept[0].UTMMedium != "Paid_Social" || kept[0].UTMTerm != "CRM|größe" || kept[0].Medium != "paid_social" {
			t.Errorf("the collector kept %+v", kept)
		}
	})
}

func TestDemand18_EveryClickID(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		want := map[string]string{}
		query := url.Values{}
		for _, name := range parameterNames() {
			if !strings.HasPrefix(name, "utm_") && name != "ref" && name != "partner_id" {
				want[name] = "Cj0KCQ-" + strings.ToUpper(name) + "_aZ"
				query.Set(name, want[name])
			}
		}
		// Some networks write theirs in capitals.
		query.Del("sccid")
		query.Set("ScCid", want["sccid"])
		b.open(s.page("/landing?" + query.Encode()))
		touch := s.touches(1)[0]
		b.act(submit, "/thanks")
		form := s.forms(1)[0]
		for name, value := range want {
			wantField(t, touch, name, value)
			wantValue(t, form, "hw_first_touch_"+name, value)
		}
		if want["gbraid"] == "" || want["wbraid"] == "" || want["gclid"] == "" || len(want) < 13 {
			t.Errorf("the click ids are %v", want)
		}
		s.accepted("/f/signup", 1)
		kept := only[*schema.Submission](s.kept())
		if len(kept) != 1 || kept[0].FirstTouch.Gbraid != want["gbraid"] || kept[0].FirstTouch.Wbraid != want["wbraid"] || kept[0].FirstTouch.ScCid != want["sccid"] {
			t.Errorf("the collector kept %+v", kept)
		}
	})
}

// A click id or a custom parameter alone is an arrival, too, and so is one in a fragment.
func TestDemand18_ClickIDAloneIsAnArrival(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		for n, target := range []string{"/landing?wbraid=Wb", "/landing?gbraid=Gb", "/second#gclid=Gc", "/second#/route?dclid=Dc"} {
			b.open(s.page("/plain"))
			b.open(s.page(target))
			touch := s.touches(n + 1)[n]
			name, value, _ := strings.Cut(target[strings.LastIndexAny(target, "?#")+1:], "=")
			wantField(t, touch, name, value)
		}
	})
}

func TestDemand19_AssistantsAreReferrers(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		referrers := []string{"https://chatgpt.com/", "https://www.perplexity.ai/", "https://gemini.google.com/", "https://copilot.microsoft.com/", "https://claude.ai/"}
		for n, referrer := range referrers {
			b.openFrom(referrer, s.page("/landing"))
			wantField(t, s.touches(n + 1)[n], "referrer", referrer)
		}
		// ChatGPT tags its links, and hides the referrer in some apps.
		b.open(s.page("/plain"))
		b.open(s.page("/landing?utm_source=chatgpt.com"))
		wantField(t, s.touches(len(referrers) + 1)[len(referrers)], "utm_source", "chatgpt.com")
		s.accepted("/t", len(referrers)+1)
		for _, touch := range only[*schema.TouchRecord](s.kept()) {
			if touch.Channel != schema.ChannelAIAssistants {
				t.Errorf("%s%s is of the channel %q", touch.Referrer, touch.UTMSource, touch.Channel)
			}
		}
	})
}

// Android tells pages which app they were opened from, in a scheme of its own.
func TestDemand20_AppReferrersAsTheyAre(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		for _, referrer := range []string{"android-app://com.google.android.gm/", "android-app://com.linkedin.android/https/www.linkedin.com/feed", "android-app://com.slack"} {
			s, b := newSite(t, ""), newTab(t, e)
			s.before(`Object.defineProperty(Document.prototype, "referrer", {get: () => ` + quote(referrer) + `})`)
			b.open(s.page("/landing"))
			wantField(t, s.touches(1)[0], "referrer", referrer)
			b.act(submit, "/thanks")
			wantValue(t, s.forms(1)[0], "hw_latest_touch_referrer", referrer)
		}
	})
}

// The tap between page and collector: what a test makes fail is recorded, and what it lets through is kept.
func TestCollectorThatIsAway(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		for name, fault := range map[string]int{"cut": cut, "503": http.StatusServiceUnavailable} {
			t.Run(name, func(t *testing.T) {
				s, b := newSite(t, ""), newTab(t, e)
				s.before(noErrors)
				s.fail(func(*http.Request) int { return fault })
				b.open(s.page("/landing?utm_source=linkedin"))
				touch := s.touches(1)[0]
				s.fail(nil)
				// The form goes its own way, with the touch that did not get through.
				b.act(submit, "/thanks")
				wantValue(t, s.forms(1)[0], "hw_latest_touch_touch_id", touch["touch_id"].(string))
				b.open(s.page("/landing"))
				s.accepted("/t", 1)
				wantNoErrors(b)
				for _, kept := range only[*schema.TouchRecord](s.kept()) {
					if string(kept.TouchID) != touch["touch_id"] {
						t.Errorf("the collector kept the touch %+v, which is another", kept)
					}
				}
			})
		}
	})
}
