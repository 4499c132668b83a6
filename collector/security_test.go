package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const touchBody = `{"visitor_id":"0195a000-0000-7000-8000-00000000aaaa","touch_id":"0195a000-0000-7000-8000-000000000001","site_id":"acme","utm_source":"newsletter"}`

// startAlone starts the program without ClickHouse and Redis: it accepts all the same.
func startAlone(t testing.TB) *rig {
	t.Helper()
	r := &rig{}
	r.config, r.key = testConfig(t, "http://127.0.0.1:1/default", "redis://127.0.0.1:1/0")
	r.start(t)
	return r
}

// TestSecurityRequestSmuggling sends what a proxy and net/http might read differently: none may be taken for two.
func TestSecurityRequestSmuggling(t *testing.T) {
	r := startAlone(t)
	hidden := "POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: " + fmt.Sprint(len(touchBody)) + "\r\n\r\n" + touchBody
	for name, raw := range map[string]string{
		"length and chunks":      "POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
		"two lengths":            "POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 0\r\nContent-Length: 44\r\n\r\n" + hidden,
		"obscure chunked":        "POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: xchunked\r\n\r\n" + hidden,
		"space before the colon": "POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length : 300\r\n\r\n" + hidden,
		"bare LF in a chunk":     "POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n2;\n\r\nxx\r\n0\r\n\r\n" + hidden,
		"negative length":        "POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: -1\r\n\r\n" + hidden,
	} {
		answers := rawAnswers(t, r.Addr().String(), raw)
		for _, status := range answers {
			if status == http.StatusNoContent {
				t.Errorf("%s: a hidden request was taken: %v", name, answers)
			}
		}
		if len(answers) > 1 {
			t.Errorf("%s: %d answers: %v", name, len(answers), answers)
		}
	}
}

// rawAnswers sends bytes and returns the statuses of all answers until the server has hung up or is silent.
func rawAnswers(t *testing.T, address, raw string) []int {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	var statuses []int
	reader := bufio.NewReader(conn)
	for {
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return statuses
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		statuses = append(statuses, answer.StatusCode)
	}
}

// TestSecuritySlowRequests: who sends headers slowly, or none, is hung up on.
func TestSecurityTimeouts(t *testing.T) {
	r := startAlone(t)
	for _, server := range []*http.Server{r.public, r.private} {
		if server.ReadHeaderTimeout == 0 || server.IdleTimeout == 0 || server.MaxHeaderBytes != 16<<10 {
			t.Errorf("a listener has no limits: %+v", server)
		}
	}
	if r.public.ReadTimeout == 0 || r.public.WriteTimeout == 0 {
		t.Error("the public listener waits for ever")
	}
}

func TestSecurityHeaderLimit(t *testing.T) {
	r := startAlone(t)
	raw := "POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nX-Long: " + strings.Repeat("a", 64<<10) + "\r\n\r\n"
	if answers := rawAnswers(t, r.Addr().String(), raw); len(answers) != 1 || answers[0] != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("64 KiB of headers: %v", answers)
	}
}

// TestSecurityForwardedFor: nobody's word counts about a client's address but the configured proxies'.
func TestSecurityForwardedFor(t *testing.T) {
	for _, c := range []struct {
		proxies   []string
		peer      string
		forwarded []string
		want      string
	}{
		{nil, "192.0.2.1:1", []string{"1.2.3.4"}, "192.0.2.1"},
		{nil, "127.0.0.1:1", []string{"1.2.3.4"}, "127.0.0.1"},
		{nil, "10.0.0.1:1", []string{"1.2.3.4", "5.6.7.8"}, "10.0.0.1"},
		{[]string{"10.0.0.0/8"}, "192.0.2.1:1", []string{"1.2.3.4"}, "192.0.2.1"},
		{[]string{"10.0.0.0/8"}, "10.0.0.1:1", []string{"1.2.3.4"}, "1.2.3.4"},
		{[]string{"10.0.0.0/8"}, "10.0.0.1:1", []string{"6.6.6.6, 1.2.3.4"}, "1.2.3.4"},
		{[]string{"10.0.0.0/8"}, "10.0.0.1:1", []string{"6.6.6.6", "1.2.3.4"}, "1.2.3.4"},
		{[]string{"10.0.0.0/8"}, "10.0.0.1:1", []string{"6.6.6.6, 1.2.3.4, 10.0.0.9"}, "1.2.3.4"},
		{[]string{"10.0.0.0/8"}, "127.0.0.1:1", []string{"1.2.3.4"}, "127.0.0.1"},
		{[]string{"192.0.2.7", "2001:db8::/32"}, "[2001:db8::1]:1", []string{"1.2.3.4"}, "1.2.3.4"},
	} {
		extract, err := clientAddress(c.proxies)
		if err != nil {
			t.Fatal(err)
		}
		request := httptest.NewRequest(http.MethodPost, "/t", nil)
		request.RemoteAddr = c.peer
		request.Header["X-Forwarded-For"] = c.forwarded
		if got := extract(request); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// TestSecurityNoClientAddressOnDisk: an address that came with a request is in no file and no line of the log.
func TestSecurityNoClientAddressOnDisk(t *testing.T) {
	r := &rig{}
	r.config, r.key = testConfig(t, "http://127.0.0.1:1/default", "redis://127.0.0.1:1/0")
	var log lockedBuffer
	p, err := start(context.Background(), r.config, true, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	r.client = http.DefaultClient
	for _, body := range []string{touchBody, "broken"} {
		request, err := http.NewRequest(http.MethodPost, "http://"+p.Addr().String()+"/t?email=ada@example.com", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "text/plain")
		request.Header.Set("X-Forwarded-For", "203.0.113.77")
		r.send(t, request)
	}
	rawAnswers(t, p.Addr().String(), "GARBAGE from 203.0.113.77\r\n\r\n")
	if err := p.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(r.config.SpoolDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		// The lock says where the private listener is, which is on the clients' loopback address here.
		if bytes.Contains(content, []byte("203.0.113.77")) || entry.Name() != "lock" && bytes.Contains(content, []byte("127.0.0.1")) {
			t.Errorf("%s holds the client's address", path)
		}
		files++
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files in the spool, %v", files, err)
	}
	for _, personal := range []string{"203.0.113.77", "ada@example.com"} {
		if strings.Contains(log.String(), personal) {
			t.Errorf("the log holds %s: %s", personal, log.String())
		}
	}
}

// TestSecurityMetricsArePrivate: what operators see is on the private listener only.
func TestSecurityMetricsArePrivate(t *testing.T) {
	r := startAlone(t)
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap"} {
		for base, want := range map[string]int{r.base: http.StatusNotFound, "http://" + r.PrivateAddr().String(): http.StatusOK} {
			request, err := http.NewRequest(http.MethodGet, base+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if answer, _ := r.send(t, request); answer.StatusCode != want {
				t.Errorf("%s%s: %s", base, path, answer.Status)
			}
		}
	}
}

// TestSecurityAPIIsNotCORS: no page of a stranger may read or send with a key that it does not have.
func TestSecurityAPIHasNoCORS(t *testing.T) {
	r := startAlone(t)
	for _, method := range []string{http.MethodOptions, http.MethodGet, http.MethodPost} {
		request, err := http.NewRequest(method, r.base+"/api/deals", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", "https://www.acme.example")
		request.Header.Set("Access-Control-Request-Method", "POST")
		answer, _ := r.send(t, request)
		for name := range answer.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: %s: %s", method, name, answer.Header.Get(name))
			}
		}
	}
}

// TestSecurityTenantIsolation plays every route of the API with every way to name another site.
func TestSecurityTenantIsolation(t *testing.T) {
	r := startAlone(t)
	for _, route := range [][2]string{{"POST", "/api/contacts"}, {"POST", "/api/companies"}, {"POST", "/api/deals"}, {"GET", "/api/reports"}, {"GET", "/api/reports/source_breakdown"}, {"POST", "/api/reports/source_breakdown"}} {
		for name, want := range map[string]string{"": "missing_key", "Bearer": "missing_key", "Bearer wrong": "wrong_key", "Basic " + r.key: "missing_key",
			"Bearer " + r.key[1:]: "wrong_key", "bearer " + strings.ToUpper(r.key): "wrong_key"} {
			request, err := http.NewRequest(route[0], r.base+route[1], strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", name)
			request.Header.Set("Content-Type", "application/json")
			answer, _ := r.send(t, request)
			if answer.StatusCode != http.StatusUnauthorized || answer.Header.Get("X-Headwater-Rejected") != want || answer.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s with %q: %s %s", route, name, answer.Status, answer.Header.Get("X-Headwater-Rejected"))
			}
		}
		r.call(t, route[0], route[1]+"?site=beta", "application/json", "{}", http.StatusForbidden)
		r.call(t, route[0], route[1]+"?key="+r.key+"&site=beta", "application/json", "{}", http.StatusForbidden)
	}
	r.call(t, "POST", "/api/reports/source_breakdown", "application/x-www-form-urlencoded", "site=beta", http.StatusForbidden)
	text := r.call(t, "POST", "/api/deals", "application/json", `{"deal_id":"1","status":"open","site_id":"beta","site":"beta"}`, http.StatusOK)
	var told struct {
		Ignored []string `json:"ignored_columns"`
	}
	if err := json.Unmarshal([]byte(text), &told); err != nil || fmt.Sprint(told.Ignored) != "[site site_id]" {
		t.Errorf("%s (%v)", text, err)
	}
	ctx := context.Background()
	if err := r.spool.Seal(ctx); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(r.config.SpoolDir, "*.sealed"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no sealed segment: %v", err)
	}
	content, err := os.ReadFile(files[0])
	if err != nil || !bytes.Contains(content, []byte("acme")) || bytes.Contains(content, []byte("beta")) {
		t.Errorf("kept: %q", content)
	}
}
