package console

import (
	"net/http"
	"strings"
	"testing"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/schema"
)

// upload sends a file as the page does.
func (s *stand) upload(t *testing.T, cookie, kind, csv string) answer {
	t.Helper()
	return s.postFile(t, "/console/spend", cookie, map[string]string{"kind": kind}, "costs.csv", csv)
}

// A marketer uploads what was spent: good rows are kept for the session's site, the others named; what is in them is text.
func TestUploadOfCosts(t *testing.T) {
	s := newStand(t, noReports(t))
	cookie := s.signIn(t, acmeMarketer)
	const head = "date,source,medium,campaign,currency,amount,guess\n"
	for name, c := range map[string]struct {
		kind, csv string
		status    int
		parts     []string
	}{
		"good and bad": {"spend", head + "2026-03-01,google,cpc,brand,EUR,12.50,x\n2026-03-02,google,cpc,brand,<script>alert(1)</script>,1,x\n", 200,
			[]string{"1 row is kept", "1 row could not be taken", "Line 3", "&lt;script&gt;", "mean nothing here", "guess"}},
		"rates":      {"rates", "date,from_currency,to_currency,rate\n2026-03-01,NOK,EUR,0.085\n2026-03-02,NOK,EUR,0.086\n", 200, []string{"2 rows are kept"}},
		"nothing":    {"spend", head + "soon,google,cpc,brand,EUR,12.50,x\n", 422, []string{"No row of the file could be taken", "Line 2"}},
		"no rows":    {"spend", head, 422, []string{"No row of the file could be taken"}},
		"many wrong": {"spend", head + strings.Repeat("soon,google,,,EUR,1,\n", 30), 422, []string{"30 rows could not be taken", "and 10 more"}},
	} {
		a := s.upload(t, cookie, c.kind, c.csv)
		if a.StatusCode != c.status || strings.Contains(a.body, "<script>alert") {
			t.Errorf("%s: %s", name, a.Status)
		}
		inOrder(t, a.body, c.parts...)
	}
	kept := map[schema.Kind]int{}
	for _, record := range collectortest.Kept(t, s.spool) {
		kept[record.Kind()]++
		if record.Site() != "acme" {
			t.Errorf("kept for %s", record.Site())
		}
	}
	if kept[schema.KindSpend] != 1 || kept[schema.KindRate] != 2 {
		t.Errorf("kept: %v", kept)
	}
	if a := s.upload(t, s.signIn(t, acmeViewer), "spend", head); a.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer: %s", a.Status)
	}
	if a := s.upload(t, cookie, "spend", head+strings.Repeat("2026-03-01,google,cpc,brand,EUR,12.50,x\n", maxUpload/40+1)); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "larger than 16 MB") {
		t.Errorf("too long a file: %s", a.Status)
	}
	if a := s.post(t, "/console/spend", cookie, nil); a.StatusCode != http.StatusBadRequest {
		t.Errorf("no file: %s", a.Status)
	}
}
