package browser

import (
	"strings"
	"testing"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/snippet/browser/engine"
)

func TestCustomParametersAreKept(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, `data-parameters="ref, partner_id"`), newTab(t, e)
		s.configured = `parameters = ["ref", "partner_id"]`
		b.open(s.page("/landing?REF=Anna%20B&Partner_ID=7&other=x&utm_id=Sale-1#ref=late"))
		touch := s.touches(1)[0]
		for name, want := range map[string]any{"ref": "Anna B", "partner_id": "7", "utm_id": "Sale-1", "other": nil} {
			wantField(t, touch, name, want)
		}
		b.act(submit, "/thanks")
		form := s.forms(1)[0]
		wantValue(t, form, "hw_first_touch_ref", "Anna B")
		wantValue(t, form, "hw_latest_touch_partner_id", "7")
		s.accepted("/f/signup", 1)
		kept := only[*schema.Submission](s.kept())[0].FirstTouch
		if kept.UTMID != "Sale-1" || kept.Parameters["ref"] != "Anna B" || kept.Parameters["partner_id"] != "7" || len(kept.Parameters) != 2 {
			t.Errorf("the collector kept %+v", kept)
		}
	})
}

func TestCustomNamesOfHiddenFields(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, `data-fields="first_touch_utm_source:00N5g0000012345, latest_touch_gclid:lead[gclid] visitor_id:q-1.visitor first_touch_nothing:empty"`), newTab(t, e)
		b.open(s.page("/landing?utm_source=LinkedIn&gclid=AbC"))
		visitor := s.touches(1)[0]["visitor_id"].(string)
		b.act(submit, "/thanks")
		form := s.forms(1)[0]
		for name, want := range map[string]string{
			"00N5g0000012345": "LinkedIn", "lead[gclid]": "AbC", "q-1.visitor": visitor, "empty": "",
			"hw_first_touch_utm_source": "LinkedIn",
		} {
			if len(form[name]) != 1 || form[name][0] != want {
				t.Errorf("%s = %q, want %q", name, form[name], want)
			}
		}
	})
}

// Without storage a visitor is one page: what it sends belongs together, and nothing stays.
func TestCookielessSite(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, `data-storage="none"`), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		s.accepted("/t", 1)
		first := s.touches(1)[0]
		eval[bool](b, `history.pushState(null, "", "/landing?page=2"), true`)
		wantNothingStored(b)
		b.act(submit, "/thanks")
		form := s.forms(1)[0]
		wantValue(t, form, "hw_visitor_id", first["visitor_id"].(string))
		wantValue(t, form, "hw_latest_touch_touch_id", first["touch_id"].(string))
		for _, r := range s.wait("/t", 1) {
			if r.cookie != "" {
				t.Errorf("a touch carries the cookie %s", r.cookie)
			}
		}
		b.open(s.page("/landing?utm_source=facebook"))
		second := s.touches(2)[1]
		if second["visitor_id"] == first["visitor_id"] {
			t.Error("the visitor of a page is known on the next")
		}
	})
}

// The script alone sets no cookie in that mode; a plain form's answer may still name the visitor that the page sent.
func TestCookielessPageHasNoCookieFromTouches(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, `data-storage="none"`), newTab(t, e)
		b.open(s.page("/landing?utm_source=linkedin"))
		s.accepted("/t", 1)
		id := eval[string](b, express)
		s.accepted("/f/checkout", 1)
		if cookie := eval[string](b, `document.cookie`); cookie != "" || strings.Contains(id, "=") {
			t.Errorf("cookie %q after a touch and the submission %s", cookie, id)
		}
		wantNothingStored(b)
	})
}
