package browser

import (
	"strings"
	"testing"

	"github.com/headwater/headwater/snippet"
	"github.com/headwater/headwater/snippet/browser/engine"
)

// strict gives every page a policy that allows the scripts with a nonce, what they send to the collector, and forms; and
// no text to become script.
func (s *site) strict() {
	collector := s.at("t.shop.example", "")
	s.headers["Content-Security-Policy"] = "default-src 'none'; base-uri 'none'; script-src 'nonce-page'; connect-src " + collector +
		"; form-action 'self' " + collector + "; img-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
	s.script = s.at("t.shop.example", "/"+snippet.Core.Pinned())
	s.attributes = `nonce="page" crossorigin="anonymous" integrity="` + snippet.Core.Integrity + `"`
	s.before(noErrors)
}

// The pinned file comes from the real collector here, with its headers.
func TestStrictPolicyWithNonceAndIntegrity(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		s.strict()
		b.open(s.page("/landing?utm_source=linkedin"))
		wantField(t, s.touches(1)[0], "utm_source", "linkedin")
		if host := s.wait("/t", 1)[0].host; host != "t.shop.example:"+s.port {
			t.Errorf("the touch went to %s", host)
		}
		// The cookie comes from the collector on the sibling host.
		b.await(`document.cookie.startsWith("hw=")`)
		if errors := eval[string](b, `errors.join()`); errors != "" {
			t.Errorf("the page saw %s", errors)
		}
		b.wantSent("/t")
		b.act(submit, "/thanks")
		form := s.forms(1)[0]
		wantEachOnce(t, form)
		wantValue(t, form, "hw_latest_touch_utm_source", "linkedin")
	})
}

// A file that is not the one that was pinned does not run, and the page does not miss it.
func TestWrongIntegrity(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		s.strict()
		s.attributes = strings.Replace(s.attributes, snippet.Core.Integrity, snippet.Adapters.Integrity, 1)
		b.open(s.page("/landing?utm_source=linkedin"))
		if runs := eval[bool](b, `"headwater" in window`); runs {
			t.Error("the script runs")
		}
		b.act(submit, "/thanks")
		form := s.forms(1)[0]
		wantValue(t, form, "email", "ada@example.com")
		if len(form) != 1 {
			t.Errorf("the form sends %v", form)
		}
		b.wantSent("/f/signup")
	})
}

// A collector that the policy does not know gets nothing; forms go where the page lets them.
func TestPolicyThatForbidsTheCollector(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		s.strict()
		s.headers["Content-Security-Policy"] = strings.Replace(s.headers["Content-Security-Policy"], "connect-src "+s.at("t.shop.example", ""), "connect-src 'none'", 1)
		b.open(s.page("/landing?utm_source=linkedin"))
		b.await(`errors.some((error) => error.startsWith("policy: connect-src"))`)
		if others := eval[string](b, `errors.filter((error) => !error.startsWith("policy: connect-src")).join()`); others != "" {
			t.Errorf("the page saw %s", others)
		}
		b.act(submit, "/thanks")
		wantValue(t, s.forms(1)[0], "hw_latest_touch_utm_source", "linkedin")
	})
}

func TestOneGlobalOnly(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		s.before(`const all = () => [...Object.getOwnPropertyNames(window), ...Object.getOwnPropertyNames(document), ...Object.getOwnPropertyNames(Object.prototype)];
			window.made = ""; const first = new Set(all()); window.fresh = () => all().filter((name) => !first.has(name))`)
		b.open(s.page("/landing?utm_source=linkedin"))
		s.touches(1)
		b.act(`location.reload()`, "/landing")
		eval[bool](b, `headwater.fields() && headwater.consent(true), true`)
		names := eval[[]string](b, `fresh()`)
		// Drivers leave things of their own on the window; the page's are these.
		var own []string
		for _, name := range names {
			if name != "leaving" && name != "fresh" && !strings.Contains(name, "$") && !strings.Contains(name, "cdc_") {
				own = append(own, name)
			}
		}
		if strings.Join(own, " ") != "headwater" {
			t.Errorf("new names on window and document: %q, want headwater only", own)
		}
	})
}
