package browser

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/snippet/browser/engine"
)

func TestDemand11_CookieOfTheCollectorIsKept(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing"))
		visitor := s.touches(1)[0]["visitor_id"].(string)
		b.await(`document.cookie == ` + quote("hw="+visitor)) // once, so the snippet wrote none beside it
		// The browser drops what scripts store; the cookie brings the visitor back, and storage follows.
		b.open(s.page("/plain"))
		eval[bool](b, `localStorage.clear(), true`)
		b.open(s.page("/landing?utm_source=newsletter"))
		wantField(t, s.touches(2)[1], "visitor_id", visitor)
		wantField(t, stored(b), "visitor_id", visitor)
	})
}

// A collector on another domain has no cookie that a page of the site could read.
func TestCookieFallbackIsOnTheRegistrableDomain(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		s.script = s.at("t.collector.test", "/hw.js")
		b.open(s.page("/landing"))
		visitor := s.touches(1)[0]["visitor_id"].(string)
		b.await(`document.cookie == ` + quote("hw="+visitor))
		b.open(s.at("blog.shop.example", "/landing?utm_source=x"))
		wantField(t, s.touches(2)[1], "visitor_id", visitor)
		// Another site of the same browser is another visitor.
		b.open(s.at("www.other.example", "/landing"))
		if other := s.touches(3)[2]["visitor_id"]; other == visitor {
			t.Error("two sites share a visitor")
		}
	})
}

func TestCookieFallbackOnAddressesWithoutADomain(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		for _, host := range []string{"localhost", "127.0.0.1"} {
			s, b := newSite(t, ""), newTab(t, e)
			b.open(s.plainAt(host, "/landing"))
			visitor := s.touches(1)[0]["visitor_id"].(string)
			b.await(`document.cookie == ` + quote("hw="+visitor))
		}
	})
}

// WAF rules trip on URLs, quotes and JSON in cookies; an id is all there is.
func TestDemand10_CookieIsAnID(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=" + "%27%20OR%201%3D1--%3Cscript%3E"))
		s.touches(1)
		b.await(`document.cookie.startsWith("hw=")`)
		b.act(submit, "/thanks")
		cookie := s.wait("/f/signup", 1)[0].cookie
		if name, value, _ := strings.Cut(cookie, "="); name != "hw" || !uuidV7.MatchString(value) {
			t.Errorf("the page sends the cookie %q", cookie)
		}
	})
}

func TestStorageIsTheVisitorAndTheTime(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		s.touches(1)
		if keys := eval[string](b, `Object.keys(localStorage).sort().join() + "|" + Object.keys(sessionStorage).join()`); keys != "hw,hw_at|" {
			t.Errorf("stored keys: %s", keys)
		}
	})
}

func TestStorageThatThrows(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		for name, broken := range map[string]string{
			"denied": `Object.defineProperty(window, "localStorage", {get() { throw new DOMException("denied", "SecurityError"); }})`,
			"full":   `Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); }; for (let i = 0, text = "x".repeat(1 << 20); i < 5; i++) try { localStorage["filler" + i] = text; } catch {} try { localStorage.rest = "x".repeat(200000); } catch {}`,
			"absent": `Object.defineProperty(window, "localStorage", {value: null})`,
		} {
			t.Run(name, func(t *testing.T) {
				s, b := newSite(t, ""), newTab(t, e)
				s.before(`window.errors = []; addEventListener("error", (e) => errors.push(e.message)); ` + broken)
				b.open(s.page("/landing?utm_source=linkedin"))
				touch := s.touches(1)[0]
				b.await(`document.cookie.includes("hw=")`)
				b.act(`location.reload()`, "/landing") // the cookie tells that this visitor was recorded
				if errors := eval[string](b, `errors.join()`); errors != "" {
					t.Errorf("the page saw errors: %s", errors)
				}
				b.wantSent("/t")
				b.open(s.page("/landing?utm_source=facebook"))
				wantField(t, s.touches(2)[1], "visitor_id", touch["visitor_id"])
				b.act(submit, "/thanks")
				wantValue(t, s.forms(1)[0], "hw_latest_touch_utm_source", "facebook")
			})
		}
	})
}

func TestTamperedStorageIsNotBelieved(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		const id = "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e"
		const first = "hw_first_touch_touch_id=" + id + "&hw_first_touch_occurred_at=1767225600000"
		huge := strings.Repeat("x", 1<<20)
		for name, item := range map[string]string{
			"no query":      `{"visitor_id":`,
			"JSON":          `{"visitor_id":"` + id + `","first_touch":{"touch_id":"` + id + `"}}`,
			"prototypes":    "__proto__[polluted]=1&__proto__=2&constructor=3&constructor[prototype][polluted]=4&" + first + "&hw_first_touch___proto__=5",
			"bad ids":       "hw_visitor_id=%3Cscript%3E&hw_first_touch_touch_id=';drop&hw_first_touch_occurred_at=1767225600000",
			"no times":      "hw_first_touch_touch_id=" + id + "&hw_first_touch_occurred_at=1e999&hw_latest_touch_touch_id=" + id + "&hw_latest_touch_occurred_at=yesterday",
			"broken text":   first + "&hw_first_touch_utm_source=%F0%9F%00%FF&hw_first_touch_utm_term=%",
			"unknown names": first + "&hw_first_touch_evil=1&hw_redirect=https://evil.example/&hw_site_id=other&hw_page=x",
			"huge":          first + "&hw_first_touch_utm_source=" + huge + "&hw_first_touch_utm_term=" + huge + "&hw_first_touch_landing_page=" + huge,
			"repeated":      strings.Repeat(first+"&", 1000),
		} {
			t.Run(name, func(t *testing.T) {
				s, b := newSite(t, ""), newTab(t, e)
				b.open(s.page("/plain"))
				quoted, err := json.Marshal(item)
				if err != nil {
					t.Fatal(err)
				}
				eval[bool](b, `localStorage.hw = `+string(quoted)+`, localStorage.hw_at = "soon", true`)
				b.open(s.page("/landing?utm_source=newsletter"))
				touch := s.touches(1)[0]
				wantField(t, touch, "utm_source", "newsletter")
				if visitor, _ := touch["visitor_id"].(string); !uuidV7.MatchString(visitor) {
					t.Errorf("visitor_id = %v", touch["visitor_id"])
				}
				if eval[bool](b, `"polluted" in {}`) {
					t.Error("Object.prototype is polluted")
				}
				b.act(submit, "/thanks")
				form := s.forms(1)[0]
				wantEachOnce(t, form)
				wantValue(t, form, "hw_latest_touch_utm_source", "newsletter")
				if n := len(form.Encode()); n > 60<<10 {
					t.Errorf("the form has %d bytes: the collector takes 65,536", n)
				}
				s.accepted("/f/signup", 1)
				kept := only[*schema.Submission](s.kept())
				if len(kept) != 1 || kept[0].LatestTouch.UTMSource != "newsletter" || kept[0].Fields["email"] != "ada@example.com" {
					t.Fatalf("the collector kept %+v", kept)
				}
				if id := string(kept[0].FirstTouch.TouchID); id != "" && !isUUID.MatchString(id) {
					t.Errorf("the collector kept a first touch with the id %q", id)
				}
			})
		}
	})
}

var isUUID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func TestTamperedCookieIsNotBelieved(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/plain"))
		eval[bool](b, `document.cookie = "xhw=0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e", document.cookie = "hw=%3Cscript%3E", true`)
		b.open(s.page("/landing"))
		visitor, _ := s.touches(1)[0]["visitor_id"].(string)
		if !uuidV7.MatchString(visitor) || strings.HasPrefix(visitor, "0198c5a0") {
			t.Errorf("visitor_id = %q", visitor)
		}
	})
}
