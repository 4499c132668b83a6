package browser

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headwater/headwater/snippet/browser/engine"
)

// addressesOf returns the addresses of the frames on the page of b by their ids, without the test's port.
func addressesOf(b *tab, s *site) map[string]string {
	b.t.Helper()
	addresses := eval[map[string]string](b, `addresses()`)
	for id, address := range addresses {
		addresses[id] = strings.ReplaceAll(address, ":"+s.port, "")
	}
	return addresses
}

func TestDemand14_FormServicesInFramesKnowTheCampaign(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := adapted(t, e, "", "", "/adapters/frames?utm_source=LinkedIn&utm_medium=paid&utm_term=a%26b&gclid=X")
		visitor := visitorOf(b)
		b.run(`embed()`)
		const utm = "utm_source=LinkedIn&utm_medium=paid&utm_term=a%26b"
		b.tells(`addresses().lazy.includes("utm") || document.getElementById("lazy").dataset.src.includes("utm")`, "true")
		got := addressesOf(b, s)
		for id, want := range map[string]string{
			"typeform": "https://form.typeform.com/to/Ab12Cd?typeform-embed-id=45821&typeform-embed=embed-widget&typeform-source=shop.example&typeform-medium=embed-sdk#plan=pro&" + utm,
			"hubspot":  "https://share.hsforms.com/1AbCdEf?embed=1&" + utm,
			"meetings": "https://meetings-eu1.hubspot.com/ada?embed=true&" + utm,
			// What the page has put there stays.
			"calendly": "https://calendly.com/ada/30min?embed_domain=www.shop.example&embed_type=Inline&utm_medium=page&utm_source=LinkedIn&utm_term=a%26b",
			"calcom":   "https://app.cal.com/ada/30min/embed?embedType=inline&" + utm,
			"tally":    "https://tally.so/embed/wA1b2C?alignLeft=1&" + utm,
			"jotform":  "https://form.jotform.com/212345?" + utm,
			"lazy":     "about:blank",
			"google":   "https://docs.google.com/forms/d/e/1FAI/viewform?embedded=true",
			"stranger": "https://ads.example/frames/empty?typeform.com",
			"likeness": "https://nottypeform.com/frames/empty",
		} {
			if got[id] != want {
				t.Errorf("frame %s has %s\nwant %s", id, got[id], want)
			}
		}
		lazy := eval[string](b, `document.getElementById("lazy").dataset.src`)
		if want := s.at("tally.so", "/embed/lazy?"+utm); lazy != want {
			t.Errorf("the lazy frame will have %s, want %s", lazy, want)
		}
		own, err := url.Parse(got["own"])
		if err != nil {
			t.Fatal(err)
		}
		if query := own.Query(); query.Get("hw_visitor_id") != visitor || !uuidV7.MatchString(query.Get("hw_submission_id")) ||
			query.Get("utm_source") != "LinkedIn" || query.Get("step") != "1" || query.Get("gclid") != "" || own.Fragment != "top" {
			t.Errorf("the customer's own frame has %s", own)
		}
		b.wantSent("/t")
	})
}

// Neither before consent, nor in a frame that shows something already: that would load it again.
func TestDemand14_NoDecorationBeforeConsentAndNoSecondLoad(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newAdapterSite(t, `data-consent="required"`, ""), newTab(t, e)
		var loads atomic.Int32
		s.handle("/ada/30min", func(w http.ResponseWriter, _ *http.Request) {
			loads.Add(1)
			w.Header().Set("Content-Type", "text/html")
		})
		b.open(s.page("/adapters/frames?utm_source=linkedin"))
		b.ready()
		b.run(`window.loaded = []; document.addEventListener("load", (event) => loaded.push(event.target.id), true); embed()`)
		before := addressesOf(b, s)
		for id, address := range before {
			if strings.Contains(address, "utm_source") {
				t.Errorf("before consent frame %s has %s", id, address)
			}
		}
		b.await(`loaded.includes("calendly") && loaded.includes("own")`)
		b.run(`headwater.consent(true)`)
		s.touches(1)
		b.tells(`document.getElementById("lazy").dataset.src.includes("utm_source=linkedin")`, "true")
		after := addressesOf(b, s)
		for _, id := range []string{"calendly", "own"} {
			if after[id] != before[id] {
				t.Errorf("frame %s was loaded and now has %s", id, after[id])
			}
		}
		if n := loads.Load(); n != 1 {
			t.Errorf("the calendar was loaded %d times", n)
		}
	})
}

// A frame that is still waiting for its first answer may have another address.
func TestDemand14_FrameThatIsStillLoading(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newAdapterSite(t, "", ""), newTab(t, e)
		var answered atomic.Int32
		s.handle("/to/slow", func(w http.ResponseWriter, r *http.Request) {
			// The fragment stays in the browser: the first request ends because the browser gives it up. Where the adapters
			// were quicker than it there is no second one, and it is answered in the end.
			if answered.Add(1) == 1 {
				select {
				case <-r.Context().Done():
					return
				case <-time.After(2 * time.Second):
				}
			}
			w.Header().Set("Content-Type", "text/html")
		})
		b.open(s.page("/adapters/loading?utm_source=linkedin"))
		b.await(`window.loads == 1`)
		address := eval[string](b, `document.getElementById("typeform").src`)
		if want := s.at("form.typeform.com", "/to/slow#utm_source=linkedin"); address != want {
			t.Errorf("the frame has %s, want %s", address, want)
		}
	})
}

func TestDemand14_OwnFormOnAnotherSiteAsksAndStrangersGetNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newAdapterSite(t, "", ""), newTab(t, e)
		partner := s.at("forms.partner.example", "")
		s = newAdapterSitePartner(t, s, partner)
		b.open(s.page("/adapters/partner?utm_source=linkedin"))
		s.touches(1)
		b.ready()
		visitor := visitorOf(b)
		// The frame's form has the parent's visitor at last, whichever of both scripts came first.
		b.await(`(tell("partner", "look"), heard.some(([host, , id]) => host == "forms.partner.example" && id == ` + quote(visitor) + `))`)
		b.run(`heard.length = 0; tell("partner", "look")`)
		b.await(`heard.some(([host]) => host == "forms.partner.example")`)
		if got := eval[string](b, `heard.pop()[3]`); got != "linkedin" {
			t.Errorf("the builder's field in the frame has %q", got)
		}
		// A stranger may run the same script and ask as it likes.
		b.run(`heard.length = 0; tell("stranger", "ask"); tell("partner", "ask")`)
		b.await(`heard.length > 1 && (tell("stranger", "look"), heard.filter(([host]) => host == "evil.example").length > 1)`)
		for _, heard := range eval[[][]any](b, `heard`) {
			if heard[0] == "evil.example" && (heard[1] != "" || heard[2] != nil) {
				t.Errorf("a stranger heard %q and has the visitor %v", heard[1], heard[2])
			}
		}
		b.run(`tell("partner", "submit")`)
		form := s.forms(1)[0]
		wantNoneTwice(t, form)
		wantValue(t, form, "hw_visitor_id", visitor)
		wantValue(t, form, "hw_first_touch_utm_source", "linkedin")
		wantValue(t, form, "form_fields[first_touch_utm_source]", "linkedin")
	})
}

// newAdapterSitePartner lists the origin of one frame, which has the site's port.
func newAdapterSitePartner(t *testing.T, s *site, partner string) *site {
	t.Helper()
	for _, target := range []string{"/adapters/partner"} {
		s.handle(target, func(w http.ResponseWriter, _ *http.Request) {
			s.sendAdapted(w, "pages"+target+".html", `data-frame-origins="`+partner+`"`)
		})
	}
	return s
}

func TestDemand14_OwnFormOnAnotherSiteFollowsConsent(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newAdapterSite(t, `data-consent="required"`, ""), newTab(t, e)
		s = newAdapterSitePartner(t, s, s.at("forms.partner.example", ""))
		b.open(s.page("/adapters/partner?utm_source=linkedin"))
		b.ready()
		b.await(`(tell("partner", "ask"), heard.length > 1)`)
		for _, heard := range eval[[][]any](b, `heard`) {
			if strings.Contains(heard[1].(string), "fields") || heard[2] != nil {
				t.Errorf("before consent the frame heard %q and has the visitor %v", heard[1], heard[2])
			}
		}
		b.run(`headwater.consent(true)`)
		s.touches(1)
		visitor := visitorOf(b)
		b.await(`(tell("partner", "look"), heard.some(([, , id]) => id == ` + quote(visitor) + `))`)
		b.run(`headwater.consent(false); heard.length = 0`)
		b.await(`(tell("partner", "look"), heard.some(([, , id]) => id === ""))`)
	})
}

func TestDemand14_FrameOfTheSameOriginNeedsNoScript(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := adapted(t, e, "", "", "/adapters/inside?utm_source=linkedin")
		visitor := visitorOf(b)
		const inner = `document.getElementById("frame").contentDocument`
		b.tells(inner+`.querySelector("#signup [name=hw_visitor_id]").value`, visitor)
		b.tells(inner+`.querySelectorAll("#search input").length`, "1")
		// A late form is right as soon as it is sent, without anything before it.
		b.run(`const late = ` + inner + `.getElementById("signup").cloneNode();
			late.id = "late"; ` + inner + `.body.append(late); late.requestSubmit()`)
		form := s.forms(1)[0]
		wantNoneTwice(t, form)
		wantValue(t, form, "hw_visitor_id", visitor)
		wantValue(t, form, "hw_latest_touch_utm_source", "linkedin")
		first := form.Get("hw_submission_id")

		// The frame has moved to the thank-you page. Another document in it, and it goes on.
		b.await(inner + `.location.pathname == "/thanks"`)
		b.run(`document.getElementById("frame").src = "/frames/plain?again"`)
		b.await(inner + `.location.search == "?again" && ` + inner + `.querySelector("[name=hw_first_touch_utm_source]")`)
		b.run(inner + `.getElementById("signup").requestSubmit()`)
		form = s.forms(2)[1]
		wantNoneTwice(t, form)
		if form.Get("hw_submission_id") == first {
			t.Error("two submissions have one id")
		}
		b.wantSent("/t", "/f/signup", "/f/signup")
	})
}

func TestDemand14_FrameOfTheSameOriginBeforeConsent(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newAdapterSite(t, `data-consent="required"`, ""), newTab(t, e)
		b.open(s.page("/adapters/inside?utm_source=linkedin"))
		b.ready()
		const inner = `document.getElementById("frame").contentDocument`
		// Not the visitor that a cache has put there either.
		b.tells(inner+`.querySelector("#signup [name=hw_visitor_id]").value`, "")
		b.tells(inner+`.querySelectorAll("#signup input").length`, "2")
		b.run(`headwater.consent(true)`)
		s.touches(1)
		b.tells(inner+`.querySelector("[name=hw_latest_touch_utm_source]").value`, "linkedin")
		b.run(`headwater.consent(false)`)
		b.tells(inner+`.querySelector("[name=hw_latest_touch_utm_source]").value`, "")
	})
}

func TestDemand14_PrivacySignalLeavesThisPagesCampaignOnly(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newAdapterSite(t, `data-page-touch="true"`, ""), newTab(t, e)
		s.before(`Object.defineProperty(Navigator.prototype, "globalPrivacyControl", {get: () => true})`)
		b.open(s.page("/adapters/frames?utm_source=linkedin"))
		b.ready()
		b.run(`embed()`)
		b.tells(`addresses().own.includes("utm_source=linkedin")`, "true")
		for id, address := range addressesOf(b, s) {
			if strings.Contains(address, "hw_") {
				t.Errorf("frame %s has %s", id, address)
			}
		}
		wantNothingStored(b)
		b.wantSent()
	})
}
