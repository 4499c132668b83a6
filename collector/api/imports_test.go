package api

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

func TestContacts(t *testing.T) {
	d := newDesk(t)
	for name, c := range map[string]struct{ contentType, body string }{
		"JSON lines": {jsonLines, "{\"email\":\"Ada@Example.com\",\"crm_id\":\"7\",\"company_name\":\"Acme\",\"created_at\":\"2020-02-03\"}\n"},
		"BOM, CRLF":  {"application/jsonl; charset=utf-8", "\ufeff{\"email\":\"ada@example.com\",\"crm_id\":7,\"company_name\":\"Acme\",\"created_at\":\"2020-02-03T00:00:00Z\"}\r\n\r\n"},
		"array":      {jsonText, `[{"email":"ada@example.com","id":"7","company":"Acme","created_at":"2020-02-03","extra":{"a":[1]}}]`},
		"object":     {jsonText, `{"E-mail":"ada@example.com","crm id":"7","Company":"Acme","created":"2020-02-03"}`},
		"CSV":        {csvText, "email,crm_id,company_name,created_at\n\"ada@example.com\",7,Acme,2020-02-03\n"},
		"semicolons": {"text/csv; charset=utf-8", "\ufeffE-Mail;CRM ID;Company Name;Created At;Note\r\nada@example.com;7;Acme;2020-02-03;\"a, b;\nc\"\r\n"},
		"tabs":       {csvText, "email\tcrm_id\tcompany_name\tcreated_at\nada@example.com\t7\tAcme\t2020-02-03\n"},
	} {
		told, records := d.rows(t, "/api/contacts", c.contentType, c.body, http.StatusOK)
		if told.Accepted != 1 || told.Rejected != 0 || len(records) != 1 {
			t.Fatalf("%s: %+v, %d records", name, told, len(records))
		}
		contact := records[0].(*schema.Contact)
		want := schema.Contact{
			SiteID: "acme", ImportID: contact.ImportID, ContactID: d.contactID("ada@example.com"), CRMID: "7", CompanyID: "domain:example.com",
			CompanyName: "Acme", CreatedAt: time.Date(2020, 2, 3, 0, 0, 0, 0, time.UTC), ReceivedAt: now,
		}
		if *contact != want {
			t.Errorf("%s: %+v", name, *contact)
		}
		if contact.ImportID != "1db72b57-d0e6-55fb-9a80-134acacd8a90" {
			t.Errorf("%s: the id of the import is %s", name, contact.ImportID)
		}
	}
}

func TestContactBringsItsCompany(t *testing.T) {
	d := newDesk(t)
	_, records := d.rows(t, "/api/contacts", jsonLines, `{"email":"ada@mail.acme.example","company_crm_id":"k1","company_name":"Acme, Inc."}
{"email":"eve@gmail.com","company_crm_id":"k2","company_domain":"https://www.second.example/x"}`, http.StatusOK)
	if len(records) != 4 {
		t.Fatalf("%d records, not 4", len(records))
	}
	for i, want := range []schema.Company{
		{CompanyID: "crm:k1", CRMID: "k1", Name: "Acme, Inc.", NameKey: "acme inc", Domain: "acme.example"},
		{CompanyID: "crm:k2", CRMID: "k2", Domain: "second.example"},
	} {
		contact, company := records[2*i].(*schema.Contact), records[2*i+1].(*schema.Company)
		want.SiteID, want.ImportID, want.CreatedAt, want.ReceivedAt = "acme", company.ImportID, now, now
		if contact.CompanyID != want.CompanyID || *company != want {
			t.Errorf("%+v, %+v", *contact, *company)
		}
	}
}

func TestCompanies(t *testing.T) {
	d := newDesk(t)
	told, records := d.rows(t, "/api/companies", csvText, "id,name,domain,created_at\nk1,Acme,www.acme.example,2020-01-01\n,Second,,\n,,gmail.com,\n", http.StatusOK)
	if told.Accepted != 2 || told.Rejected != 1 || told.Errors[0].Line != 4 {
		t.Fatalf("%+v", told)
	}
	first, second := records[0].(*schema.Company), records[1].(*schema.Company)
	if first.CompanyID != "crm:k1" || first.Domain != "acme.example" || first.CreatedAt.Year() != 2020 {
		t.Errorf("%+v", *first)
	}
	if second.CompanyID != "name:second" || !second.CreatedAt.Equal(now) {
		t.Errorf("%+v", *second)
	}
}

func TestDeals(t *testing.T) {
	d := newDesk(t)
	_, records := d.rows(t, "/api/deals", jsonText, `{"deal_id":"d1","status":"WON","stage":"Closed","amount":1250.10,"currency":"eur","contact_email":"Ada@example.com",
		"company_domain":"acme.example","created_at":"2026-01-02T03:04:05.678Z","won_at":"2026-02-01"}`, http.StatusOK)
	deal := records[0].(*schema.Deal)
	if deal.DealID != "d1" || deal.Status != schema.DealWon || deal.Stage != "Closed" || deal.Amount.String() != "1250.1" || deal.Currency != "EUR" ||
		deal.ContactID != d.contactID("ada@example.com") || deal.CompanyID != "domain:acme.example" || !deal.ChangedAt.Equal(now) ||
		!deal.WonAt.Equal(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", *deal)
	}
}

// TestAmounts: money is decimal text from end to end; no float may touch it.
func TestAmounts(t *testing.T) {
	d := newDesk(t)
	for given, want := range map[string]string{
		"0.1": "0.1", `"0.10"`: "0.1", "99999999999999.9999": "99999999999999.9999", "-5": "-5", "1e3": "1000", "1.25E+2": "125", "125e-2": "1.25", "0": "0", `" 12 "`: "12",
	} {
		_, records := d.rows(t, "/api/deals", jsonText, `{"deal_id":"d","status":"open","currency":"USD","amount":`+given+`}`, http.StatusOK)
		if got := records[0].(*schema.Deal).Amount.String(); got != want {
			t.Errorf("%s becomes %s, not %s", given, got, want)
		}
	}
	for _, given := range []string{"0.12345", "100000000000000", `"1,250.00"`, `"1 250"`, `"EUR 5"`, "1e99", "1e999999999", `"1e-9"`, "true", "{}", `"Infinity"`, `"0x10"`} {
		if told, _ := d.rows(t, "/api/deals", jsonText, `{"deal_id":"d","status":"open","currency":"USD","amount":`+given+`}`, http.StatusUnprocessableEntity); len(told.Errors) != 1 {
			t.Errorf("%s: %+v", given, told)
		}
	}
}

// TestResentRowsKeepTheirIdentity: the same row has the same id on the same day, or on any day where it says when.
func TestResentRowsKeepTheirIdentity(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		path, body string
		sameLater  bool
	}{
		{"/api/contacts", `{"email":"ada@example.com"}`, false},
		{"/api/contacts", `{"email":"ada@example.com","created_at":"2020-01-01"}`, true},
		{"/api/companies", `{"name":"Acme"}`, false},
		{"/api/companies", `{"name":"Acme","created_at":"2020-01-01"}`, true},
		{"/api/deals", `{"deal_id":"d","status":"open"}`, false},
		{"/api/deals", `{"deal_id":"d","status":"open","changed_at":"2020-01-01"}`, true},
		// Ahead of our clock: what is stored follows the clock, the identity does not.
		{"/api/contacts", `{"email":"ada@example.com","created_at":"2026-03-16T13:00:00Z"}`, true},
		{"/api/deals", `{"deal_id":"d","status":"won","created_at":"2026-03-16T13:00:00Z","won_at":"2026-03-16T13:00:00Z","changed_at":"2026-03-16T13:00:00Z"}`, true},
	} {
		var ids []string
		for _, later := range []time.Duration{0, time.Hour, 24 * time.Hour} {
			d.now = now.Add(later)
			_, records := d.rows(t, c.path, jsonText, c.body, http.StatusOK)
			ids = append(ids, records[0].ID())
		}
		if ids[0] != ids[1] || (ids[1] == ids[2]) != c.sameLater {
			t.Errorf("%s %s: %v", c.path, c.body, ids)
		}
	}
	d.now = now
	seen := map[string]bool{}
	for _, body := range []string{`{"deal_id":"d","status":"open"}`, `{"deal_id":"d","status":"won"}`, `{"deal_id":"e","status":"open"}`,
		`{"deal_id":"d","status":"open","stage":"x"}`, `{"deal_id":"d","status":"open","amount":1,"currency":"EUR"}`,
		`{"deal_id":"d","status":"open","amount":1,"currency":"USD"}`, `{"deal_id":"d","status":"open","contact_email":"ada@example.com"}`,
		`{"deal_id":"d","status":"open","company_name":"x"}`, `{"deal_id":"d","status":"open","created_at":"2020-01-01"}`} {
		_, records := d.rows(t, "/api/deals", jsonText, body, http.StatusOK)
		if seen[records[0].ID()] {
			t.Errorf("%s has the id of another change", body)
		}
		seen[records[0].ID()] = true
	}
}

func TestFaultyRowsAreListed(t *testing.T) {
	d := newDesk(t)
	for name, c := range map[string]struct {
		path, contentType, body string
		lines                   []int
		accepted                int
	}{
		"JSON lines": {"/api/contacts", jsonLines, "{\"email\":\"a@b.example\"}\nbroken\n\n{\"email\":\"x\"}\n[]\n{\"crm_id\":1}\n{\"email\":\"c@d.example\"} {}\n{\"email\":[\"e@f.example\"]}\n{\"email\":\"g@h.example\"}", []int{2, 4, 5, 6, 7, 8}, 2},
		"CSV":        {"/api/contacts", csvText, "email,crm_id\na@b.example,1\nnone,2\nc@d.example\n\"multi\nline\",3\ne@f.example,4\n", []int{3, 4, 5}, 2},
		"CSV quotes": {"/api/contacts", csvText, "email,crm_id\na@b.example,1\nx\"y,2\nc@d.example,3\n", []int{3}, 2},
		"array":      {"/api/contacts", jsonText, "[\n{\"email\":\"a@b.example\"},\n7,\n{\"email\":\"x\"},\n{\"email\":\"c@d.example\"}\n]", []int{3, 4}, 2},
		"torn array": {"/api/contacts", jsonText, "[\n{\"email\":\"a@b.example\"},\n{\"email\":\"c@", []int{3}, 1},
		"deals": {"/api/deals", jsonLines, `{"deal_id":"1","status":"open"}
{"status":"open"}
{"deal_id":"2"}
{"deal_id":"2","status":"sold"}
{"deal_id":"2","status":"won","amount":5}
{"deal_id":"2","status":"won","currency":"EUR"}
{"deal_id":"2","status":"won","amount":5,"currency":"Euro"}
{"deal_id":"2","status":"open","won_at":"2026-01-01"}
{"deal_id":"2","status":"open","created_at":"01/02/2026"}
{"deal_id":"2","status":"open","created_at":"1950-01-01"}
{"deal_id":"2","status":"open","contact_email":"x"}
{"deal_id":"` + strings.Repeat("x", 129) + `","status":"open"}`, []int{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 1},
	} {
		told, records := d.rows(t, c.path, c.contentType, c.body, http.StatusOK)
		var lines []int
		for _, fault := range told.Errors {
			lines = append(lines, fault.Line)
		}
		if fmt.Sprint(lines) != fmt.Sprint(c.lines) || told.Accepted != c.accepted || told.Rejected != len(c.lines) || len(records) != c.accepted {
			t.Errorf("%s: %+v", name, told)
		}
	}
}

func TestNothingToKeep(t *testing.T) {
	d := newDesk(t)
	for body, contentType := range map[string]string{"": jsonLines, "\n\n": jsonLines, "[]": jsonText, " ": jsonText, "email\n": csvText, "broken": jsonLines, `{"email":"x"}`: jsonText, "[": jsonText, "email\nx\n": csvText} {
		if _, records := d.rows(t, "/api/contacts", contentType, body, http.StatusUnprocessableEntity); len(records) > 0 {
			t.Errorf("%q: %d records kept", body, len(records))
		}
	}
	for body, want := range map[string]string{"": "no row", "a,b\n1,2\n": "name the columns"} {
		if answer := d.send("POST", "/api/contacts", csvText, body); !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%q: %s", body, answer.Body)
		}
	}
}

func TestManyFaultsAreCounted(t *testing.T) {
	d := newDesk(t)
	told, _ := d.rows(t, "/api/contacts", jsonLines, strings.Repeat("x\n", 3000)+`{"email":"a@b.example"}`, http.StatusOK)
	if told.Rejected != 3000 || len(told.Errors) != maxListed || told.Unlisted != 2000 || told.Accepted != 1 {
		t.Errorf("%d rejected, %d listed, %d not", told.Rejected, len(told.Errors), told.Unlisted)
	}
}

func TestSecurityLimitsOfImports(t *testing.T) {
	d := newDesk(t)
	row := "{\"email\":\"a@b.example\"}\n"
	for name, c := range map[string]struct {
		body   string
		reason rejection.Reason
	}{
		"rows":  {strings.Repeat(row, MaxRows+1), rejection.TooManyRows},
		"bytes": {row + strings.Repeat("\n", MaxBody), rejection.BodyTooLarge},
		"line":  {row + `{"email":"` + strings.Repeat("x", maxLine) + `"}`, rejection.InvalidJSON},
	} {
		answer := d.send("POST", "/api/contacts", jsonLines, c.body)
		if answer.Header().Get("X-Headwater-Rejected") != string(c.reason) || answer.Code != c.reason.Status() || len(d.kept(t)) > 0 {
			t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
		}
	}
	deep := `{"email":"a@b.example","x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}"
	if answer := d.send("POST", "/api/contacts", jsonText, deep); answer.Code != http.StatusUnprocessableEntity {
		t.Errorf("deep JSON: %d %s", answer.Code, answer.Body)
	}
	request := httptest.NewRequest("POST", "/api/contacts", strings.NewReader(row))
	request.Header.Set("Authorization", "Bearer "+d.key)
	request.Header.Set("Content-Type", jsonLines)
	request.Header.Set("Content-Encoding", "gzip")
	answer := httptest.NewRecorder()
	d.echo.ServeHTTP(answer, request)
	if answer.Code != http.StatusUnsupportedMediaType {
		t.Errorf("gzip: %d", answer.Code)
	}
}

func TestThousandsInOneCall(t *testing.T) {
	d := newDesk(t)
	var body bytes.Buffer
	body.WriteString("email,crm_id,company_crm_id,created_at\n")
	for i := range 20_000 {
		fmt.Fprintf(&body, "p%d@c%d.example,%d,k%d,2024-01-01\n", i, i%500, i, i%500)
	}
	told, records := d.rows(t, "/api/contacts", csvText, body.String(), http.StatusOK)
	if told.Accepted != 20_000 || len(records) != 40_000 {
		t.Errorf("%+v, %d records", told, len(records))
	}
}
