package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/stack"
)

// TestNothingAcceptedIsLost plays visitors against a stack of its own and kills its collector in the middle of it. What
// the collector had said it has taken must be in ClickHouse all the same, once.
func TestNothingAcceptedIsLost(t *testing.T) {
	data := t.TempDir()
	s := stack.ForTest(t, data, fmt.Sprintf("load-test-%d", time.Now().UnixNano()), io.Discard)
	killed := make(chan error, 1)
	time.AfterFunc(1500*time.Millisecond, func() { killed <- syscall.Kill(s.Processes["collector"], syscall.SIGKILL) })
	var out bytes.Buffer
	err := runJourneys(t.Context(), data+"/"+stack.FileName, journeysConfig{rate: 150, duration: 4 * time.Second, workers: 16, out: &out})
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	if err := <-killed; err != nil {
		t.Fatalf("kill the collector: %v", err)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	if !strings.Contains(text, "lost 0 duplicated 0") || strings.Contains(text, "accepted 0 ") || strings.Contains(text, "refused 0 answers") {
		t.Errorf("it printed\n%s\nwant some accepted, some refused while the collector was away, none lost or doubled", &out)
	}
}

func TestOnlyLoopback(t *testing.T) {
	for target, want := range map[string]bool{
		"http://localhost:8090": true, "http://127.0.0.1:8090": true, "http://[::1]:8090": true, "http://127.8.0.1": true,
		"https://www.example.com": false, "http://10.0.0.1:8090": false, "http://localhost.example.com": false, "http://0.0.0.0:8090": false, "": false,
	} {
		if err := onLoopback(target); (err == nil) != want {
			t.Errorf("onLoopback(%q) = %v", target, err)
		}
	}
}

// TestFire sends to a server that checks each request: 600 bytes, a touch, an id of its own.
func TestFire(t *testing.T) {
	ids := make(chan string, 1<<20)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var touch schema.TouchRecord
		if len(body) == bodySize && r.URL.Path == "/t" && err == nil {
			err = json.Unmarshal(fixTime(body), &touch)
		}
		if _, idErr := schema.ParseUUID("touch_id", string(touch.TouchID)); err != nil || idErr != nil || touch.UTMSource != "linkedin" {
			http.Error(w, fmt.Sprint(err, idErr), http.StatusBadRequest)
			return
		}
		ids <- string(touch.TouchID)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	m, err := fire(t.Context(), strings.TrimPrefix(server.URL, "http://"), "bench", 4, 200*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	close(ids)
	seen := map[string]bool{}
	for id := range ids {
		seen[id] = true
	}
	if m.accepted == 0 || len(seen) != m.accepted || m.percentile(.5) > m.percentile(.99) || m.perSecond <= 0 {
		t.Errorf("%d accepted, %d different ids seen, p50 %s, p99 %s", m.accepted, len(seen), m.percentile(.5), m.percentile(.99))
	}
}

// fixTime makes the milliseconds of a touch the text that the struct reads.
func fixTime(body []byte) []byte {
	at := bytes.Index(body, []byte(`"occurred_at":`)) + len(`"occurred_at":`)
	end := at + bytes.IndexByte(body[at:], ',')
	return bytes.Join([][]byte{body[:at], []byte(`"2026-03-01T09:30:00Z"`), body[end:]}, nil)
}

func TestReadNoContent(t *testing.T) {
	for answer, want := range map[string]string{
		"HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n":        "",
		"HTTP/1.1 503 Service Unavailable\r\n\r\n":          `the answer is "HTTP/1.1 503 Service Unavailable", want 204`,
		"HTTP/1.1 204 No Content\r\nDate: x\r\n":            "read the answer: EOF",
		"HTTP/1.1 204 No Content\r\n" + longHeader + "\r\n": "read the answer: bufio: buffer full",
	} {
		err := readNoContent(bufio.NewReader(strings.NewReader(answer)))
		if got := fmt.Sprint(err); err == nil && want != "" || err != nil && got != want {
			t.Errorf("readNoContent(%.40q) = %v, want %s", answer, err, want)
		}
	}
}

var longHeader = "X: " + strings.Repeat("x", 5000)

func TestMedianAndGrouped(t *testing.T) {
	for want, values := range map[float64][]float64{2: {3, 1, 2}, 2.5: {4, 1, 2, 3}, 7: {7}} {
		if got := median(values); got != want {
			t.Errorf("median(%v) = %v, want %v", values, got, want)
		}
	}
	for number, want := range map[float64]string{0: "0", 999.6: "1,000", 1234567: "1,234,567"} {
		if got := grouped(number); got != want {
			t.Errorf("grouped(%v) = %q, want %q", number, got, want)
		}
	}
}

// FuzzReadNoContent: only a complete 204 is taken, and nothing after it is read.
func FuzzReadNoContent(f *testing.F) {
	f.Add([]byte("HTTP/1.1 204 No Content\r\nDate: x\r\n\r\nHTTP/1.1"))
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 204 \n\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		reader := bufio.NewReader(bytes.NewReader(answer))
		if readNoContent(reader) != nil {
			return
		}
		rest, err := io.ReadAll(reader)
		head := answer[:len(answer)-len(rest)]
		if err != nil || !bytes.HasPrefix(head, []byte("HTTP/1.1 204 ")) || len(bytes.TrimSpace(head[bytes.LastIndexByte(head[:len(head)-1], '\n')+1:])) != 0 {
			t.Fatalf("took %q as an answer", head)
		}
	})
}
