package browser

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/headwater/headwater/snippet/browser/engine"
)

// everyAdapter switches all adapters on, those that are asked for by name, too.
const everyAdapter = `data-adapters="frames hubspot typeform calendly calcom builders tcf gcm linker" data-typeform-form="signup"
	data-calendly-form="signup" data-calcom-form="signup" data-hubspot-form="signup" data-frame-origins="https://partner.example"
	data-link-domains="shop.example, other.example"`

// wantAdapted waits until the page of b, strict.html, is as the adapters make it.
func wantAdapted(b *tab) {
	b.t.Helper()
	b.tells(`document.getElementById("lazy").dataset.src.split("?")[1]`, "utm_source=linkedin")
	b.tells(`document.querySelector("[name='form_fields[first_touch_utm_source]']").value`, "linkedin")
	b.tells(`document.getElementById("frame").contentDocument.querySelector("[name=hw_first_touch_utm_source]").value`, "linkedin")
}

func TestAdaptersBeforeAndAfterTheCore(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		load := func(script string) string {
			return `(() => { const tag = document.createElement("script"); tag.src = "` + script + `"; tag.dataset.site = "acme"; document.head.append(tag); })()`
		}
		for _, order := range [][]string{{"/hw.js", "/hw-adapters.js"}, {"/hw-adapters.js", "/hw.js"}} {
			s, b := newAdapterSite(t, "", ""), newTab(t, e)
			s.handle("/late", func(w http.ResponseWriter, _ *http.Request) {
				s.sendWith(w, "pages/adapters/strict.html", "") // without any tag
			})
			b.open(s.page("/late?utm_source=linkedin"))
			b.run(load(order[0]))
			// The second comes when the first has long run.
			b.await(`performance.getEntriesByType("resource").some((r) => r.name.endsWith("` + order[0] + `") && r.responseEnd > 0)`)
			eval[bool](b, `new Promise((resolve) => setTimeout(() => resolve(true), 20))`)
			b.run(load(order[1]))
			wantAdapted(b)
			s.touches(1)
		}
	})
}

func TestAdaptersUnderAStrictPolicy(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newAdapterSite(t, "", everyAdapter), newTab(t, e)
		s.headers["Content-Security-Policy"] = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-src 'self'; " +
			"img-src 'self'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
		b.open(s.page("/adapters/strict?utm_source=linkedin"))
		s.touches(1)
		wantAdapted(b)
	})
}

func TestAdaptersMakeNoGlobal(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newAdapterSite(t, "", everyAdapter), newTab(t, e)
		s.before(`const all = () => [...Object.getOwnPropertyNames(window), ...Object.getOwnPropertyNames(document), ...Object.getOwnPropertyNames(Object.prototype)];
			const first = new Set(all()); window.fresh = () => all().filter((name) => !first.has(name))`)
		b.open(s.page("/adapters/strict?utm_source=linkedin"))
		s.touches(1)
		wantAdapted(b)
		var own []string
		for _, name := range eval[[]string](b, `fresh()`) {
			// Numbers are frames. Drivers leave things of their own on the window.
			if name != "fresh" && strings.Trim(name, "0123456789") != "" && !strings.Contains(name, "$") && !strings.Contains(name, "cdc_") {
				own = append(own, name)
			}
		}
		if got := strings.Join(own, " "); got != "headwater" {
			t.Errorf("new names on window and document: %q, want headwater only", got)
		}
	})
}

// Pages that break their own globals see no error of the adapters', and their forms are sent.
func TestAdaptersOnHostilePages(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newAdapterSite(t, "", everyAdapter), newTab(t, e)
		s.expectRefused("unknown_site") // an old library writes "acme" with quotes in it
		s.expectRefused("invalid_link")
		for _, h := range hostilities {
			t.Run(h.name, func(t *testing.T) {
				b.t, s.t = t, t
				hostileFrame(t, s, b, h.script, "/adapters/strict?utm_source=linkedin&hw_link="+url.QueryEscape("no link"))
			})
		}
	})
}
