package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/spool"
)

// spoolCommand runs headwater spool … on the rig's folder and returns what it prints, and its error.
func (r *rig) spoolCommand(t testing.TB, args ...string) (string, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args = append(append([]string{"spool"}, args...), "--spool-dir", r.config.SpoolDir, "--config", emptyConfig(t))
	err := run(context.Background(), args, &stdout, &stderr)
	return stdout.String() + stderr.String(), err
}

// emptyConfig has no site and no secret, as an operator's shell may see it.
func emptyConfig(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "headwater.toml")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// mustSpool is spoolCommand that must succeed and print every one of wants.
func (r *rig) mustSpool(t testing.TB, args []string, wants ...string) string {
	t.Helper()
	out, err := r.spoolCommand(t, args...)
	if err != nil {
		t.Fatalf("headwater spool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	for _, want := range wants {
		if !strings.Contains(out, want) {
			t.Errorf("headwater spool %s does not say %q:\n%s", strings.Join(args, " "), want, out)
		}
	}
	return out
}

// refusedSpool is spoolCommand that must fail and say want.
func (r *rig) refusedSpool(t testing.TB, want string, args ...string) {
	t.Helper()
	out, err := r.spoolCommand(t, args...)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("headwater spool %s: %v, want %q\n%s", strings.Join(args, " "), err, want, out)
	}
}

func (r *rig) exec(t testing.TB, statement string) {
	t.Helper()
	if err := r.store.Conn().Exec(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (r *rig) wantCount(t testing.TB, want uint64, from string) {
	t.Helper()
	if got := r.count(t, "SELECT count() FROM "+from); got != want {
		t.Errorf("%d rows in %s, want %d", got, from, want)
	}
}

func (r *rig) stop(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := r.Close(ctx); err != nil {
		t.Fatal(err)
	}
	r.program = nil
}

func (r *rig) migratedUp(t testing.TB) {
	t.Helper()
	waitFor(t, 60*time.Second, func() (string, bool) {
		select {
		case <-r.migrated:
			return "", true
		default:
			return "the tables are not made", false
		}
	})
}

func (r *rig) sendLead(t testing.TB, n int, more string) {
	t.Helper()
	r.postForm(t, "/f/signup?site=acme", fmt.Sprintf("submission_id=%s&email=lead%d@example.com&utm_source=linkedin&%s", uuid.NewString(), n, more))
}

// TestSpoolReplay: what ClickHouse lost comes back from the held segments, once, whether the collector runs or not.
func TestSpoolReplay(t *testing.T) {
	r := startRig(t)
	for n := range 3 {
		r.sendLead(t, n, "")
	}
	r.forwarded(t)
	r.mustSpool(t, []string{"ls"}, "held", "acme 3", "3 records", fmt.Sprintf("process %d uses it", os.Getpid()))
	var listing spoolListing
	if err := json.Unmarshal([]byte(r.mustSpool(t, []string{"ls", "--format", "json"})), &listing); err != nil {
		t.Fatal(err)
	}
	if len(listing.Segments) == 0 || listing.Segments[0].State != spool.StateHeld || listing.Segments[0].From == nil {
		t.Fatalf("listing %+v", listing)
	}
	held := listing.Segments[0].Segment.String()

	r.exec(t, "ALTER TABLE submissions DELETE WHERE 1 SETTINGS mutations_sync = 2")
	r.mustSpool(t, []string{"replay", "--all", "--dry-run"}, "would be put back")
	r.wantCount(t, 0, "submissions")
	r.mustSpool(t, []string{"replay", "--since", "1h"}, "put back to be forwarded again")
	r.forwarded(t)
	r.wantCount(t, 3, "submissions FINAL")
	r.mustSpool(t, []string{"replay", "--segment", held})
	r.forwarded(t)
	r.wantCount(t, 3, "submissions FINAL")
	r.mustSpool(t, []string{"ls", "--state", "held"}, "(pass 3)")
	r.refusedSpool(t, "not held", "replay", "--segment", uuid.NewString())
	r.refusedSpool(t, "say what to put back", "replay")
	r.refusedSpool(t, "neither a time", "replay", "--since", "yesterday")
	r.refusedSpool(t, "no UUID", "replay", "--segment", "x")
	r.refusedSpool(t, "none of open", "ls", "--state", "lost")

	r.exec(t, "ALTER TABLE submissions DELETE WHERE 1 SETTINGS mutations_sync = 2")
	r.stop(t)
	r.mustSpool(t, []string{"ls"}, "held", "no process uses it")
	r.mustSpool(t, []string{"replay", "--all"}, "put back to be forwarded again")
	r.mustSpool(t, []string{"ls"}, "put back")
	r.start(t)
	r.forwarded(t)
	r.wantCount(t, 3, "submissions FINAL")
}

// TestSpoolDeadLetters: a record that a table refuses is listed, shown and, once the table is repaired, stored.
func TestSpoolDeadLetters(t *testing.T) {
	r := startRig(t)
	r.migratedUp(t)
	r.mustSpool(t, []string{"deadletters"}, "There are no dead letters.")
	r.exec(t, "ALTER TABLE submissions ADD COLUMN trap UInt64 MATERIALIZED toUInt64(if(form = 'kontakt', 'x', '0'))")
	r.sendLead(t, 1, "")
	for n, more := range []string{"note=%1b%5b2Jred", "note=" + strings.Repeat("long", 500), "note=short"} {
		r.postForm(t, "/f/kontakt?site=acme", fmt.Sprintf("email=dead%d@example.com&%s", n, more))
	}
	r.forwarded(t)
	waitFor(t, 30*time.Second, func() (string, bool) { return "no dead letters", r.spool.Stats().Letters == 3 })
	r.wantCount(t, 1, "submissions")
	r.mustSpool(t, []string{"ls"}, "dead letters")
	r.mustSpool(t, []string{"deadletters", "ls"}, "submissions", "COUNT")
	var lines []letterLine
	if err := json.Unmarshal([]byte(r.mustSpool(t, []string{"deadletters", "ls", "--each", "--format", "json"})), &lines); err != nil || len(lines) != 3 {
		t.Fatalf("%d letters are listed, %v", len(lines), err)
	}
	shown := ""
	for _, line := range lines {
		out := r.mustSpool(t, []string{"deadletters", "show", line.ID}, line.ID, "Reason", "kontakt")
		if len(out) > 8<<10 || strings.ContainsRune(out, 0x1b) {
			t.Errorf("show floods the terminal with %d bytes, or commands it:\n%.300q", len(out), out)
		}
		shown += out
	}
	if !strings.Contains(shown, "dead0@example.com") || !strings.Contains(shown, "(2000 bytes)") {
		t.Errorf("show does not show the record, or does not say what it cut:\n%s", shown)
	}
	r.mustSpool(t, []string{"deadletters", "show", lines[1].ID, "--full"}, strings.Repeat("long", 500))
	r.refusedSpool(t, "there is no dead letter", "deadletters", "show", uuid.NewString()+":1")
	r.refusedSpool(t, "say which", "deadletters", "retry")
	r.refusedSpool(t, "no dead letter fits", "deadletters", "retry", "--code", "999999")
	r.refusedSpool(t, "add --yes", "deadletters", "drop", "--all")

	r.exec(t, "ALTER TABLE submissions DROP COLUMN trap")
	r.mustSpool(t, []string{"deadletters", "retry", lines[0].ID, "--dry-run"}, "1 dead letter would be put back")
	r.mustSpool(t, []string{"deadletters", "retry", lines[0].ID}, "1 dead letter put back")
	r.forwarded(t)
	r.wantCount(t, 2, "submissions FINAL")
	r.mustSpool(t, []string{"deadletters", "drop", lines[1].ID, "--yes"}, "1 dead letter deleted")
	r.stop(t)
	r.mustSpool(t, []string{"deadletters", "retry", "--table", "submissions"}, "1 dead letter put back")
	r.mustSpool(t, []string{"deadletters"}, "There are no dead letters.")
	r.start(t)
	r.forwarded(t)
	r.wantCount(t, 3, "submissions FINAL")
}

// TestSecurityOperatorsRequests: without the token of the spool folder nobody is served, and what a newer command might mean is not guessed.
func TestSecurityOperatorsRequests(t *testing.T) {
	r := startAlone(t)
	holder, held, err := spool.FindHolder(r.config.SpoolDir)
	if err != nil || !held || holder.PID != os.Getpid() || holder.Token == "" {
		t.Fatalf("holder %+v, %v, %v", holder, held, err)
	}
	if info, err := os.Stat(filepath.Join(r.config.SpoolDir, "lock")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file of the token has mode %v, %v", info.Mode(), err)
	}
	for _, c := range []struct {
		token, body string
		status      int
	}{
		{"", `{"all": true}`, http.StatusUnauthorized},
		{"Bearer ", `{"all": true}`, http.StatusUnauthorized},
		{"Bearer " + holder.Token + "x", `{"all": true}`, http.StatusUnauthorized},
		{"Bearer " + holder.Token, `{"everything": true}`, http.StatusBadRequest},
		{"Bearer " + holder.Token, `all`, http.StatusBadRequest},
		{"Bearer " + holder.Token, `{"all": true}`, http.StatusOK},
	} {
		for _, path := range []string{replayPath, retryPath, dropPath} {
			request, err := http.NewRequest(http.MethodPost, "http://"+r.PrivateAddr().String()+path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", c.token)
			if answer, body := r.send(t, request); answer.StatusCode != c.status {
				t.Errorf("%s of %s with %q: %s %s", c.body, path, c.token, answer.Status, body)
			}
			request.URL.Host, request.Body = r.Addr().String(), http.NoBody
			request.ContentLength = 0
			if answer, _ := r.send(t, request); answer.StatusCode != http.StatusNotFound {
				t.Errorf("%s is there at the public listener: %s", path, answer.Status)
			}
		}
	}
}

func TestSpoolCommandsWithoutAFolder(t *testing.T) {
	r := &rig{config: Config{SpoolDir: filepath.Join(t.TempDir(), "nowhere")}}
	for _, args := range [][]string{{"ls"}, {"replay", "--all"}, {"deadletters"}, {"deadletters", "retry", "--all"}} {
		r.refusedSpool(t, "there is no spool folder", args...)
	}
	if _, err := os.Stat(r.config.SpoolDir); err == nil {
		t.Error("a command made the folder")
	}
}
