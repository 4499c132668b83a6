package browser

import (
	"net/url"
	"strings"
	"testing"

	"github.com/headwater/headwater/snippet/browser/engine"
)

// hostility is what a page does to its own globals before the snippet runs. The form must be sent all the same. What the
// snippet can still do in such a page differs: the touch and the hidden fields are wanted where they are named.
type hostility struct {
	name, script  string
	touch, fields bool
}

const throwing = `() => { throw new Error("broken by the page"); }`

var hostilities = []hostility{
	{"array methods", `for (const name of ["map", "filter", "reduce", "forEach", "includes", "some", "every", "find", "indexOf", "join", "slice", "concat", "flatMap", "push"])
		Array.prototype[name] = ` + throwing, false, false},
	{"array methods that answer wrong", `for (const name of ["map", "filter", "forEach", "includes", "some", "find"]) Array.prototype[name] = () => undefined`, false, false},
	{"iteration", `Array.prototype[Symbol.iterator] = NodeList.prototype[Symbol.iterator] = ` + throwing, false, false},
	{"text methods", `for (const name of ["split", "replace", "match", "slice", "trim", "toLowerCase", "endsWith", "includes", "startsWith"])
		String.prototype[name] = ` + throwing, false, false},
	{"a polluted prototype", `Object.prototype.polluted = "by the page"; Object.prototype.hw_evil = "x"; Array.prototype.last = function () { return this[this.length - 1]; }`, true, true},
	{"accessors on the prototype", `for (const name of ["utm_source", "touch_id", "site", "method", "name", "value"])
		Object.defineProperty(Object.prototype, name, {get() { return "by the page"; }, set() { throw new Error("broken by the page"); }, configurable: true})`, false, false},
	{"JSON of an old library", `Array.prototype.toJSON = String.prototype.toJSON = Number.prototype.toJSON = function () { return '"' + this + '"'; }`, false, true},
	{"no JSON", `JSON.stringify = JSON.parse = ` + throwing, false, false},
	{"frozen prototypes", `for (const of of [Object, Array, String, Function, Promise, RegExp, Map, WeakMap, Element, HTMLFormElement, HTMLInputElement, Node, EventTarget, Event, FormData, Storage, URL, URLSearchParams])
		{ Object.freeze(of.prototype); Object.freeze(of); }`, true, true},
	{"frozen globals", `for (const it of [window, document, navigator, history, location, performance, crypto, JSON, Math])
		try { Object.freeze(it); } catch {}`, true, true},
	{"a global that is not to be had", `Object.defineProperty(window, "headwater", {value: Object.freeze(["not a function"]), writable: false})`, false, false},
	{"a global of somebody else's", `window.headwater = {push: 7}`, false, false},
	{"storage that throws", `for (const name of ["localStorage", "sessionStorage", "indexedDB"])
			Object.defineProperty(window, name, {get() { throw new DOMException("denied", "SecurityError"); }});
		Object.defineProperty(document, "cookie", {get() { throw new DOMException("denied", "SecurityError"); }, set() { throw new DOMException("denied", "SecurityError"); }})`, true, true},
	{"no crypto", `Object.defineProperty(window, "crypto", {value: undefined})`, false, false},
	{"crypto that throws", `Crypto.prototype.getRandomValues = ` + throwing, false, false},
	{"a network that throws", `window.fetch = ` + throwing + `; Navigator.prototype.sendBeacon = ` + throwing + `; XMLHttpRequest.prototype.send = ` + throwing, false, true},
	{"a network that is not there", `window.fetch = undefined; Navigator.prototype.sendBeacon = undefined`, false, true},
	{"a network that never answers", `window.fetch = () => new Promise(() => {})`, false, true},
	{"a network that answers nonsense", `window.fetch = () => "no promise"`, false, true},
	{"no performance entries", `Performance.prototype.getEntriesByType = undefined`, false, false},
	{"no performance", `Object.defineProperty(window, "performance", {value: undefined})`, false, false},
	{"no observer", `window.MutationObserver = undefined`, true, true},
	{"an observer that throws", `window.MutationObserver = class { constructor() { throw new Error("broken by the page"); } }`, true, true},
	{"no collections", `window.WeakMap = window.Map = window.Set = window.WeakSet = undefined`, false, false},
	{"no URL", `window.URL = window.URLSearchParams = undefined`, false, false},
	{"no console", `Object.defineProperty(window, "console", {value: undefined})`, true, true},
	{"listeners that are wrapped", `for (const it of [EventTarget.prototype, window, document]) { const add = it.addEventListener;
		it.addEventListener = function (type, act, options) { return add.call(this, type, function (event) { return act.call(this, event); }, options); }; }`, true, true},
	{"listeners that throw", `EventTarget.prototype.addEventListener = window.addEventListener = ` + throwing, false, false},
	{"element methods", `for (const name of ["closest", "querySelector", "querySelectorAll", "matches", "appendChild", "append"])
		Element.prototype[name] = Node.prototype[name] = Document.prototype[name] = ` + throwing, false, false},
}

// noErrors must be the page's first script: it writes down every error that reaches the page.
const noErrors = `window.errors = [];
	addEventListener("error", (event) => errors[errors.length] = "error: " + event.message);
	addEventListener("unhandledrejection", (event) => errors[errors.length] = "rejection: " + event.reason);
	addEventListener("securitypolicyviolation", (event) => errors[errors.length] = "policy: " + event.violatedDirective);
	`

// hostileFrame opens a page that script breaks, in a frame because drivers need the globals of their page, and sends its form.
func hostileFrame(t *testing.T, s *site, b *tab, script, target string) url.Values {
	t.Helper()
	n := len(s.forms(0))
	b.open(s.page("/plain"))
	eval[bool](b, `localStorage.clear(), document.cookie = "hw=;max-age=0;path=/;domain=shop.example", true`)
	s.before(noErrors + "{ " + script + " }")
	b.openFrame(target, "")
	s.before("")
	if errors := eval[string](b, `Array.prototype.join.call(frame.contentWindow.errors, "\n")`); errors != "" {
		t.Errorf("the page saw %.1000s", errors)
	}
	eval[bool](b, `(window.seen = frame.contentWindow.errors,
		HTMLFormElement.prototype.requestSubmit.call(frame.contentWindow.Document.prototype.getElementById.call(frame.contentDocument, "signup")), true)`)
	form := s.forms(n + 1)[n]
	b.await(`frame.contentDocument.readyState == "complete" && frame.contentWindow.location.pathname == "/thanks"`)
	if errors := eval[string](b, `Array.prototype.join.call(seen, "\n")`); errors != "" {
		t.Errorf("when it was sent the page saw %.1000s", errors)
	}
	for name, want := range map[string]string{"email": "ada@example.com", "note": "a & b"} {
		if got := form[name]; len(got) != 1 || got[0] != want {
			t.Errorf("what the person typed as %s is sent as %q", name, got)
		}
	}
	for name, values := range form {
		if len(values) > 1 {
			t.Errorf("%s is sent %d times", name, len(values))
		}
	}
	if sent := len(s.forms(n + 1)); sent != n+1 {
		t.Errorf("the form was sent %d times", sent-n)
	}
	return form
}

func TestHostilePageStillSends(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		s.expectRefused("unknown_site") // an old library writes "acme" with quotes in it
		for _, h := range hostilities {
			t.Run(h.name, func(t *testing.T) {
				b.t, s.t = t, t
				before := len(s.wait("/t", 0))
				form := hostileFrame(t, s, b, h.script, "/hostile?utm_source=linkedin")
				if h.fields {
					wantEachOnce(t, form)
					wantValue(t, form, "hw_latest_touch_utm_source", "linkedin")
				}
				if h.touch {
					wantField(t, s.touches(before + 1)[before], "utm_source", "linkedin")
				}
			})
		}
	})
}

func TestHostileAddressStillSends(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		for n, query := range []string{
			`__proto__[x]=1&__proto__=2&constructor=3&constructor[prototype][y]=1&hasOwnProperty=4&utm_source=linkedin`,
			`utm_source=linkedin&utm_term=` + strings.Repeat("%F0%9F%8C%8A", 1000000/12),
			`utm_source=linkedin` + strings.Repeat("&a=b", 1000000/4),
			`utm_source=linkedin` + strings.Repeat("&utm_term=", 1000000/10),
			`utm_source=linkedin&` + strings.Repeat("?#", 1) + strings.Repeat("%", 999900),
		} {
			form := hostileFrame(t, s, b, "", "/hostile?"+query)
			wantEachOnce(t, form)
			wantValue(t, form, "hw_latest_touch_utm_source", "linkedin")
			if size := len(form.Encode()); size > 60<<10 {
				t.Errorf("the form has %d bytes: the collector takes 65,536", size)
			}
			s.touches(n + 1)
		}
		b.openFrame("/hostile?__proto__[x]=1&constructor[prototype][y]=3", "")
		if eval[bool](b, `"x" in frame.contentWindow.Object.prototype || "y" in frame.contentWindow.Object.prototype`) {
			t.Error("a parameter reached Object.prototype")
		}
	})
}

// Names of elements hide what scripts look for on document, window and forms.
func TestClobberedPageStillSends(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		hostileFrame(t, s, b, "", "/clobbered?utm_source=linkedin")
	})
}
