package intake

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/headwater/headwater/collector/intake/corpus"
	"github.com/headwater/headwater/schema"
)

func TestCampaignOf(t *testing.T) {
	for address, want := range map[string]map[string]string{
		"https://a.example/?utm_source=A&REF=Anna+B&ref=2#/r?Partner_ID=7": {"utm_source": "A", "ref": "Anna B", "partner_id": "7"},
		"https://a.example/?ref=%20&x=1#ref=b":                             {"ref": "b"},
		"https://a.example/?ref=%EF%BB%BF%C2%A0&ref=b":                     {"ref": "b"}, // white space as JavaScript trims it
		"https://a.example/?ScCid=aB&dclid=1":                              {"sccid": "aB", "dclid": "1"},
		"https://a.example/?l%C4%B0_fat_id=1&g%C5%BFclid=2":                {},           // a dotted I, a long s
		"https://a.example/?%E2%84%AAey=1":                                 {"key": "1"}, // the Kelvin sign is a k, in JavaScript too
		"https://a.example/?colour=red&landing_page=x&parameters=y":        {},
	} {
		if got := CampaignOf(address, "ref", "partner_id", "key"); !maps.Equal(got, want) {
			t.Errorf("%s: %q, not %q", address, got, want)
		}
	}
}

func TestWithoutLink(t *testing.T) {
	for address, want := range map[string]string{
		"":                                                   "",
		"https://a.example":                                  "https://a.example",
		"https://a.example/?":                                "https://a.example/?",
		"https://a.example/?#":                               "https://a.example/?#",
		"https://a.example/?&&a=%zz&b;c#x":                   "https://a.example/?&&a=%zz&b;c#x",
		"https://a.example/?hw_link=x":                       "https://a.example/",
		"https://a.example/?hw_link":                         "https://a.example/",
		"https://a.example/?a=1&hw_link=x&b=2":               "https://a.example/?a=1&b=2",
		"https://a.example/?hw_link=x&b=2#top":               "https://a.example/?b=2#top",
		"https://a.example/?HW_Link=x&hw_link=y":             "https://a.example/",
		"https://a.example/?hw%5flin%6B=x":                   "https://a.example/",
		"https://a.example/#hw_link=x":                       "https://a.example/",
		"https://a.example/#a=1&hw_link=x":                   "https://a.example/#a=1",
		"https://a.example/#?hw_link=x":                      "https://a.example/#",
		"https://a.example/?q=1#/r?hw_link=x&c=1":            "https://a.example/?q=1#/r?c=1",
		"https://a.example/#/r?c=1?hw_link=x":                "https://a.example/#/r?c=1?hw_link=x", // all of it is the value of c
		"https://a.example/hw_link=x":                        "https://a.example/hw_link=x",
		"https://a.example/?xhw_link=1&hw_linkx=2&u=hw_link": "https://a.example/?xhw_link=1&hw_linkx=2&u=hw_link",
	} {
		if got := withoutLink(address); got != want {
			t.Errorf("%s: %s, not %s", address, got, want)
		}
	}
}

// FuzzWithoutLink: the parameter is gone for everybody who reads the address, and all others are as they were.
func FuzzWithoutLink(f *testing.F) {
	for _, address := range []string{"https://a.example/?a=1&hw_link=x#/r?hw_link=y&b", "?hw%5Flink", "#hw_link=1?hw_link=2", "&&?&&#&&"} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		cut := withoutLink(address)
		if long := cutLink(address); cut != long {
			t.Fatalf("the short way leaves %q of %q, the long one %q", cut, address, long)
		}
		isBlank := func(p pair) bool { return blank(p.value) }
		before, after := slices.DeleteFunc(urlParams(address), isBlank), slices.DeleteFunc(urlParams(cut), isBlank)
		kept := 0
		for _, p := range before {
			if lowerName(p.name) == linkParameter {
				continue
			}
			if kept >= len(after) || after[kept] != p {
				t.Fatalf("%q became %q: %q is gone, or changed", address, cut, p)
			}
			kept++
		}
		if kept != len(after) {
			t.Fatalf("%q became %q: %d parameters of %d", address, cut, len(after), kept)
		}
		if !strings.Contains(strings.ToLower(decodeParam(address)), linkParameter) && cut != address {
			t.Fatalf("%q became %q for nothing", address, cut)
		}
	})
}

// FuzzParameters: whatever is sent, a touch has only names that the site allows.
func FuzzParameters(f *testing.F) {
	f.Add("ref", "Anna", "REF")
	f.Add("parameters", "\xff", "utm_source")
	f.Fuzz(func(t *testing.T, name, value, other string) {
		var raw rawTouch
		raw.set(strings.ToLower(name), value)
		raw.set(strings.ToLower(other), value)
		refused := fillParameters(&raw.Touch, raw.others, []string{"ref", "partner_id"})
		for kept, value := range raw.Parameters {
			if kept != "ref" && kept != "partner_id" || blank(value) {
				t.Fatalf("kept %q = %q", kept, value)
			}
		}
		if refused+len(raw.Parameters) > 2 {
			t.Fatalf("%d refused, %q kept", refused, raw.Parameters)
		}
	})
}

// What the site does not allow is counted, and only that: not the parameters of an address, of which most are nobody's
// business.
func TestUnknownParametersAreCounted(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	counted := func() float64 {
		families, err := st.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			for _, metric := range family.GetMetric() {
				for _, label := range metric.GetLabel() {
					if family.GetName() == "headwater_dropped_total" && label.GetValue() == "unknown_parameter" {
						return metric.GetCounter().GetValue()
					}
				}
			}
		}
		return 0
	}
	send := func(path, contentType, body string) {
		t.Helper()
		request := newRequest(t, st.URL+path, body)
		request.Header.Set("Content-Type", contentType)
		request.Header.Set("Origin", "https://www.acme.example")
		if answer := st.do(t, request); answer.StatusCode >= http.StatusBadRequest {
			t.Fatalf("%s: %s", answer.Status, text(t, answer))
		}
	}
	const id = `"touch_id": "0195a000-0000-7000-8000-000000000001"`
	send("/t", "text/plain", `{`+id+`, "ref": "a", "colour": "red", "size": 7, "none": null, "blank": " ", "list": [1]}`)
	if got := counted(); got != 2 {
		t.Errorf("%v after a touch with two", got)
	}
	send("/f/signup?colour=red", "application/x-www-form-urlencoded", "email=ada%40example.com&hw_first_touch_colour=red&hw_first_touch_ref=a&colour=x")
	if got := counted(); got != 3 {
		t.Errorf("%v after a form with one more", got)
	}
	var many strings.Builder
	for range 2000 {
		many.WriteString(`, "x": 1`)
	}
	send("/t", "text/plain", `{`+id+many.String()+`}`)
	if got := counted(); got != 3+maxOthers {
		t.Errorf("%v after a touch with a great many", got)
	}
}

// The header that names the app is read and forgotten: nothing of it is in what is kept.
func TestUserAgentIsNotKept(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	const mark = "UNMISTAKABLE/1.0 [FBAN/FBIOS;FBDV/iPhone14,5]"
	for path, body := range map[string]string{
		"/t":                 `{"site_id": "acme", "touch_id": "0195a000-0000-7000-8000-000000000001"}`,
		"/f/signup?ref=anna": `{"site_id": "acme", "fields": {"email": "ada@example.com"}}`,
	} {
		request := newRequest(t, st.URL+path, body)
		request.Header.Set("Content-Type", "text/plain")
		request.Header.Set("User-Agent", mark)
		st.do(t, request)
		records := st.kept(t)
		if len(records) != 1 {
			t.Fatalf("%s: %d records", path, len(records))
		}
		payload, err := schema.Encode(records[0])
		if err == nil {
			payload, err = schema.Readable(payload)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(payload, []byte(`"source":"facebook","medium":"(in-app)"`)) {
			t.Errorf("%s: the app is not the source: %s", path, payload)
		}
		for _, part := range []string{"UNMISTAKABLE", "FBAN", "iPhone"} {
			if bytes.Contains(payload, []byte(part)) {
				t.Errorf("%s: %s is kept: %s", path, part, payload)
			}
		}
	}
}
