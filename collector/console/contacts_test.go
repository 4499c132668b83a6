package console

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/schema"
)

// contactsWorld is a site with a sample, in which some typed their names.
type contactsWorld struct {
	*stand
	sample  *sampler
	hostile schema.ContactID // who typed what a spreadsheet would run
}

func newContactsWorld(t *testing.T) *contactsWorld {
	t.Helper()
	w := &contactsWorld{stand: newLiveStand(t), sample: newSampler(t, testSites()[0])}
	w.sample.sample()
	w.fill(t, w.sample.records)
	var typed []any
	names := []string{"Grace Hopper", "=HYPERLINK(\"https://evil.example\")", "Margaret Hamilton", "<script>alert(1)</script>"}
	n := 0
	for _, record := range w.sample.records {
		sent, is := record.(*schema.Submission)
		if !is || sent.Suspect != "" || n == len(names) {
			continue
		}
		typed = append(typed, &schema.SubmissionFields{
			SiteID: sent.SiteID, SubmissionID: sent.SubmissionID, ContactID: sent.ContactID, OccurredAt: sent.OccurredAt, ReceivedAt: sent.ReceivedAt,
			Fields: map[string]string{"name": names[n], "email": "typed@contact.example"},
		})
		if n == 1 {
			w.hostile = sent.ContactID
		}
		n++
	}
	months := map[string][]any{}
	for _, row := range typed {
		at := row.(*schema.SubmissionFields).OccurredAt.UTC().Format("200601")
		months[at] = append(months[at], row)
	}
	for _, rows := range months {
		if err := w.store.Insert(t.Context(), "submission_fields", uuid.NewString(), rows); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *contactsWorld) ada() string {
	return string(schema.NewContactID(w.sample.site.ContactKey(testSecret), adaEmail))
}

// save keeps a selection as the page does.
func (w *contactsWorld) save(t *testing.T, cookie, name, kind, here string) string {
	t.Helper()
	a := w.post(t, "/console/selections", cookie, url.Values{"name": {name}, "kind": {kind}, "here": {here}})
	at, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.StatusCode != http.StatusSeeOther || at.Query().Get("selection") == "" {
		t.Fatalf("save %s: %s to %q\n%s", name, a.Status, a.Header.Get("Location"), a.body)
	}
	return at.Query().Get("selection")
}

// What people do with contacts, by HTTP: all of it works without script.
func TestContacts(t *testing.T) {
	w := newContactsWorld(t)
	for name, test := range map[string]func(*testing.T, *contactsWorld){
		"criteria": checkCriteriaForm, "list": checkContactsList, "selections": checkSelectionPages, "card": checkContactStory,
		"erase": checkErase, "statuses": checkStatusesPage, "companies": checkCompanies, "another site": checkNoOtherSite,
	} {
		t.Run(name, func(t *testing.T) { test(t, w) })
	}
}

// The form says criteria in three fields each; the address that it leads to is the canonical one, and nothing typed is lost.
func checkCriteriaForm(t *testing.T, w *contactsWorld) {
	cookie := w.signIn(t, acmeViewer)
	form := url.Values{"group": {"1", "2"}, "field": {"first_touch.source", "lead_creation.campaign"}, "op": {"is", "contains"}, "value": {"linkedin", " webinar "}, "sort": {"deals"}, "dir": {"desc"}}
	a := w.get(t, "/console/contacts/criteria?"+form.Encode(), cookie)
	want := "/console/contacts?" + url.Values{"g1": {"first_touch.source:is:linkedin"}, "g2": {"lead_creation.campaign:contains:webinar"}, "sort": {"deals"}, "dir": {"desc"}}.Encode()
	if got := a.Header.Get("Location"); got != want {
		t.Errorf("the form leads to\n%s, want\n%s", got, want)
	}
	form.Set("remove", "0")
	if got := w.get(t, "/console/contacts/criteria?"+form.Encode(), cookie).Header.Get("Location"); strings.Contains(got, "linkedin") || !strings.Contains(got, "g1=lead_creation.campaign") {
		t.Errorf("without the first one: %s", got)
	}
	form.Del("remove")
	form.Set("add", "1")
	if got := w.get(t, "/console/contacts/criteria?"+form.Encode(), cookie).Header.Get("Location"); !strings.Contains(got, "blank=1") {
		t.Errorf("one more: %s", got)
	}
	status := url.Values{"group": {"1"}, "field": {"status"}, "op": {"one_of"}, "value": {"Qualified, re-nurture"}}
	if got := w.get(t, "/console/contacts/criteria?"+status.Encode(), cookie).Header.Get("Location"); !strings.Contains(got, url.QueryEscape("status:one_of:qualified,re_nurture")) {
		t.Errorf("statuses by name: %s", got)
	}
	for address, want := range map[string]string{
		"g1=created:since:yesterday":             "“yesterday” is not a day",
		"g1=won_amount:at_least:1000":            "Write the currency too",
		"g1=nonsense:is:x":                       "choose from the list",
		"g1=status:is:" + `%3Cscript%3E`:         "Choose from the list",
		"g1=first_touch.source:is:":              "Say what",
		"g1=first_touch.source:at_least:1&g2=ok": "cannot be compared in this way",
	} {
		a := w.get(t, "/console/contacts?"+address+"&g1=company:contains:still%20here", cookie)
		if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, want) || !strings.Contains(a.body, "still here") || strings.Contains(a.body, "<script>alert") {
			t.Errorf("%s: %s, lacks %q", address, a.Status, want)
		}
	}
}

func checkContactsList(t *testing.T, w *contactsWorld) {
	cookie := w.signIn(t, acmeViewer)
	a := w.get(t, "/console/contacts", cookie)
	for _, want := range []string{"Lead creation: source", "aria-sort=\"descending\"", "Next page", "typed@contact.example", "Columns", " contacts</strong>"} {
		if a.StatusCode != http.StatusOK || !strings.Contains(a.body, want) && want != "typed@contact.example" {
			t.Errorf("%s; the page lacks %q", a.Status, want)
		}
	}
	if strings.Contains(a.body, "Save as a selection") {
		t.Error("a viewer is asked to save")
	}
	if a := w.post(t, "/console/contacts/columns", cookie, url.Values{"column": {"email", "form", "nonsense", "status"}, "here": {"sort=form"}}); a.Header.Get("Location") != "/console/contacts?sort=form" {
		t.Errorf("columns lead to %s", a.Header.Get("Location"))
	}
	if view, err := w.console.config.People.View(t.Context(), "acme", string(w.user(t, acmeViewer).ID)); err != nil || !slices.Equal(view.Columns, []people.Column{"status", "form", "email"}) {
		t.Errorf("the columns are %v, %v", view.Columns, err)
	}
	// All pages together are the whole list, which the file has too.
	seen, path := map[string]bool{}, "/console/contacts?g1=origin:is:lead"
	for path != "" {
		a := w.get(t, path, cookie)
		for _, part := range strings.Split(a.body, `<a href="/console/contacts/`)[1:] {
			id, _, _ := strings.Cut(part, `"`)
			if seen[id] {
				t.Fatalf("%s is on two pages", id)
			}
			seen[id] = true
		}
		_, next, found := strings.Cut(a.body, `<a class="button" href="/console/contacts?after=`)
		if path = ""; found {
			next, _, _ = strings.Cut(next, `"`)
			path = "/console/contacts?after=" + strings.ReplaceAll(next, "&amp;", "&")
		}
	}
	a = w.get(t, "/console/contacts.csv?g1=origin:is:lead", cookie)
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	if err != nil || len(rows)-1 != len(seen) || len(seen) < 60 || strings.Join(rows[0], " ") != "contact_id contact status form email" {
		t.Errorf("the file has %d rows %v, the pages %d, %v", len(rows)-1, rows[:min(1, len(rows))], len(seen), err)
	}
	guarded := false
	for _, row := range rows[1:] {
		guarded = guarded || row[0] == string(w.hostile) && strings.HasPrefix(row[1], "'=HYPERLINK")
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "+") || strings.HasPrefix(cell, "@") {
				t.Errorf("a spreadsheet runs %q", cell)
			}
		}
	}
	if !guarded {
		t.Error("what a spreadsheet would run is not in the file, or not guarded")
	}
	if strings.Contains(a.Request.URL.String(), "typed@") {
		t.Error("an address stands in an address")
	}
}

func checkSelectionPages(t *testing.T, w *contactsWorld) {
	cookie := w.signIn(t, acmeMarketer)
	a := w.post(t, "/console/selections", cookie, url.Values{"name": {" "}, "kind": {"static"}, "here": {"g1=origin:is:lead"}})
	if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "Give the selection a name") || !strings.Contains(a.body, `value="static" checked`) || !strings.Contains(a.body, `value="lead"`) {
		t.Errorf("without a name: %s", a.Status)
	}
	last := "credit=last&g1=lead_creation.source:is:newsletter"
	a = w.post(t, "/console/selections", cookie, url.Values{"name": {"By the last visit"}, "kind": {"dynamic"}, "here": {last}})
	if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "Save this list as a static one") || !strings.Contains(a.body, `name="credit" value="last"`) {
		t.Errorf("a dynamic selection by another rule: %s\n%s", a.Status, a.body)
	}
	frozen := w.save(t, cookie, "Frozen <b>", "static", "g1=lead_creation.source:is:newsletter")
	w.save(t, cookie, "Letters", "dynamic", "g1=lead_creation.source:is:newsletter&counts=leads&range=all")
	a = w.get(t, "/console/selections", cookie)
	if !strings.Contains(a.body, "Frozen &lt;b&gt;") || !strings.Contains(a.body, "Lead creation: source is “newsletter”") || !strings.Contains(a.body, ">Static, ") {
		t.Errorf("the selections lack something:\n%s", a.body)
	}
	if b := w.get(t, "/console/selections", w.signIn(t, acmeViewer)); strings.Contains(b.body, "/remove") || !strings.Contains(b.body, "Letters") {
		t.Error("a viewer is shown changes, or nothing")
	}
	for path, form := range map[string]url.Values{
		"name": {"over": {"9"}, "name": {"Other"}}, "remove": {"over": {"9"}},
	} {
		if a := w.post(t, "/console/selections/"+frozen+"/"+path, cookie, form); a.StatusCode != http.StatusConflict || !strings.Contains(a.body, "Somebody else changed this") {
			t.Errorf("%s over another version: %s", path, a.Status)
		}
	}
	if a := w.post(t, "/console/selections/"+frozen+"/copy", cookie, url.Values{"name": {"Letters"}}); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "of this name already") {
		t.Errorf("a copy under a name that is taken: %s", a.Status)
	}
	for path, form := range map[string]url.Values{"name": {"over": {"1"}, "name": {"Frozen"}}, "copy": {"name": {"Another"}}} {
		if a := w.post(t, "/console/selections/"+frozen+"/"+path, cookie, form); a.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %s", path, a.Status)
		}
	}
	if a := w.post(t, "/console/selections/"+frozen+"/remove", cookie, url.Values{"over": {"2"}}); a.StatusCode != http.StatusSeeOther {
		t.Errorf("remove: %s", a.Status)
	}
	if a := w.get(t, boardPath(people.SelectionID(frozen)), cookie); a.StatusCode != http.StatusNotFound {
		t.Errorf("the board of a removed selection: %s", a.Status)
	}
}

func checkContactStory(t *testing.T, w *contactsWorld) {
	cookie := w.signIn(t, acmeMarketer)
	a := w.get(t, "/console/contacts/"+w.ada(), cookie)
	for _, want := range []string{"Lead status", "Open", "Forms sent", "Visits", "Why this source?", "The last touch that is not direct.", "lovelace-orchards.example"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the card lacks %q", want)
		}
	}
	if strings.Contains(a.body, "/erase") {
		t.Error("who may not erase is led there")
	}
	a = w.post(t, "/console/contacts/"+w.ada()+"/status", cookie, url.Values{"over": {"0"}, "status": {"qualified"}})
	if a.StatusCode != http.StatusSeeOther {
		t.Fatalf("a status: %s", a.Status)
	}
	a = w.post(t, "/console/contacts/"+w.ada()+"/status", w.signIn(t, acmeAdmin), url.Values{"over": {"0"}, "status": {"contacting"}})
	if a.StatusCode != http.StatusConflict || !strings.Contains(a.body, "marketer@acme.example has moved this contact meanwhile: it is in Qualified now") {
		t.Errorf("the second of two: %s", a.Status)
	}
	a = w.get(t, "/console/contacts/"+w.ada(), cookie)
	if !strings.Contains(a.body, "Open → <strong>Qualified</strong>") {
		t.Error("the history lacks the change")
	}
	hostile := w.get(t, "/console/contacts/"+string(w.hostile), cookie)
	if !strings.Contains(hostile.body, "What was typed") || !strings.Contains(hostile.body, "typed@contact.example") {
		t.Error("what was typed is not there")
	}
}

func checkErase(t *testing.T, w *contactsWorld) {
	cookie, path := w.signIn(t, acmeAdmin), "/console/contacts/"+w.ada()
	if a := w.get(t, path+"/erase", cookie); a.StatusCode != http.StatusOK || !strings.Contains(a.body, "Yes, erase this person") {
		t.Errorf("the question: %s", a.Status)
	}
	if a := w.post(t, path+"/erase", cookie, url.Values{}); a.StatusCode != http.StatusUnprocessableEntity || len(w.persons.erased) != 0 {
		t.Errorf("without a tick: %s, erased %v", a.Status, w.persons.erased)
	}
	if a := w.get(t, path+"/export", cookie); a.StatusCode != http.StatusOK || a.body != "{}" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the export: %s %s", a.Status, a.body)
	}
	want := schema.Person{Site: "acme", Contact: schema.ContactID(w.ada())}
	if a := w.post(t, path+"/erase", cookie, url.Values{"sure": {"yes"}}); a.StatusCode != http.StatusSeeOther || !slices.Equal(w.persons.erased, []schema.Person{want}) || !slices.Equal(w.persons.exported, []schema.Person{want}) {
		t.Errorf("%s, erased %v, exported %v", a.Status, w.persons.erased, w.persons.exported)
	}
	for _, path := range []string{"/console/contacts/nobody/erase", "/console/contacts/nobody/export"} {
		if a := w.get(t, path, cookie); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, a.Status)
		}
	}
	if a := w.post(t, "/console/contacts/nobody/erase", cookie, url.Values{"sure": {"yes"}}); a.StatusCode != http.StatusNotFound || len(w.persons.erased) != 1 {
		t.Errorf("nobody: %s", a.Status)
	}
}

func checkStatusesPage(t *testing.T, w *contactsWorld) {
	cookie := w.signIn(t, acmeAdmin)
	form := url.Values{"over": {"0"}}
	for i, status := range people.DefaultStatuses() {
		form.Add("id", string(status.ID))
		form.Add("name", status.Name)
		form.Add("colour", status.Colour)
		form.Add("place", string(rune('1'+i)))
	}
	form["id"], form["name"], form["colour"], form["place"] = append(form["id"], ""), append(form["name"], "open"), append(form["colour"], "pink"), append(form["place"], "2")
	if a := w.post(t, "/console/statuses", cookie, form); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "Two statuses are called open") {
		t.Errorf("two of one name: %s", a.Status)
	}
	form["name"][5] = "Waiting <b>"
	if a := w.post(t, "/console/statuses", cookie, form); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s\n%s", a.Status, a.body)
	}
	if a := w.post(t, "/console/statuses", cookie, form); a.StatusCode != http.StatusConflict {
		t.Errorf("the second of two: %s", a.Status)
	}
	now, err := w.console.config.People.Statuses(t.Context(), "acme")
	if err != nil || len(now.List) != 6 || now.List[2].Name != "Waiting <b>" || now.List[2].Colour != "pink" {
		t.Errorf("%+v, %v", now, err)
	}
	if a := w.get(t, "/console/statuses", cookie); !strings.Contains(a.body, "Waiting &lt;b&gt;") {
		t.Error("the page lacks the new one")
	}
	if err := w.console.config.People.SetStatuses(t.Context(), "test", "acme", now.Version, people.DefaultStatuses()); err != nil {
		t.Fatal(err)
	}
}

func checkCompanies(t *testing.T, w *contactsWorld) {
	cookie := w.signIn(t, acmeViewer)
	a := w.get(t, "/console/companies?search=LOVELACE", cookie)
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, "lovelace-orchards.example") || strings.Contains(a.body, "company1.example") {
		t.Errorf("found %s\n%s", a.Status, a.body)
	}
	if a := w.get(t, "/console/companies?search=%3Cscript%3E", cookie); !strings.Contains(a.body, "No company is called like this") || !strings.Contains(a.body, "&lt;script&gt;") {
		t.Errorf("found nothing: %s", a.Status)
	}
	a = w.get(t, "/console/company?id=domain%3Alovelace-orchards.example", cookie)
	for _, want := range []string{"Company source", "facebook", "Lead status", w.ada()} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the company's card lacks %q: %s", want, a.Status)
		}
	}
	if a := w.get(t, "/console/company?id=domain%3Anone.example", cookie); a.StatusCode != http.StatusNotFound {
		t.Errorf("a company that is none: %s", a.Status)
	}
}

// Nothing of acme's is shown, changed or erased by who looks at another site.
func checkNoOtherSite(t *testing.T, w *contactsWorld) {
	own := w.signIn(t, acmeMarketer)
	selection := w.save(t, own, "Only acme's", "static", "g1=origin:is:lead")
	cookie := w.signIn(t, otherAdmin)
	for _, path := range []string{"/console/contacts", "/console/contacts?g1=selection:is:" + selection, "/console/contacts.csv", "/console/companies", "/console/selections", "/console/contacts/" + w.ada(),
		"/console/company?id=domain%3Alovelace-orchards.example", boardPath(people.SelectionID(selection)), "/console/contacts/" + w.ada() + "/erase", "/console/contacts/" + w.ada() + "/export"} {
		a := w.get(t, path, cookie)
		if strings.Contains(a.body, "linkedin") || strings.Contains(a.body, "acme’s") || strings.Contains(a.body, "Only acme") || strings.Contains(a.body, "lovelace-orchards.example</") {
			t.Errorf("%s shows another site's data", path)
		}
	}
	erased := len(w.persons.erased)
	for path, form := range map[string]url.Values{
		"/console/contacts/" + w.ada() + "/status": {"over": {"0"}, "status": {"disqualified"}}, "/console/contacts/" + w.ada() + "/erase": {"sure": {"yes"}},
		"/console/selections/" + selection + "/remove": {"over": {"1"}}, "/console/selections/" + selection + "/board": {"over": {"0"}, "sort": {"deals"}},
	} {
		if a := w.post(t, path, cookie, form); a.StatusCode < 400 {
			t.Errorf("%s: %s", path, a.Status)
		}
	}
	saved, err := w.console.config.People.Selection(t.Context(), "acme", people.SelectionID(selection))
	if err != nil || saved.Version != 1 || len(w.persons.erased) != erased {
		t.Errorf("the selection is %+v, %v; erased %d", saved, err, len(w.persons.erased)-erased)
	}
}
