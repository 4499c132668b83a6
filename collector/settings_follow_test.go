package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/sites"
	"github.com/headwater/headwater/schema"
)

// keepsLess: an admin's retention is what rows are taken out by, of that site alone.
func (r *rig) keepsLess(t *testing.T, elsewhere *sites.Sites) {
	t.Helper()
	site := r.config.Sites[0].ID
	for _, id := range []schema.SiteID{site, r.config.Sites[1].ID} {
		err := r.store.Conn().Exec(t.Context(), `INSERT INTO submissions (site_id, submission_id, form, occurred_at, received_at)
			SELECT '`+string(id)+`', generateUUIDv4(), 'long-ago', now64(3) - INTERVAL 5 MONTH, now64(3) - INTERVAL 5 MONTH`)
		if err != nil {
			t.Fatal(err)
		}
	}
	long := func() uint64 { return r.count(t, "SELECT count() FROM submissions FINAL WHERE form = 'long-ago'") }
	if err := r.expireOnce(t.Context(), r.config.RetentionMonths); err != nil || long() != 2 {
		t.Errorf("before it was decided %d submissions are left: %v", long(), err)
	}
	_, decided, version, _ := elsewhere.Site(site)
	months := 3
	decided.RetentionMonths = &months
	if err := elsewhere.Change(t.Context(), "ada", site, version, decided, "changed"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, time.Minute, func() (string, bool) {
		now, _, _, _ := r.sites.Site(site)
		return "the retention is not known", now.RetentionMonths == months
	})
	if err := r.expireOnce(t.Context(), r.config.RetentionMonths); err != nil || long() != 1 {
		t.Errorf("after it was decided %d submissions are left: %v", long(), err)
	}
	if n := r.count(t, "SELECT count() FROM submissions FINAL WHERE form = 'brand-new'"); n != 1 {
		t.Errorf("%d of the new submissions are left", n)
	}
}

// What an admin decides on another node counts here: a form that is new, submissions without their source, and keys.
func TestSettingsAreFollowed(t *testing.T) {
	r := startRig(t)
	site := r.config.Sites[0]
	elsewhere := sites.New(r.config.Sites, desk.New(r.store, time.Now), r.log)
	waitFor(t, time.Minute, func() (string, bool) { // the program makes its tables first
		err := elsewhere.Refresh(t.Context())
		return "the other node cannot read", err == nil
	})
	submit := func() int {
		t.Helper()
		body := "email=ada@lovelace.example&hw_site_id=" + string(site.ID) + "&hw_latest_touch_utm_source=linkedin&hw_first_touch_utm_source=linkedin"
		request, err := http.NewRequest(http.MethodPost, r.base+"/f/brand-new", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, _ := r.send(t, request)
		return answer.StatusCode
	}
	if got := submit(); got != http.StatusNotFound {
		t.Fatalf("a form that there is not: %d", got)
	}
	off := false
	decided := sites.Settings{Forms: []sites.Form{{ID: "brand-new"}}, Transfer: &off}
	if err := elsewhere.Change(t.Context(), "ada", site.ID, 0, decided, "changed"); err != nil {
		t.Fatal(err)
	}
	took := waitFor(t, time.Minute, func() (string, bool) { return "the form is refused", submit() == http.StatusSeeOther })
	t.Logf("the form was known after %s", took.Round(10*time.Millisecond))
	r.forwarded(t)
	if n := r.count(t, "SELECT count() FROM submissions FINAL WHERE form = 'brand-new'"); n != 1 {
		t.Errorf("%d submissions", n)
	}
	if n := r.count(t, "SELECT count() FROM submissions FINAL WHERE form = 'brand-new' AND (latest_touch_utm_source != '' OR first_touch_utm_source != '' OR visitor_id != toUUIDOrZero(''))"); n != 0 {
		t.Error("the submission has a source or a visitor, though the site wants none")
	}
	r.keepsLess(t, elsewhere)
	key, err := elsewhere.NewKey(t.Context(), "ada", site.ID, "CRM")
	if err != nil {
		t.Fatal(err)
	}
	asks := func() int {
		request, err := http.NewRequest(http.MethodGet, r.base+"/api/reports", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+key)
		answer, _ := r.send(t, request)
		return answer.StatusCode
	}
	waitFor(t, time.Minute, func() (string, bool) { return "the new key is refused", asks() == http.StatusOK })
	known := elsewhere.Keys(site.ID)[0]
	if err := elsewhere.RevokeKey(t.Context(), "ada", site.ID, known.ID, known.Version); err != nil {
		t.Fatal(err)
	}
	waitFor(t, time.Minute, func() (string, bool) { return "the revoked key is taken", asks() == http.StatusUnauthorized })
	r.call(t, http.MethodGet, "/api/reports", "", "", http.StatusOK) // the one of the config file still counts
}
