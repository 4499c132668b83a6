package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/headwater/headwater/collector/api"
	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
)

const (
	adaMail = "ada.lovelace.unmistakable@example.com"
	adaName = "Augusta-Ada-King-Noel"
	bobMail = "bob@example.com"
)

// person is what there is of Ada: two visitors, of which the first is Bob's too.
type adas struct {
	contact       string
	visitor, next string
	bobs          string // a visitor of Bob's own
}

// tell sends everything that the tests look for again.
func (r *rig) tell(t *testing.T) adas {
	t.Helper()
	a := adas{contact: string(contactID(&r.config.Sites[0], adaMail)), visitor: uuid.NewString(), next: uuid.NewString(), bobs: uuid.NewString()}
	for _, visitor := range []string{a.visitor, a.next, a.bobs} {
		r.touch(t, visitor, "newsletter-"+visitor[:4])
	}
	form := func(site, visitor, mail, name string) {
		r.postForm(t, "/f/signup?site="+site, url.Values{"email": {mail}, "name": {name}, "hw_visitor_id": {visitor}}.Encode())
	}
	form("acme", a.visitor, adaMail, adaName)
	form("acme", a.next, strings.ToUpper(adaMail), adaName+" once more")
	form("acme", a.visitor, "", "=cmd()|"+adaName) // no address: the visitor's
	form("acme", a.visitor, bobMail, "Bob Builder")
	form("acme", a.bobs, bobMail, "Bob again")
	form("beta", uuid.NewString(), adaMail, "the other site")
	r.call(t, "POST", "/api/contacts", "application/x-ndjson",
		`{"email":"`+adaMail+`","crm_id":"crm-ada-7","company_crm_id":"k1","company_name":"Analytical Engines"}`+"\n"+
			`{"email":"`+bobMail+`","crm_id":"crm-bob-8"}`, http.StatusOK)
	r.call(t, "POST", "/api/deals", "application/x-ndjson",
		`{"deal_id":"deal-1","status":"won","amount":"1250.00","currency":"EUR","contact_email":"`+adaMail+`","company_crm_id":"k1"}`+"\n"+
			`{"deal_id":"deal-2","status":"open","contact_crm_id":"crm-ada-7"}`+"\n"+
			`{"deal_id":"deal-3","status":"open","contact_crm_id":"crm-bob-8"}`, http.StatusOK)
	r.forwarded(t)
	return a
}

func (r *rig) touch(t *testing.T, visitor, campaign string) {
	t.Helper()
	body := fmt.Sprintf(`{"site_id":"acme","touch_id":"%s","visitor_id":"%s","utm_source":"linkedin","utm_campaign":"%s"}`,
		uuid.NewString(), visitor, campaign)
	request, err := http.NewRequest(http.MethodPost, r.base+"/t", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "text/plain")
	if answer, text := r.send(t, request); answer.StatusCode != http.StatusNoContent {
		t.Fatalf("a touch is answered with %s: %s", answer.Status, text)
	}
}

// setAside buries records of Ada and of Bob, and damages a copy of a held segment.
func (r *rig) setAside(t *testing.T, a adas) {
	t.Helper()
	for i, contact := range []string{a.contact, string(contactID(&r.config.Sites[0], bobMail))} {
		payload, err := schema.Encode(&schema.Submission{
			SiteID: "acme", SubmissionID: schema.SubmissionID(uuid.NewString()), ContactID: schema.ContactID(contact), Form: "signup",
			OccurredAt: time.Now(), ReceivedAt: time.Now(), Fields: map[string]string{"name": []string{adaName, "Bob"}[i]},
		})
		if err != nil {
			t.Fatal(err)
		}
		payload, err = schema.Readable(payload)
		if err != nil {
			t.Fatal(err)
		}
		l := spool.Letter{At: time.Now(), Segment: uuid.Must(uuid.NewV7()), Sequence: 1, Table: "submissions", Reason: "test"}
		l.SetPayload(payload)
		if _, err := r.spool.Bury(l); err != nil {
			t.Fatal(err)
		}
	}
	held, err := filepath.Glob(filepath.Join(r.config.SpoolDir, "forwarded", "seg-*"))
	if err != nil || len(held) == 0 {
		t.Fatalf("no held segment: %v", err)
	}
	for _, path := range held {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(data, []byte(adaName))
		if at < 0 {
			continue
		}
		data[at] ^= 1 // the checksum of Ada's record does not hold any more
		if err := os.WriteFile(filepath.Join(r.config.SpoolDir, "quarantine", filepath.Base(path)), data, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("no held segment has Ada's form")
}

// traces lists the files below dir, and the keys of Redis, in which one of the texts stands.
func traces(t *testing.T, dir string, texts ...string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil // gone a moment ago
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		for _, text := range texts {
			id, _ := uuid.Parse(text)
			if bytes.Contains(data, []byte(text)) || id != uuid.Nil && bytes.Contains(data, id[:]) || id != uuid.Nil && bytes.Contains(data, asColumn(id)) {
				found = append(found, path+": "+text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// asColumn is a UUID as ClickHouse writes it: two numbers of 64 bits, little-endian.
func asColumn(id uuid.UUID) []byte {
	column := make([]byte, 16)
	for i := range 8 {
		column[i], column[8+i] = id[7-i], id[15-i]
	}
	return column
}

func redisTraces(t *testing.T, at string, texts ...string) []string {
	t.Helper()
	options, err := redis.ParseURL(at)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }()
	ctx := context.Background()
	keys, err := client.Keys(ctx, "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, key := range keys {
		value, _ := client.Get(ctx, key).Result()
		for _, text := range texts {
			if strings.Contains(key+value, text) {
				found = append(found, key+": "+text)
			}
		}
	}
	return found
}

func (r *rig) erase(t *testing.T, body string) schema.Erasure {
	t.Helper()
	var erased schema.Erasure
	if err := json.Unmarshal([]byte(r.call(t, "POST", "/api/erase", "application/json", body, http.StatusAccepted)), &erased); err != nil {
		t.Fatal(err)
	}
	return erased
}

func (r *rig) erased(t *testing.T, id schema.ErasureID) schema.Erasure {
	t.Helper()
	var erased schema.Erasure
	waitFor(t, 2*time.Minute, func() (string, bool) {
		text := r.call(t, "GET", "/api/erasures/"+string(id), "", "", http.StatusOK)
		if err := json.Unmarshal([]byte(text), &erased); err != nil {
			t.Fatal(err)
		}
		return text, erased.Done
	})
	return erased
}

func (r *rig) export(t *testing.T, body string) map[string][]map[string]any {
	t.Helper()
	var tables map[string][]map[string]any
	if err := json.Unmarshal([]byte(r.call(t, "POST", "/api/export", "application/json", body, http.StatusOK)), &tables); err != nil {
		t.Fatal(err)
	}
	return tables
}

func startErasureRig(t *testing.T) (*rig, string) {
	t.Helper()
	dir := t.TempDir()
	r := &rig{dsn: collectortest.StartClickHouse(t, dir).DSN(), redis: collectortest.StartRedis(t).URL()}
	r.config, r.key = testConfig(t, r.dsn, r.redis)
	key, hash := api.NewKey()
	r.config.Sites[1].APIKeyHashes = []string{hash}
	r.config.SpoolSealMS = 20
	r.start(t)
	r.betaKey = key
	waitFor(t, 60*time.Second, func() (string, bool) {
		select {
		case <-r.migrated:
			return "", true
		default:
			return "the tables are not made", false
		}
	})
	return r, dir
}

// TestSecurityErasure: a person is exported, erased, and does not come back; everybody else stays.
func TestSecurityErasure(t *testing.T) {
	r, engine := startErasureRig(t)
	a := r.tell(t)
	r.setAside(t, a)
	texts := []string{adaMail, adaName, a.contact, a.visitor, a.next}
	for _, where := range []string{engine, filepath.Join(r.config.SpoolDir, "forwarded"), filepath.Join(r.config.SpoolDir, "deadletters"), filepath.Join(r.config.SpoolDir, "quarantine")} {
		if len(traces(t, where, texts...)) == 0 {
			t.Fatalf("nothing of Ada is in %s, so that the search for her proves nothing", where)
		}
	}
	if len(redisTraces(t, r.redis, texts...)) == 0 {
		t.Fatal("nothing of Ada is in Redis")
	}
	r.wantExport(t, a)
	r.decideInConsole(t, a)

	before := r.count(t, "SELECT count() FROM submissions FINAL")
	erased := r.erase(t, `{"email":"`+strings.ToUpper(adaMail)+`","reason":"request 4711"}`)
	if erased.Found["submissions"] != 3 || erased.Found["touches"] != 2 || erased.Found["contacts"] != 1 || erased.Found["deals"] != 2 {
		t.Errorf("found %v", erased.Found)
	}
	r.erased(t, erased.ID)
	r.wantGone(t, engine, texts)

	// The held segments come again, and nothing of them is stored that should not be.
	if put, err := r.spool.Replay(t.Context(), spool.Selection{All: true}); err != nil || len(put.Segments) == 0 {
		t.Fatalf("replayed %+v: %v", put, err)
	}
	r.forwarded(t)
	r.wantGone(t, engine, texts)
	if got := r.count(t, "SELECT count() FROM submissions FINAL"); got != before-3 {
		t.Errorf("%d submissions are left of %d, want all but Ada's 3", got, before)
	}
	for query, want := range map[string]uint64{
		"SELECT count() FROM submissions FINAL WHERE contact_id = '" + string(contactID(&r.config.Sites[0], bobMail)) + "'":                                   1 + 1,
		"SELECT count() FROM desk WHERE contact_id = '" + a.contact + "'":                                                                                     0,
		"SELECT count() FROM submissions FINAL WHERE site_id = 'beta'":                                                                                        1,
		"SELECT count() FROM deals FINAL WHERE deal_id = 'deal-1' AND contact_id = '' AND company_id = 'crm:k1'":                                              1,
		"SELECT count() FROM deals FINAL WHERE deal_id = 'deal-2' AND contact_crm_id = ''":                                                                    1,
		"SELECT count() FROM deals FINAL WHERE deal_id = 'deal-3' AND contact_crm_id = 'crm-bob-8'":                                                           1,
		"SELECT count() FROM contacts FINAL":                                                                                                                  1,
		"SELECT count() FROM touches FINAL WHERE visitor_id = '" + a.bobs + "'":                                                                               1,
		"SELECT count() FROM submission_fields FINAL WHERE fields['name'] LIKE 'Bob%'":                                                                        2,
		"SELECT count() FROM submissions FINAL WHERE contact_id = '" + string(contactID(&r.config.Sites[0], bobMail)) + "' AND visitor_id = '" + a.bobs + "'": 1,
	} {
		if got := r.count(t, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	if letters := len(traces(t, filepath.Join(r.config.SpoolDir, "deadletters"), "Bob")); letters != 1 {
		t.Errorf("Bob's dead letter is in %d files", letters)
	}
	if told := r.command(t, "erase", "--site", "acme", "--id", string(erased.ID), "--wait"); !strings.Contains(told, `"done":true`) {
		t.Errorf("the command says %s", told)
	}
	r.wantBarredUntilBack(t, a)
	if told := r.command(t, "export", "--site", "acme", "--email", adaMail); !strings.Contains(told, "Ada is back") || strings.Contains(told, adaName) {
		t.Errorf("the exported person is %s", told)
	}
}

// decideInConsole gives Ada a lead status in the console, which is erased with her, and exports her there.
func (r *rig) decideInConsole(t *testing.T, a adas) {
	t.Helper()
	admin, path := caller{"admin", "", r.signIn(t, "acme")}, "/console/contacts/"+a.contact
	answer, body := r.asAsk(t, ask{"POST", path + "/status", "application/x-www-form-urlencoded", "over=0&status=qualified"}, admin)
	if answer.StatusCode >= http.StatusBadRequest {
		t.Fatalf("a lead status: %s\n%s", answer.Status, body)
	}
	if n := r.count(t, "SELECT count() FROM desk WHERE kind = 'lead_status' AND contact_id = '"+a.contact+"'"); n != 1 {
		t.Errorf("%d versions of Ada's lead status", n)
	}
	answer, body = r.asAsk(t, ask{"GET", path + "/export", "", ""}, admin)
	if answer.StatusCode != http.StatusOK || !strings.Contains(body, adaName) || !strings.Contains(body, "qualified") {
		t.Errorf("the export in the console: %s, %d bytes", answer.Status, len(body))
	}
}

// wantGone searches every disk for Ada. Tombstones hold the opaque ids, and nothing else does.
func (r *rig) wantGone(t *testing.T, engine string, texts []string) {
	t.Helper()
	tombstones := r.pathOf(t, "erasures")
	waitFor(t, 30*time.Second, func() (string, bool) { // what a replay put into the window is looked through once more
		var left []string
		for _, trace := range append(traces(t, engine, texts...), traces(t, r.config.SpoolDir, texts...)...) {
			opaque := !strings.Contains(trace, adaMail) && !strings.Contains(trace, adaName)
			if !opaque || !strings.Contains(trace, tombstones) && !strings.Contains(trace, "erasures.json") {
				left = append(left, trace)
			}
		}
		left = append(left, redisTraces(t, r.redis, texts...)...)
		return "Ada is still in:\n" + strings.Join(left, "\n"), len(left) == 0
	})
}

func (r *rig) pathOf(t *testing.T, table string) string {
	t.Helper()
	var path string
	err := r.store.Conn().QueryRow(t.Context(), "SELECT data_paths[1] FROM system.tables WHERE database = currentDatabase() AND name = '"+table+"'").Scan(&path)
	if err != nil || path == "" {
		t.Fatalf("where %s lies: %q, %v", table, path, err)
	}
	return filepath.Clean(path)
}

func (r *rig) wantExport(t *testing.T, a adas) {
	t.Helper()
	tables := r.export(t, `{"email":"`+adaMail+`"}`)
	for name, want := range map[string]int{
		"touches": 2, "submissions": 3, "contacts": 1, "deals": 2, "companies": 2, "dead_letters": 1, "waiting": 0, "person": 1,
	} {
		if len(tables[name]) != want {
			t.Errorf("the export has %d rows of %s, want %d: %v", len(tables[name]), name, want, tables[name])
		}
	}
	var typed []string
	for _, field := range tables["submission_fields"] {
		typed = append(typed, fmt.Sprint(field["field"], "=", field["value"]))
	}
	if all := strings.Join(typed, " "); !strings.Contains(all, "name="+adaName) || !strings.Contains(strings.ToLower(all), "email="+adaMail) || strings.Contains(all, "Bob") {
		t.Errorf("typed fields: %s", all)
	}
	if again := r.export(t, `{"visitor_id":"`+a.next+`"}`); len(again["submissions"]) != 3 || len(again["touches"]) != 2 {
		t.Errorf("by visitor id the export has other rows: %v", again)
	}
	r.call(t, "POST", "/api/export", "application/json", `{"visitor_id":"`+a.visitor+`"}`, http.StatusConflict) // Ada's and Bob's
	archive := r.call(t, "POST", "/api/export", "application/json", `{"email":"`+adaMail+`","format":"csv"}`, http.StatusOK)
	files, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	fields, err := fs.ReadFile(files, "submission_fields.csv")
	if err != nil || !bytes.Contains(fields, []byte(",'=cmd()|"+adaName)) {
		t.Errorf("a formula in the CSV: %v\n%s", err, fields)
	}
	if other := r.export(t, `{"email":"nobody@example.com"}`); len(other["submissions"])+len(other["touches"]) != 0 {
		t.Errorf("an export of nobody: %v", other)
	}
}

// wantBarredUntilBack imports Ada again, which is refused until she sends a form herself.
func (r *rig) wantBarredUntilBack(t *testing.T, a adas) {
	t.Helper()
	row := `{"email":"` + adaMail + `","crm_id":"crm-ada-7"}`
	answer := r.call(t, "POST", "/api/contacts", "application/x-ndjson", row+"\n"+`{"email":"eve@example.com"}`, http.StatusOK)
	if !strings.Contains(answer, `"accepted":1,"rejected":1`) || !strings.Contains(answer, "erased") {
		t.Errorf("an import of Ada: %s", answer)
	}
	answer = r.call(t, "POST", "/api/deals", "application/x-ndjson", `{"deal_id":"deal-4","status":"open","contact_email":"`+adaMail+`"}`, http.StatusOK)
	if !strings.Contains(answer, `"without_contact":1`) {
		t.Errorf("a deal of Ada: %s", answer)
	}
	r.postForm(t, "/f/signup?site=acme", url.Values{"email": {adaMail}, "name": {"Ada is back"}, "hw_visitor_id": {a.visitor}}.Encode())
	r.forwarded(t)
	waitFor(t, 30*time.Second, func() (string, bool) {
		answer := r.call(t, "POST", "/api/contacts", "application/x-ndjson", row+"\n"+`{"email":"eve@example.com"}`, http.StatusOK)
		return answer, strings.Contains(answer, `"accepted":2`)
	})
	r.forwarded(t)
	if got := r.count(t, "SELECT count() FROM submissions FINAL WHERE contact_id = '"+a.contact+"' AND site_id = 'acme'"); got != 1 {
		t.Errorf("%d submissions of Ada after her return, want 1", got)
	}
	if got := r.count(t, "SELECT count() FROM contacts FINAL WHERE contact_id = '"+a.contact+"'"); got != 1 {
		t.Errorf("%d imports of Ada after her return, want 1", got)
	}
}
