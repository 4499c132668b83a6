package main

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
