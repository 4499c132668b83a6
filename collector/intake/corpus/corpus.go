// Package corpus reads schema/testdata/payloads: whole HTTP requests as browsers and strangers send them, and what
// must become of each. Tests of intake and of the whole program share it; schema/testdata/payloads/README.md tells
// the format.
//
// Belongs here: reading payloads and comparing what they became. Does not belong here: sending them, and anything
// that is not for tests.
package corpus

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/headwater/headwater/schema"
)

// Now is the time at which the payloads are received, for tests that compare times.
var Now = time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)

// Secret is the secret under which a wanted contact_id of "contact of ada@example.com" is computed.
const Secret = "the secret of the corpus, 32 bytes or more"

// Payload is one request and what must become of it.
type Payload struct {
	Name           string // of the file, without .http
	Method, Target string
	Header         http.Header
	Body           []byte
	Want           Want
}

// Want is what must become of a payload; the zero value of a member says nothing.
type Want struct {
	// Why says what the payload is in the corpus for.
	Why    string `json:"why"`
	Status int    `json:"status"`
	// Reason of a rejected payload.
	Reason string `json:"reason"`
	// ContentType is how the Content-Type of the answer begins.
	ContentType string `json:"content_type"`
	Location    string `json:"location"`
	// Cookie says whether the answer sets the visitor cookie.
	Cookie *bool `json:"cookie"`
	// Record is a part of what is kept: null for a member that must be absent, "contact of …" for a contact_id, "*" for
	// any text.
	Record map[string]any `json:"record"`
	// Kept is false where the payload is answered well and nothing is kept.
	Kept *bool `json:"kept"`
}

// Sites returns the sites that the payloads are for.
func Sites(tb testing.TB, dir string) []schema.Site {
	tb.Helper()
	var config struct {
		Sites []schema.Site `toml:"site"`
	}
	meta, err := toml.DecodeFile(filepath.Join(dir, "sites.toml"), &config)
	if err != nil || len(meta.Undecoded()) > 0 {
		tb.Fatalf("read the corpus: %v %v", err, meta.Undecoded())
	}
	for i := range config.Sites {
		config.Sites[i].LookbackDays, config.Sites[i].TimeZone = schema.DefaultLookbackDays, schema.DefaultTimeZone
	}
	return config.Sites
}

// Read reads all payloads of a folder, accepted or rejected.
func Read(tb testing.TB, dir string) []Payload {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.http"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("read the corpus: no payload in %s (%v)", dir, err)
	}
	wants, _ := filepath.Glob(filepath.Join(dir, "*.want.json"))
	if len(wants) != len(files) {
		tb.Errorf("%s has %d payloads and %d .want.json", dir, len(files), len(wants))
	}
	var payloads []Payload
	for _, file := range files {
		payload, err := readFile(file)
		if err != nil {
			tb.Fatalf("read the corpus: %s: %v", file, err)
		}
		payloads = append(payloads, payload)
	}
	return payloads
}

func readFile(file string) (Payload, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Payload{}, err
	}
	payload := Payload{Name: strings.TrimSuffix(filepath.Base(file), ".http")}
	head, body, found := bytes.Cut(text, []byte("\n\n"))
	if !found {
		return payload, fmt.Errorf("no blank line after the headers")
	}
	payload.Body = body
	line, headers, _ := strings.Cut(string(head), "\n")
	words := strings.Fields(line)
	if len(words) != 3 || words[2] != "HTTP/1.1" {
		return payload, fmt.Errorf("%q is not a request line", line)
	}
	payload.Method, payload.Target = words[0], words[1]
	header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(headers + "\n\n"))).ReadMIMEHeader()
	if err != nil {
		return payload, err
	}
	payload.Header = http.Header(header)
	want, err := os.ReadFile(strings.TrimSuffix(file, ".http") + ".want.json")
	if err != nil {
		return payload, err
	}
	decoder := json.NewDecoder(bytes.NewReader(want))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&payload.Want); err != nil {
		return payload, fmt.Errorf("its .want.json: %w", err)
	}
	return payload, nil
}

// Request makes the request to a server at base, such as http://127.0.0.1:8080. The server sees the payload's Host.
func (p Payload) Request(tb testing.TB, base string) *http.Request {
	tb.Helper()
	request, err := http.NewRequest(p.Method, base+p.Target, bytes.NewReader(p.Body))
	if err != nil {
		tb.Fatal(err)
	}
	request.Header = p.Header.Clone()
	if host := request.Header.Get("Host"); host != "" {
		request.Host = host
		request.Header.Del("Host")
	}
	return request
}

// Check compares an answer with what is wanted of it.
func (w Want) Check(answer *http.Response) []string {
	var wrong []string
	complain := func(what string, got, want any) {
		wrong = append(wrong, fmt.Sprintf("%s is %v, not %v", what, got, want))
	}
	body, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != w.Status {
		complain("status", fmt.Sprintf("%d (%s)", answer.StatusCode, body), w.Status)
	}
	if got := answer.Header.Get("X-Headwater-Rejected"); got != w.Reason {
		complain("X-Headwater-Rejected", got, w.Reason)
	}
	if got := answer.Header.Get("Content-Type"); !strings.HasPrefix(got, w.ContentType) {
		complain("Content-Type", got, w.ContentType)
	}
	if got := answer.Header.Get("Location"); w.Location != "" && got != w.Location {
		complain("Location", got, w.Location)
	}
	sets := slices.ContainsFunc(answer.Cookies(), func(c *http.Cookie) bool { return c.Name == schema.VisitorCookie })
	if w.Cookie != nil && sets != *w.Cookie {
		complain("setting the visitor cookie", sets, *w.Cookie)
	}
	if w.Reason != "" && strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
		var told struct{ Error, Message string }
		if err := json.Unmarshal(body, &told); err != nil || told.Error != w.Reason || told.Message == "" {
			complain("the answer", string(body), "error and message")
		}
	}
	return wrong
}

// CheckRecord compares a kept record with the part of it that is wanted.
func (w Want) CheckRecord(site *schema.Site, record schema.Record) []string {
	text, err := json.Marshal(record)
	if err != nil {
		return []string{err.Error()}
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		return []string{err.Error()}
	}
	return differences("", w.Record, got, site)
}

func differences(path string, want, got map[string]any, site *schema.Site) []string {
	var wrong []string
	for name, wanted := range want {
		at, value := path+name, got[name]
		switch wanted := wanted.(type) {
		case map[string]any:
			inner, _ := value.(map[string]any)
			wrong = append(wrong, differences(at+".", wanted, inner, site)...)
			continue
		case string:
			if address, ok := strings.CutPrefix(wanted, "contact of "); ok {
				wanted = string(schema.NewContactID(site.ContactKey([]byte(Secret)), address))
			}
			if text, _ := value.(string); wanted == "*" && text != "" || text == wanted {
				continue
			}
		default:
			if reflect.DeepEqual(value, wanted) {
				continue
			}
		}
		wrong = append(wrong, fmt.Sprintf("%s is %q, not %q", at, value, wanted))
	}
	return wrong
}
