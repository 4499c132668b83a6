package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// hiddenTouch is a whole request that a proxy would have to take for the body, or the headers, of another.
var hiddenTouch = "POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: " + fmt.Sprint(len(touchBody)) + "\r\n\r\n" + touchBody

// smuggled are the headers and the body of requests that a proxy and net/http might read differently.
var smuggled = map[string]string{
	"length and chunks":         "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hiddenTouch,
	"chunks and length":         "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + hiddenTouch,
	"two lengths":               "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + hiddenTouch,
	"two lengths in a list":     "Content-Length: 0, 44\r\n\r\n" + hiddenTouch,
	"obscure chunked":           "Transfer-Encoding: xchunked\r\n\r\n" + hiddenTouch,
	"chunked and identity":      "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + hiddenTouch,
	"chunked twice":             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hiddenTouch,
	"chunked and another":       "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + hiddenTouch,
	"chunked with a tab":        "Transfer-Encoding:\tchunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + hiddenTouch,
	"chunked behind VT":         "Transfer-Encoding: \x0bchunked\r\n\r\n" + hiddenTouch,
	"chunked in quotes":         "Transfer-Encoding: \"chunked\"\r\n\r\n" + hiddenTouch,
	"space before the colon":    "Content-Length : 300\r\n\r\n" + hiddenTouch,
	"chunked, space and colon":  "Transfer-Encoding : chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + hiddenTouch,
	"name on a folded line":     "X: y\r\n Content-Length: 300\r\nContent-Length: zero\r\n\r\n" + hiddenTouch,
	"NUL in a header":           "X: y\x00\r\nContent-Length: 0\r\n\r\n" + hiddenTouch,
	"bare CR in a header":       "X: y\rContent-Length: 300\r\nContent-Length: -0\r\n\r\n" + hiddenTouch,
	"bare LF in a chunk":        "Transfer-Encoding: chunked\r\n\r\n2;\n\r\nxx\r\n0\r\n\r\n" + hiddenTouch,
	"bare LF after a size":      "Transfer-Encoding: chunked\r\n\r\n2\nxx\r\n0\r\n\r\n" + hiddenTouch,
	"bare LF after data":        "Transfer-Encoding: chunked\r\n\r\n2\r\nxx\n0\r\n\r\n" + hiddenTouch,
	"size that is no number":    "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + hiddenTouch,
	"size that is negative":     "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + hiddenTouch,
	"size beyond 64 bits":       "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n" + hiddenTouch,
	"chunk that is too long":    "Transfer-Encoding: chunked\r\n\r\n2\r\nxxx\r\n0\r\n\r\n" + hiddenTouch,
	"trailer with a length":     "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n" + hiddenTouch,
	"negative length":           "Content-Length: -1\r\n\r\n" + hiddenTouch,
	"length with a sign":        "Content-Length: +0\r\n\r\n" + hiddenTouch,
	"length in hexadecimal":     "Content-Length: 0x0\r\n\r\n" + hiddenTouch,
	"length with an underscore": "Content-Length: 0_0\r\n\r\n" + hiddenTouch,
	"empty length":              "Content-Length: \r\n\r\n" + hiddenTouch,
	"no name before the colon":  ": y\r\nContent-Length: 0\r\n\r\n" + hiddenTouch,
	"two hosts":                 "Host: y\r\nContent-Length: 0\r\n\r\n" + hiddenTouch,
}

// TestSecurityRequestSmuggling sends what a proxy and net/http might read differently: none is taken for two, and nothing of it
// is kept.
func TestSecurityRequestSmuggling(t *testing.T) {
	r := startAlone(t)
	for name, rest := range smuggled {
		t.Run(name, func(t *testing.T) {
			answers := rawAnswers(t, r.Addr().String(), "POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"+rest)
			if len(answers) != 1 || answers[0]/100 == 2 {
				t.Errorf("answered %v", answers)
			}
		})
	}
	if kept := r.spool.Stats().Records; kept > 0 {
		t.Errorf("%d records are kept", kept)
	}
	if answers := rawAnswers(t, r.Addr().String(), hiddenTouch+hiddenTouch); fmt.Sprint(answers) != "[204 204]" {
		t.Errorf("two requests one after the other, as they should be: %v", answers)
	}
}

// rawAnswers sends bytes and returns the statuses of all answers to them. Where the server goes on listening it is asked once
// more, so that nothing depends on how quick it is.
func rawAnswers(t *testing.T, address, raw string) []int {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	var statuses []int
	asked := false
	for reader := bufio.NewReader(conn); ; {
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("no end after %v", statuses)
			}
			return statuses
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		if answer.Header.Get("Content-Type") == "text/plain; charset=UTF-8" && asked && answer.StatusCode == http.StatusOK {
			return statuses // of /healthz
		}
		statuses = append(statuses, answer.StatusCode)
		if answer.Close {
			return statuses
		}
		if !asked {
			asked = true
			_, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		}
	}
}

// TestSecuritySlowloris: who sends nothing, or headers or a body without ever ending, is hung up on, and holds up nobody meanwhile.
func TestSecuritySlowloris(t *testing.T) {
	t.Parallel()
	r := startAlone(t)
	started := time.Now()
	ended := make(chan string, 3)
	for name, c := range map[string]struct{ first, again string }{
		"says nothing": {}, "headers without end": {"GET /healthz HTTP/1.1\r\n", "X: y\r\n"},
		"a body byte by byte": {"POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 60000\r\n\r\n", " "},
	} {
		conn, err := net.Dial("tcp", r.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := io.WriteString(conn, c.first); err != nil {
			t.Fatal(err)
		}
		go func() {
			for tick := time.Tick(100 * time.Millisecond); c.again != ""; <-tick {
				if _, err := io.WriteString(conn, c.again); err != nil {
					return
				}
			}
		}()
		go func() {
			_, _ = io.Copy(io.Discard, conn) // until the server hangs up
			ended <- name
		}()
	}
	for open := 3; open > 0; {
		answer, err := r.client.Get(r.base + "/healthz")
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("others are not served: %v", err)
		}
		_ = answer.Body.Close()
		select {
		case name := <-ended:
			open--
			t.Logf("%s: hung up on after %s", name, time.Since(started).Round(time.Second))
		case <-time.After(100 * time.Millisecond):
			if time.Since(started) > readTimeout+60*time.Second {
				t.Fatalf("%d of 3 are still served", open)
			}
		}
	}
}

// TestSecurityTimeouts: both listeners have limits.
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
	for name, headers := range map[string]string{"one": "X-Long: " + strings.Repeat("a", 64<<10), "many": strings.TrimSuffix(strings.Repeat("X: y\r\n", 8<<10), "\r\n")} {
		raw := "POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n" + headers + "\r\n\r\n"
		if answers := rawAnswers(t, r.Addr().String(), raw); len(answers) != 1 || answers[0] != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s of 40 KiB and more: %v", name, answers)
		}
	}
}

// TestSecurityPathTraversal: no path, however it is written, leads out of what is served.
func TestSecurityPathTraversal(t *testing.T) {
	r := startAlone(t)
	for _, up := range []string{"../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "..\\", "%252e%252e%252f", "..%c0%af", "....//", "..;/", "..%00/", "%e0%80%ae./", "//", "/./"} {
		for _, base := range []string{"/", "/hw.", "/hw-adapters.", "/f/", "/f/signup/", "/console/assets/x/", "/console/assets/", "/console/contacts/", "/api/reports/", "/.well-known/"} {
			path := base + strings.Repeat(up, 8)
			for _, target := range []string{"etc/passwd", "proc/self/environ", "headwater.toml", "go.mod"} {
				conn, err := net.Dial("tcp", r.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
				_, _ = io.WriteString(conn, "GET "+path+target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
				answer, err := io.ReadAll(conn)
				_ = conn.Close()
				status, body, _ := strings.Cut(string(answer), "\r\n")
				if err != nil || strings.Contains(status, " 200 ") || strings.Contains(body, "root:x:") || strings.Contains(body, "secret") || strings.Contains(body, "module github") {
					t.Errorf("%s%s: %v %.300s", path, target, err, answer)
				}
			}
		}
	}
}
