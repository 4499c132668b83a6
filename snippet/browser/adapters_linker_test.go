package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/headwater/headwater/snippet/browser/engine"
)

const other = "www.other.example"

const linkerAttributes = `data-adapters="linker" data-link-domains="shop.example, other.example"`

// links stands for the collector's two endpoints: tokens that count once.
type links struct {
	mu     sync.Mutex
	made   map[string]string // token -> visitor
	asked  []map[string]string
	redeem []map[string]string
	touch  string // the first touch of every linked visitor, JSON
}

func newLinks(s *site) *links {
	l := &links{made: map[string]string{}}
	answer := func(act func(body map[string]string) any) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body := map[string]string{}
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				s.t.Errorf("%s got no JSON: %v", r.URL.Path, err)
			}
			w.Header().Set("Access-Control-Allow-Origin", "*")
			l.mu.Lock()
			defer l.mu.Unlock()
			result := act(body)
			if result == nil {
				w.WriteHeader(http.StatusBadRequest)
			}
			_ = json.NewEncoder(w).Encode(result) // a browser that left has left
		}
	}
	s.handle("/link", answer(func(body map[string]string) any {
		l.asked = append(l.asked, body)
		token := fmt.Sprintf("tok+en/%d=", len(l.asked))
		l.made[token] = body["visitor_id"]
		return map[string]string{"link": token}
	}))
	s.handle("/link/redeem", answer(func(body map[string]string) any {
		l.redeem = append(l.redeem, body)
		visitor := l.made[body["link"]]
		delete(l.made, body["link"])
		if visitor == "" {
			return nil
		}
		found := map[string]any{"visitor_id": visitor}
		if l.touch != "" {
			found["first_touch"] = json.RawMessage(l.touch)
		}
		return found
	}))
	return l
}

// redeemed returns what was asked of the second endpoint.
func (l *links) redeemed() []map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]map[string]string(nil), l.redeem...)
}

// linkedSite has two domains of one company, and the collector beside each.
func linkedSite(t *testing.T, core string) (*site, *links) {
	t.Helper()
	s := newAdapterSite(t, core+` data-own-domains="shop.example other.example"`, linkerAttributes)
	s.configured = `own_domains = ["shop.example", "other.example"]`
	return s, newLinks(s)
}

const toOther = `document.getElementById("other")`

// prepared waits until there is a token for the next link.
func prepared(b *tab, s *site, n int) {
	b.t.Helper()
	b.run(toOther + `.dispatchEvent(new MouseEvent("mouseover", {bubbles: true}))`)
	s.wait("/link", n)
	b.await(fmt.Sprintf(`performance.getEntriesByType("resource").filter((r) => r.name.endsWith("/link") && r.responseEnd > 0).length >= %d`, n))
	eval[bool](b, `new Promise((resolve) => setTimeout(() => resolve(true)))`)
}

func TestDemand22_LinkerTakesTheVisitorAlong(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, l := linkedSite(t, "")
		b := newTab(t, e)
		b.open(s.page("/adapters/linker?utm_source=linkedin&utm_campaign=spring"))
		s.touches(1)
		b.ready()
		b.await(`document.cookie.startsWith("hw=")`)
		visitor := visitorOf(b)
		const first = `JSON.stringify(Object.fromEntries(Object.entries(headwater.fields()).filter(([name]) => /^hw_first/.test(name)).map(([name, value]) => [name.slice(15), value])))`
		l.touch = eval[string](b, first)
		prepared(b, s, 1)
		if got := l.asked[0]; got["site_id"] != "acme" || got["visitor_id"] != visitor || len(got) != 2 {
			t.Errorf("asked for a link of %v", got)
		}
		b.click("#other")
		b.await(`location.hostname == ` + quote(other) + ` && document.readyState == "complete"`)
		// The address is clean at once, and the rest of it is as it was.
		b.tells(`location.href`, s.at(other, "/adapters/linker?x=1#part"))
		s.wait("/link/redeem", 1)
		b.await(`headwater.fields && headwater.fields().hw_visitor_id == ` + quote(visitor))
		b.tells(`headwater.fields().hw_first_touch_utm_source`, "linkedin")
		b.await(`document.cookie.split("; ").includes("hw=` + visitor + `")`)
		if got := eval[string](b, first); got != l.touch {
			t.Errorf("first touch %s\nwant %s", got, l.touch)
		}
		b.act(submit, "/thanks")
		form := s.forms(1)[0]
		wantNoneTwice(t, form)
		wantValue(t, form, "hw_visitor_id", visitor)
		wantValue(t, form, "hw_first_touch_utm_campaign", "spring")
		if strings.Contains(form.Get("hw_page"), "hw_link") {
			t.Errorf("the page of the submission is %s", form.Get("hw_page"))
		}
		// And on the next page of that domain.
		b.open(s.at(other, "/adapters/linker"))
		b.ready()
		b.tells(`headwater.fields().hw_visitor_id`, visitor)
		if redeemed := l.redeemed(); len(redeemed) != 1 || redeemed[0]["link"] != "tok+en/1=" || redeemed[0]["site_id"] != "acme" {
			t.Errorf("redeemed %v", redeemed)
		}
	})
}

// Whoever copies the link afterwards must not hand on the visitor, and a token goes with one click.
func TestDemand22_DecorationDoesNotStay(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, l := linkedSite(t, "")
		b := newTab(t, e)
		b.open(s.page("/adapters/linker?utm_source=linkedin"))
		s.touches(1)
		b.ready()
		address := `document.getElementById("other").getAttribute("href")`
		plain := eval[string](b, address)
		prepared(b, s, 1)
		prepared := func() string {
			return eval[string](b, `(() => { let seen; const look = (event) => { seen = `+address+`; event.preventDefault(); };
				addEventListener("click", look, {once: true}); `+toOther+`.click(); return seen; })()`)
		}
		if got, want := prepared(), strings.Replace(plain, "?x=1", "?x=1&hw_link=tok%2Ben%2F1%3D", 1); got != want {
			t.Errorf("while it is followed the link has %s, want %s", got, want)
		}
		b.tells(address, plain)
		if got := prepared(); got != plain {
			t.Errorf("without a token the link has %s", got)
		}
		// A right click opens a menu that copies addresses.
		b.run(toOther + `.dispatchEvent(new FocusEvent("focusin", {bubbles: true}))`)
		s.wait("/link", 2)
		b.run(`window.menu = ""; addEventListener("auxclick", () => { menu = ` + address + `; }); ` +
			toOther + `.dispatchEvent(new MouseEvent("auxclick", {bubbles: true, button: 2}))`)
		b.tells(`menu`, plain)
		// A link within the domain and one to somebody else are none of its business.
		for _, id := range []string{"foreign", "within"} {
			b.run(`const link = document.getElementById("` + id + `"); window.before = link.getAttribute("href");
				link.dispatchEvent(new MouseEvent("mouseover", {bubbles: true}));
				addEventListener("click", (event) => { window.after = link.getAttribute("href"); event.preventDefault(); }, {once: true}); link.click()`)
			b.tells(`before == after`, "true")
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.asked) != 2 {
			t.Errorf("asked for %d tokens, want 2", len(l.asked))
		}
	})
}

func TestDemand22_FormToTheOtherDomain(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, l := linkedSite(t, "")
		b := newTab(t, e)
		b.open(s.page("/adapters/linker?utm_source=linkedin"))
		s.touches(1)
		b.ready()
		visitor := visitorOf(b)
		b.run(`document.querySelector("#get [name=q]").dispatchEvent(new FocusEvent("focusin", {bubbles: true}))`)
		s.wait("/link", 1)
		b.await(`performance.getEntriesByType("resource").some((r) => r.name.endsWith("/link") && r.responseEnd > 0)`)
		eval[bool](b, `new Promise((resolve) => setTimeout(() => resolve(true)))`)
		b.run(`document.getElementById("get").requestSubmit()`)
		b.await(`location.hostname == ` + quote(other) + ` && document.readyState == "complete"`)
		b.tells(`location.search`, "?q=shoes")
		s.wait("/link/redeem", 1)
		b.await(`headwater.fields && headwater.fields().hw_visitor_id == ` + quote(visitor))
		if n := len(l.redeemed()); n != 1 {
			t.Errorf("redeemed %d times", n)
		}
	})
}

// arriveLinked opens a page of the other domain with a token of a visitor.
func arriveLinked(b *tab, s *site, l *links, token, visitor string) {
	b.t.Helper()
	l.made[token] = visitor
	b.open(s.at(other, "/adapters/linker?hw_link="+url.QueryEscape(token)+"&a=b%20c"))
	b.await(`document.readyState == "complete" && location.search == "?a=b%20c"`)
	b.ready()
}

const linkedVisitor = "01900000-0000-7000-8000-0123456789ab"

func TestDemand22_VisitorWhoIsKnownHereStays(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, l := linkedSite(t, "")
		b := newTab(t, e)
		b.open(s.at(other, "/adapters/linker?utm_source=facebook"))
		s.touches(1)
		b.ready()
		visitor := visitorOf(b)
		arriveLinked(b, s, l, "T", linkedVisitor)
		b.await(`performance.getEntriesByType("resource").some((r) => r.name.endsWith("/redeem") && r.responseEnd > 0)`)
		eval[bool](b, `new Promise((resolve) => setTimeout(() => resolve(true)))`)
		b.tells(`headwater.fields().hw_visitor_id`, visitor)
		b.tells(`headwater.fields().hw_first_touch_utm_source`, "facebook")
		if l.made["T"] != "" {
			t.Error("the token can be used again")
		}
	})
}

func TestDemand22_OlderFirstTouchWins(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, l := linkedSite(t, "")
		l.touch = `{"touch_id": "01900000-0000-7000-8000-000000000001", "occurred_at": 1748772000500, "utm_source": "newsletter"}`
		b := newTab(t, e)
		l.made["T"] = linkedVisitor
		b.open(s.at(other, "/adapters/linker?utm_source=facebook&hw_link=T"))
		s.touches(1)
		b.await(`window.headwater && headwater.fields && headwater.fields().hw_visitor_id == ` + quote(linkedVisitor))
		b.tells(`headwater.fields().hw_first_touch_utm_source`, "newsletter")
		b.tells(`headwater.fields().hw_first_touch_occurred_at`, "1748772000500")
		b.tells(`headwater.fields().hw_latest_touch_utm_source`, "facebook")
		// The answer to this page's own touch does not bring its visitor back.
		s.accepted("/t", 1)
		b.act(submit, "/thanks")
		wantValue(t, s.forms(1)[0], "hw_visitor_id", linkedVisitor)
	})
}

func TestDemand22_LinkerWaitsForConsent(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, l := linkedSite(t, `data-consent="required"`)
		b := newTab(t, e)
		arriveLinked(b, s, l, "T", linkedVisitor)
		b.run(`document.getElementById("foreign").href = document.getElementById("other").href.replace("other.example", "shop.example");
			for (const type of ["mouseover", "focusin"]) document.getElementById("foreign").dispatchEvent(new Event(type, {bubbles: true}))`)
		wantNothingStored(b)
		b.wantSent()
		b.run(`headwater.consent(true)`)
		b.await(`headwater.fields().hw_visitor_id == ` + quote(linkedVisitor))
		s.accepted("/t", 1)
		// An answer on its way brings its cookie whatever is said meanwhile.
		b.await(`performance.getEntriesByType("resource").some((r) => r.name.endsWith("/t") && r.responseEnd > 0)`)
		b.run(`headwater.consent(false); document.dispatchEvent(new Event("visibilitychange", {bubbles: true}))`)
		wantNothingStored(b)
		if n := len(l.redeemed()); n != 1 {
			t.Errorf("redeemed %d times", n)
		}
	})
}

func TestDemand22_LinkerUnderAPrivacySignal(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, l := linkedSite(t, "")
		s.before(`Object.defineProperty(Navigator.prototype, "globalPrivacyControl", {get: () => true})`)
		b := newTab(t, e)
		arriveLinked(b, s, l, "T", linkedVisitor)
		b.run(`document.getElementById("foreign").href = "https://www.shop.example/";
			document.getElementById("foreign").dispatchEvent(new Event("mouseover", {bubbles: true}))`)
		wantNothingStored(b)
		b.wantSent()
	})
}

// With the collector's own endpoints.
func TestDemand22_LinkOfTheCollector(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s := newAdapterSite(t, `data-own-domains="shop.example other.example"`, linkerAttributes)
		s.configured = `own_domains = ["shop.example", "other.example"]`
		b := newTab(t, e)
		b.open(s.page("/adapters/linker?utm_source=linkedin"))
		s.touches(1)
		b.ready()
		visitor := visitorOf(b)
		prepared(b, s, 1)
		b.click("#other")
		b.await(`location.hostname == ` + quote(other) + ` && document.readyState == "complete"`)
		redeem := s.accepted("/link/redeem", 1)[0]
		b.await(`headwater.fields && headwater.fields().hw_visitor_id == ` + quote(visitor))
		b.await(`document.cookie.split("; ").includes("hw=` + visitor + `")`)
		b.act(submit, "/thanks")
		wantValue(t, s.forms(1)[0], "hw_visitor_id", visitor)

		// The same link once more is refused, and changes nothing.
		s.expectRefused("link_used")
		var link struct{ Link string }
		if err := json.Unmarshal(redeem.body, &link); err != nil || link.Link == "" {
			t.Fatalf("redeemed %s: %v", redeem.body, err)
		}
		again := newTab(t, e)
		again.open(s.at(other, "/adapters/linker?hw_link="+url.QueryEscape(link.Link)))
		again.ready()
		own := visitorOf(again)
		s.waitFor("/link/redeem", 2, func(r request) bool { return r.status > 0 })
		again.tells(`headwater.fields().hw_visitor_id`, own)
		if own == visitor || own == "" {
			t.Errorf("a used link made the visitor %q", own)
		}
	})
}
