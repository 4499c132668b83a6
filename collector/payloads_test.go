package main

import (
	"encoding/json"
	"flag"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/intake/corpus"
)

var resend = flag.Int("resend", 5, "how often TestResentPayloadsAreOneRow sends each payload; the promise is 100")

// TestResentPayloadsAreOneRow sends every accepted payload again and again through the whole program, with a FLUSHALL
// in the middle: tables and reports stay as after the first time.
func TestResentPayloadsAreOneRow(t *testing.T) {
	r := startRig(t)
	payloads := corpus.Read(t, filepath.Join(payloadDir, "accepted"))
	touches, submissions := 0, map[string]bool{}
	for _, payload := range payloads {
		if payload.Want.Kept != nil && !*payload.Want.Kept {
			continue
		}
		if payload.Want.Status == http.StatusNoContent {
			touches++
			r.sendPayload(t, payload, nil)
			continue
		}
		// JSON is the answer that tells the id, which may be a derived one.
		_, body := r.sendPayload(t, payload, func(request *http.Request) { request.Header.Set("Accept", "application/json") })
		var told struct {
			ID string `json:"submission_id"`
		}
		if err := json.Unmarshal([]byte(body), &told); err != nil || told.ID == "" {
			t.Fatalf("%s: the answer is %s", payload.Name, body)
		}
		submissions[told.ID] = true
	}
	r.forwarded(t)
	check := func(when string) string {
		t.Helper()
		if n := r.count(t, "SELECT count() FROM touches FINAL"); n != uint64(touches) {
			t.Errorf("%s: %d touches, not %d", when, n, touches)
		}
		if n := r.count(t, "SELECT count() FROM submissions FINAL"); n != uint64(len(submissions)) {
			t.Errorf("%s: %d submissions, not %d", when, n, len(submissions))
		}
		if n := r.count(t, "SELECT count() FROM submission_fields FINAL WHERE submission_id NOT IN (SELECT submission_id FROM submissions)"); n != 0 {
			t.Errorf("%s: %d rows of submission_fields without a submission", when, n)
		}
		return r.command(t, "report", "source_breakdown", "--site", "acme", "--by", "source,medium,campaign", "--format", "json")
	}
	before := check("sent once")
	if !strings.Contains(before, `"source": "newsletter"`) {
		t.Errorf("the report does not know the newsletter: %s", before)
	}
	for i := range *resend - 1 {
		if i == *resend/2-1 {
			collectortest.ForgetRedis(t, r.redis)
		}
		for _, payload := range payloads {
			r.sendPayload(t, payload, nil)
		}
	}
	r.forwarded(t)
	if after := check("sent again"); after != before {
		t.Errorf("the report changed from %s to %s", before, after)
	}
	if letters := r.program.forwarder.Stats().DeadLetters; letters > 0 {
		t.Errorf("%d dead letters", letters)
	}
}

func (r *rig) sendPayload(t *testing.T, payload corpus.Payload, edit func(*http.Request)) (*http.Response, string) {
	t.Helper()
	request := payload.Request(t, r.base)
	if edit != nil {
		edit(request)
	}
	answer, body := r.send(t, request)
	if answer.StatusCode >= 400 {
		t.Fatalf("%s: %s: %s", payload.Name, answer.Status, body)
	}
	return answer, body
}
