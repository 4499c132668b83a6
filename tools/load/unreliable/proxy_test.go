package unreliable

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// stage is a server that counts what it was asked, behind a proxy.
func stage(t *testing.T) (p *Proxy, address string, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("the server reads the request: %v", err)
		}
		asked.Add(1)
		fmt.Fprintf(w, "%s %s", r.URL.RequestURI(), body)
	}))
	t.Cleanup(server.Close)
	p, err := Start(server.URL + "/default")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p, p.DSN(server.URL), asked
}

func ask(address, body string) (status int, text string, err error) {
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Post(address+"/?query=INSERT", "text/plain", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(read), err
}

func TestModes(t *testing.T) {
	p, address, asked := stage(t)
	for _, c := range []struct {
		mode   Mode
		status int // 0: the connection breaks
		text   string
		asked  int64 // what reaches the server
	}{
		{Forward(), 200, "/?query=INSERT rows", 1},
		{Refuse(241, "MEMORY_LIMIT_EXCEEDED"), 500, "Code: 241. DB::Exception: Refused by the fault proxy. (MEMORY_LIMIT_EXCEEDED)", 0},
		{RefuseLarge(117, "INCORRECT_DATA", 3), 500, "Code: 117.", 0},
		{RefuseLarge(117, "INCORRECT_DATA", 4), 200, "/?query=INSERT rows", 1},
		{Unavailable(503), 503, "Service Unavailable", 0},
		{Break(), 0, "", 0},
		{Cut(), 0, "", 1},
		{Forward(), 200, "/?query=INSERT rows", 1},
	} {
		p.Set(c.mode)
		asked.Store(0)
		status, text, err := ask(address, "rows")
		if status != c.status || !strings.HasPrefix(text, c.text) || (err != nil) != (c.status == 0) || asked.Load() != c.asked {
			t.Errorf("%s: %d %q %v, %d reached the server", c.mode, status, text, err, asked.Load())
		}
		if failed := p.Failed(); (failed == 1) != (c.status != 200) {
			t.Errorf("%s: %d requests failed", c.mode, failed)
		}
	}
}

// TestHang: nothing is answered while it lasts; then the connection breaks. Silence outlasts it.
func TestHang(t *testing.T) {
	p, address, asked := stage(t)
	for _, mode := range []Mode{Hang(), Silence()} {
		p.Set(mode)
		broke := make(chan error, 1)
		go func() { _, _, err := ask(address, "rows"); broke <- err }()
		for deadline := time.Now().Add(10 * time.Second); p.Failed() == 0; {
			if time.Now().After(deadline) {
				t.Fatal("the request did not come")
			}
			time.Sleep(time.Millisecond)
		}
		select {
		case err := <-broke:
			t.Fatalf("%s: answered: %v", mode, err)
		default:
		}
		p.Set(Forward())
		if status, _, err := ask(address, "rows"); status != 200 || err != nil {
			t.Errorf("after it %s: %d %v", mode, status, err)
		}
		if mode == Hang() {
			if err := <-broke; err == nil {
				t.Errorf("%s: answered in the end", mode)
			}
			continue
		}
		select {
		case err := <-broke:
			t.Errorf("%s: ended with the mode: %v", mode, err)
		default:
		}
	}
	if asked.Load() != 2 {
		t.Errorf("%d requests reached the server, not the 2 after", asked.Load())
	}
}

func TestPoint(t *testing.T) {
	p, address, _ := stage(t)
	if err := p.Point("http://127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ask(address, "rows"); err == nil {
		t.Error("a server that is not there answered")
	}
	for _, wrong := range []string{"", "127.0.0.1:8123", "clickhouse://127.0.0.1:9000"} {
		if p.Point(wrong) == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}
