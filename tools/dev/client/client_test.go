package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// TestCallsAreMadeAgain: who is told when to come again comes again, with the same body; every other refusal is final.
func TestCallsAreMadeAgain(t *testing.T) {
	for _, c := range []struct {
		status, refusals int
		retryAfter       string
		calls            int
		fails            bool
	}{
		{http.StatusServiceUnavailable, 2, "0", 3, false},
		{http.StatusTooManyRequests, 1, "0", 2, false},
		{http.StatusServiceUnavailable, 1, "", 1, true},
		{http.StatusServiceUnavailable, 1, strconv.Itoa(int(2 * patience.Seconds())), 1, true}, // longer than it would wait
		{http.StatusInternalServerError, 1, "0", 1, true},
		{http.StatusUnprocessableEntity, 1, "0", 1, true},
	} {
		var bodies []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(body))
			if len(bodies) <= c.refusals {
				if c.retryAfter != "" {
					w.Header().Set("Retry-After", c.retryAfter)
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, "the reason")
				return
			}
			_, _ = io.WriteString(w, `{"accepted": 1}`)
		}))
		err := (&Client{URL: server.URL}).Import(t.Context(), Contacts, []Row{{"email": "ada@example.com"}})
		server.Close()
		if (err != nil) != c.fails || err != nil && !strings.Contains(err.Error(), "the reason") {
			t.Errorf("%+v: %v", c, err)
		}
		for _, body := range bodies {
			if len(bodies) != c.calls || !strings.Contains(body, "ada@example.com") {
				t.Errorf("%+v: sent %q", c, bodies)
			}
		}
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusServiceUnavailable)
		cancel()
	}))
	defer server.Close()
	if _, err := (&Client{URL: server.URL}).Report(ctx, "totals", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
