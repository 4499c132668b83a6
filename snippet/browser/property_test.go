package browser

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/headwater/headwater/collector/intake"
	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/snippet"
	"github.com/headwater/headwater/snippet/browser/engine"
)

var seed = flag.Uint64("seed", 0, "seed of the generated URLs; 0 takes the time")

const (
	generatedURLs = 6000
	urlsPerCall   = 750
	// Texts are cut here in the page, and later by the collector.
	longestText = 2048
)

// The snippet's reading of a URL is held against the collector's. The built script runs once for each URL, with a location
// of the test's own, and what it would have sent is compared: so this is the script that is served, whatever its functions
// are called inside.
func TestDemand16_PageAndCollectorReadURLsAlike(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		g := newURLs(t)
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/plain"))
		eval[bool](b, `(window.script = `+literal16(string(snippet.Script()))+`, `+readerScript+`, true)`)
		failures := 0
		for n := 0; n < generatedURLs && failures < 5; n += urlsPerCall {
			var raw [][]uint16
			var list []string
			for range urlsPerCall {
				raw = append(raw, g.url())
				list = append(list, literal(raw[len(raw)-1]))
			}
			for i, reading := range eval[[]reading](b, `readURLs([`+strings.Join(list, ",")+`])`) {
				if difference := reading.compare(); difference != "" && failures < 5 {
					failures++
					t.Errorf("%s\nof %s\nwhich the browser made of %s", difference, reading.Href, list[i])
				}
			}
		}
	})
}

// reading is what the page made of a URL.
type reading struct {
	Href  string         `json:"href"`
	Touch map[string]any `json:"touch"`
	Error string         `json:"error"`
}

// compare returns how the page's reading differs from the collector's, "" where it does not.
func (r *reading) compare() string {
	if r.Error != "" {
		return "the script threw or sent no touch: " + r.Error
	}
	want := intake.CampaignOf(r.Href, customParameters...)
	long := false
	for _, value := range want {
		long = long || len(utf16.Encode([]rune(value))) >= longestText
	}
	for _, name := range parameterNames() {
		got, _ := r.Touch[name].(string)
		// Whole characters of what is left of it; all of a touch together is cut, too.
		if text := strings.TrimRight(got, "\uFFFD"); long && strings.HasPrefix(want[name], text) {
			continue
		}
		if got != want[name] {
			return fmt.Sprintf("%s is %.200q, for the collector %.200q", name, got, want[name])
		}
	}
	return ""
}

// customParameters are the ones that the script tag and the collector's config name.
var customParameters = []string{"ref", "partner_id"}

// parameterNames are all that make a touch.
func parameterNames() []string {
	names := append([]string(nil), customParameters...)
	for _, field := range schema.Fields(schema.Touch{}) {
		switch field.Name {
		case "touch_id", "occurred_at", "landing_page", "referrer", "parameters":
		default:
			if field.By == "browser" {
				names = append(names, field.Name)
			}
		}
	}
	return names
}

// readerScript defines readURLs: it runs the script in a page that a list of addresses leads to, one after the other. What
// is not the test's own is the browser's.
const readerScript = `window.readURLs = async (list) => {
	const run = new Function("location", "document", "performance", "localStorage", "sessionStorage", "fetch", "addEventListener",
		"MutationObserver", "window", "navigator", script);
	const instead = (real, own) => new Proxy(own, {
		get: (own, name) => name in own ? own[name] : typeof real[name] == "function" ? real[name].bind(real) : real[name],
		set: (own, name, value) => { own[name] = value; return true; },
	});
	const storage = () => ({
		getItem(key) { return key in this ? this[key] : null; }, setItem(key, value) { this[key] = "" + value; }, removeItem(key) { delete this[key]; },
	});
	const currentScript = Object.assign(document.createElement("script"), {src: "https://t.shop.example/hw.js"});
	currentScript.dataset.site = "acme";
	currentScript.dataset.parameters = "ref, partner_id";
	const readings = list.map((raw) => {
		const reading = {};
		try {
			const location = new URL(raw, "https://www.shop.example/");
			reading.href = location.href;
			const fetch = (to, {body}) => {
				reading.touch = JSON.parse(body);
				return Promise.resolve(new Response(null, {status: 204}));
			};
			const listen = () => {};
			const own = {headwater: undefined, location, fetch, addEventListener: listen};
			const documentOwn = {currentScript, referrer: "", cookie: "", addEventListener: listen, querySelectorAll: () => [], URL: location.href,
				forms: [], readyState: "complete", visibilityState: "visible", prerendering: false, location};
			const performanceOwn = {getEntriesByType: () => []};
			const observer = class { observe() {} };
			run(location, instead(document, documentOwn), instead(performance, performanceOwn), storage(), storage(), fetch, listen,
				observer, instead(window, own), instead(navigator, {sendBeacon: (to, body) => !!fetch(to, {body})}));
		} catch (error) {
			reading.error = "" + error;
		}
		return reading;
	});
	for (let wait = 0; wait < 100 && readings.some((reading) => !reading.touch && !reading.error); wait++)
		await new Promise((resolve) => setTimeout(resolve));
	for (const reading of readings) if (!reading.touch) reading.error = reading.error || "nothing sent";
	return readings;
}`

// urls generates addresses of all kinds, most of them broken in some way.
type urls struct {
	*rand.Rand
	names []string
}

func newURLs(t *testing.T) *urls {
	start := *seed
	if start == 0 {
		start = uint64(time.Now().UnixNano())
	}
	t.Logf("to see these URLs again: -seed %d", start)
	return &urls{Rand: rand.New(rand.NewPCG(start, 0)), names: parameterNames()}
}

func (g *urls) one(of ...string) string { return of[g.IntN(len(of))] }

// url returns UTF-16, because only that holds what a page's script may: half a character.
func (g *urls) url() []uint16 {
	text := utf16.Encode([]rune(g.address()))
	for g.IntN(20) == 0 {
		at := g.IntN(len(text) + 1)
		half := uint16(0xD800 + g.IntN(0x800))
		text = append(text[:at:at], append([]uint16{half}, text[at:]...)...)
	}
	return text
}

func (g *urls) address() string {
	path := g.one("/", "/", "/", "/pricing", "/a/b;utm_source=matrix", "/%3Futm_source=x", "/naïve", "/.//double//", "/x%00")
	query, fragment := "?"+g.parameters(), "#"+g.one("", "", "?", "/route?", "/a/b?c?", "!/old?", "top", "&", "/")+g.parameters()
	switch g.IntN(8) {
	case 0, 1, 2:
		return path + query
	case 3, 4:
		return path + query + fragment
	case 5, 6:
		return path + fragment
	}
	return path + g.one("", "?", "#", "?#", "#?", "##", "?#?", "#/?", "?&", "?=", "#=", "?&&=&", "??", "?#/#?")
}

func (g *urls) parameters() string {
	var out strings.Builder
	for n := g.IntN(5); n >= 0; n-- {
		out.WriteString(g.name() + g.one("=", "=", "=", "=", "=", "==", "", "%3D", "=%20", "+=") + g.value())
		out.WriteString(g.one("&", "&", "&", "&", "&&", ";", "&amp;", "%26", "?", "&=&"))
	}
	return out.String()
}

func (g *urls) name() string {
	switch g.IntN(12) {
	case 0:
		return g.one("__proto__", "constructor", "toString", "__proto__[utm_source]", "hasOwnProperty", "then", "length", "0", "hw_link",
			"touch_id", "occurred_at", "landing_page", "referrer", "visitor_id", "site_id")
	case 1:
		return g.one("", "utm", "utm_", "utm_sourc", "xutm_source", "utm_source[]", "utm-source", "utm source", "\u0441lid", "utm_source_platform")
	}
	var name strings.Builder
	for _, letter := range g.names[g.IntN(len(g.names))] {
		text := string(letter)
		switch g.IntN(24) {
		case 0, 1, 2:
			text = strings.ToUpper(text)
		case 3:
			text = fmt.Sprintf("%%%02x", letter)
		case 4:
			text = fmt.Sprintf("%%%02X", strings.ToUpper(text)[0])
		}
		if g.IntN(300) == 0 {
			text = g.one("İ", "ı", "K", "ſ", "ｕ", "\u200B", "%00", "%", " ")
		}
		name.WriteString(text)
	}
	return name.String()
}

func (g *urls) value() string {
	if g.IntN(200) == 0 {
		return strings.Repeat(g.one("x", "%F0%9F%8C%8A", "é", "%", "+", "%FF"), 3000)
	}
	var value strings.Builder
	for n := g.IntN(5); n > 0; n-- {
		value.WriteString(g.one(
			"linkedin", "Spring Sale", "a+b", "%20", "+", "%2B", "%26", "%3d", "%23", "50%", "%4", "%zz", "%%41", "%u0041",
			"naïve", "中文", "🌊", "\u05D0\u05D1", "é", "e\u0301", "\u00A0", "%C2%A0", "\uFEFF", "%EF%BB%BF", "\u200B", "%E2%80%8B",
			"%C3%A9", "%C3", "%C3%28", "%FF%FE", "%F0%9F", "%F0%9F%8C", "%ED%A0%80", "%C0%AF", "%F4%90%80%80", "%E2%28%A1", "%80", "%E0%80%AF",
			"\x00", "%00", "%01", "%0A", "%0d", "%09", "\t", "\n", " ", "%7F", "%C2%85", "%E2%80%A8", "%E3%80%80", "%E1%A0%8E", "\u2028",
			"=", "==", "?", "??x=y", "/", "\\", "'", "%22", "<b>", "%3Cscript%3E", "{}", "[]", "|", "^", "`", "@", ":", ",", "~",
			"__proto__", "undefined", "null", "0", "false", "AbC-_.123",
		))
	}
	return value.String()
}

// literal16 writes text as a JavaScript string.
func literal16(text string) string { return literal(utf16.Encode([]rune(text))) }

// literal writes UTF-16 as a JavaScript string.
func literal(text []uint16) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, unit := range text {
		if unit >= ' ' && unit < 0x7F && unit != '"' && unit != '\\' {
			out.WriteByte(byte(unit))
		} else {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	out.WriteByte('"')
	return out.String()
}
