package console

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/shopspring/decimal"

	kept "github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/browser"
)

// until waits for a condition in the page, for at most 20 s. (chromedp.Poll makes a function of text, which the policy
// of the page forbids.)
func until(t *testing.T, tab context.Context, condition string) {
	t.Helper()
	script := `new Promise(done => {
		const end = Date.now() + 20000, look = () => (` + condition + `) ? done(true) : Date.now() > end ? done(false) : setTimeout(look, 20);
		look();
	})`
	if !evaluate[bool](t, tab, script) {
		t.Fatalf("waited in vain for %s\n%s", condition, evaluate[string](t, tab, `document.body.innerText`))
	}
}

// A new lead appears on the open page by itself, is announced, and the first one replaces the empty state.
func TestLeadAppearsByItself(t *testing.T) {
	tab := browser.ForTest(t)
	s := newLiveStand(t)
	s.enter(t, tab)
	run(t, tab, chromedp.Navigate(s.URL+"/console/leads"), chromedp.WaitReady(chromedp.CSS("#no-leads:not([hidden])")))
	until(t, tab, `document.getElementById("live").textContent === "Live"`)
	sample := newSampler(t, testSites()[0])
	sample.story()
	s.insert(t, sample.records[:2]) // its two touches
	s.insert(t, sample.records[2:3])
	sent := time.Now()
	until(t, tab, `document.querySelectorAll("[data-live] li").length === 1`)
	t.Logf("the lead was shown %s after it was stored", time.Since(sent).Round(time.Millisecond))
	row := evaluate[string](t, tab, `document.querySelector("[data-live] li").innerText`)
	for _, want := range []string{"New lead", "6 Mar 2026, 10:45", "linkedin", "paid-social · spring-planning", "Lead creation", "facebook", "webinar"} {
		if !strings.Contains(row, want) {
			t.Errorf("the row lacks %q:\n%s", want, row)
		}
	}
	if evaluate[bool](t, tab, `document.getElementById("no-leads").checkVisibility()`) {
		t.Error("the empty state is still there")
	}
	if news := evaluate[string](t, tab, `document.querySelector("[aria-live=polite]").textContent`); news != "New lead: facebook, form webinar" {
		t.Errorf("announced: %q", news)
	}
	s.insert(t, sample.records[3:])
	until(t, tab, `document.querySelectorAll("[data-live] li").length === 2`)
	// What the script added is what the server renders.
	script := evaluate[string](t, tab, `[...document.querySelectorAll("[data-live] li")].map(li => li.classList.remove("fresh") || li.outerHTML).join("\n")`)
	run(t, tab, chromedp.Reload(), chromedp.WaitReady(chromedp.CSS("[data-live] li")))
	server := evaluate[string](t, tab, `[...document.querySelectorAll("[data-live] li")].map(li => li.outerHTML).join("\n")`)
	if script != server {
		t.Errorf("the script shows\n%s\nand the server\n%s", script, server)
	}
}

// A person without a mouse signs in, chooses dimensions, reads the table and signs out.
func TestKeyboardAlone(t *testing.T) {
	tab := browser.ForTest(t)
	s := newLiveStand(t)
	s.withPassword(t, acmeAdmin)
	sample := newSampler(t, testSites()[0])
	sample.story()
	s.fill(t, sample.records)
	focus := func() string {
		return evaluate[string](t, tab, `(e => e.id || e.name && e.name + "=" + e.value || e.textContent.trim())(document.activeElement)`)
	}
	press := func(keys string) { t.Helper(); run(t, tab, chromedp.KeyEvent(keys)) }
	tabTo := func(name string) {
		t.Helper()
		for range 60 {
			press(kb.Tab)
			if focus() == name {
				if style := evaluate[string](t, tab, `getComputedStyle(document.activeElement.matches(".chip input") ? document.activeElement.nextElementSibling : document.activeElement).outlineStyle`); style != "solid" {
					t.Errorf("%s has the focus, but no outline: %s", name, style)
				}
				return
			}
		}
		t.Fatalf("no way to %s by the Tab key", name)
	}
	run(t, tab, chromedp.Navigate(s.URL+"/console/sources"), chromedp.WaitReady(chromedp.CSS("#password")))
	if got := focus(); got != "email" {
		t.Errorf("the focus of the sign-in page is on %q", got)
	}
	press(acmeAdmin + kb.Tab + goodPassword + kb.Enter)
	run(t, tab, chromedp.WaitReady(chromedp.CSS("table.report")))
	press(kb.Tab)
	if got := focus(); got != "Skip to the content" {
		t.Errorf("the first Tab leads to %q", got)
	}
	tabTo("by=campaign")
	press(" ")
	press(kb.Enter)
	run(t, tab, chromedp.WaitReady(chromedp.CSS("table.report thead th.word:nth-child(2)")))
	if head := evaluate[string](t, tab, `document.querySelector("thead").innerText.replace(/\s+/g, " ").trim()`); !strings.HasPrefix(head, "Source Campaign Visitors Leads") {
		t.Errorf("columns: %s", head)
	}
	if path := evaluate[string](t, tab, `location.search`); strings.Contains(path, "Preset") || !strings.Contains(path, "by=source&by=campaign") {
		t.Errorf("address: %s", path)
	}
	tabTo("Sign out")
	press(kb.Enter)
	run(t, tab, chromedp.WaitReady(chromedp.CSS(".door")))
	if got := evaluate[string](t, tab, `document.querySelector("[role=status]").textContent`); got != "You are signed out." {
		t.Errorf("after signing out: %q", got)
	}
}

// polyglots break out of every place where text may stand, if anything does.
var polyglots = []string{
	`"><img src=x onerror=alert(1)>`,
	`'"></title></style></textarea></script><svg onload=alert(2)>`,
	"jaVasCript:/*-/*`/*\\`/*'/*\"/**/(/* */oNcliCk=alert(3) )//%0D%0A%0d%0a//</stYle/</titLe/</teXtarEa/</scRipt/--!>\\x3csVg/<sVg/oNloAd=alert(3)//>\\x3e",
	`{{constructor.constructor('alert(4)')()}}${alert(4)}`,
	`</template><script>alert(5)</script><!--`,
	"=cmd|'/c calc'!A1",
	`javascript:alert(6)`,
	"\u202e\u2066<script>alert(7)</script>\u0000\u2028",
	`x' style='position:fixed;inset:0' onmouseover='alert(8)`,
	`<iframe srcdoc="<script>parent.alert(9)</script>">`,
	`<a href="data:text/html,<script>alert(10)</script>">x</a>` + strings.Repeat("wide", 100),
}

// hostile fills every text of a touch that pages show.
func hostile(text string) schema.Touch {
	return schema.Touch{
		UTMSource: text, UTMMedium: text, UTMCampaign: text, UTMTerm: text, UTMContent: text,
		Source: text, Medium: text, Campaign: text, Term: text, Content: text, Channel: schema.Channel(text), ReferrerDomain: text,
		LandingPage: text, Referrer: text,
	}
}

// hostileRecords are a lead, a conversion and a won deal for each polyglot. Nothing of them went through the collector,
// which would have refused or cleaned most.
func hostileRecords(s *sampler) {
	for i, text := range polyglots {
		at := testNow.Add(-time.Duration(i+1) * time.Hour)
		touch := hostile(text)
		touch.TouchID, touch.OccurredAt = schema.TouchID(s.uuid()), at
		visitor := schema.VisitorID(s.uuid())
		s.records = append(s.records, &schema.TouchRecord{SiteID: s.site.ID, VisitorID: visitor, Touch: touch, ReceivedAt: at})
		email := "hostile" + string(rune('a'+i)) + "@hostile.example"
		contact := schema.NewContactID(s.site.ContactKey(testSecret), email)
		for n := range 2 {
			sent := at.Add(time.Duration(n+1) * time.Minute)
			s.records = append(s.records, &schema.Submission{
				SiteID: s.site.ID, SubmissionID: schema.SubmissionID(s.uuid()), VisitorID: visitor, Form: schema.FormID(text), Page: text,
				OccurredAt: sent, ContactID: contact, CompanyID: schema.CompanyID("name:" + text), CompanyName: text,
				FirstTouch: touch, LatestTouch: touch, ReceivedAt: sent,
			})
		}
		s.records = append(s.records, &schema.Deal{
			SiteID: s.site.ID, DealID: schema.DealID(text), ChangeID: s.uuid(), Status: schema.DealWon, Stage: text, Currency: text,
			Amount: decimal.NewFromInt(7), ContactID: contact, CreatedAt: at, WonAt: at, ChangedAt: at, ReceivedAt: at,
		})
	}
}

// alarms counts what must not happen: a dialog, a violation of the policy, an uncaught error.
type alarms struct {
	mu   sync.Mutex
	seen []string
}

func (a *alarms) add(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = append(a.seen, text)
}

func (a *alarms) take() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	seen := a.seen
	a.seen = nil
	return seen
}

func watch(t *testing.T, tab context.Context) *alarms {
	t.Helper()
	a := &alarms{}
	err := chromedp.Listen(tab, func(event any) {
		switch event := event.(type) {
		case *page.EventJavascriptDialogOpening:
			a.add("dialog: " + event.Message)
			go func() {
				_, _ = chromedp.Call(tab, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
			}()
		case *runtime.EventExceptionThrown:
			a.add("exception: " + event.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			for _, argument := range event.Args {
				if strings.Contains(string(argument.Value), "violation") {
					a.add(string(argument.Value))
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = chromedp.Call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `addEventListener("securitypolicyviolation", e => console.error("violation of " + e.violatedDirective + " by " + e.blockedURI + " " + e.sample))`,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSecurityStoredXSS(t *testing.T) {
	tab := browser.ForTest(t)
	s := newLiveStand(t)
	alarm := watch(t, tab)
	s.enter(t, tab)
	// The alarms work: an inline style is reported, and so is a dialog.
	run(t, tab, chromedp.Evaluate[chromedp.Void](`document.body.setAttribute("style", "color: red"); alert("test")`))
	settle(t, tab)
	if seen := strings.Join(alarm.take(), "\n"); !strings.Contains(seen, "dialog: test") || !strings.Contains(seen, "violation") {
		t.Fatalf("the alarms do not work: %q", seen)
	}
	run(t, tab, chromedp.EmulateViewport(390, 844), chromedp.Navigate(s.URL+"/console/leads"))
	until(t, tab, `document.getElementById("live").textContent === "Live"`)
	sample := newSampler(t, testSites()[0])
	hostileRecords(sample)
	s.insert(t, sample.records)
	until(t, tab, `document.querySelectorAll("[data-live] li").length === `+strconv.Itoa(2*len(polyglots))) // by the script
	checkHostile(t, tab, alarm, "leads, by the script")
	s.settleSites(t)
	for _, text := range polyglots { // also what colleagues type
		if _, err := s.settings.NewKey(t.Context(), text, "acme", text); err != nil {
			t.Fatal(err)
		}
	}
	everything := url.Values{"by": {"source", "medium", "campaign", "term", "content", "referrer_domain", "channel"}}.Encode()
	paths := []string{"/console/dashboard?range=90d", "/console/dashboard?range=90d&credit=linear&data_point=conversion&where=source%3A" + url.QueryEscape(polyglots[0]), "/console/sources?" + everything, "/console/leads", "/console/forms", "/console/referrers", "/console/settings", "/console/settings/history",
		"/console/sources?from=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&by=%22%3E%3Cscript%3E&data_point=%22%3E%3Cscript%3E&credit=%3Cscript%3E",
		"/console/sign-in?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/console/contacts/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E", "/console/%3Cscript%3Ealert(1)%3C%2Fscript%3E"}
	paths = append(paths, s.hostileDecisions(t)...)
	for i := range polyglots {
		paths = append(paths, companyPath(schema.CompanyID("name:"+polyglots[i])))
		email := "hostile" + string(rune('a'+i)) + "@hostile.example"
		paths = append(paths, "/console/contacts/"+string(schema.NewContactID(sample.site.ContactKey(testSecret), email)))
	}
	for _, path := range paths {
		run(t, tab, chromedp.Navigate(s.URL+path), chromedp.WaitReady(chromedp.CSS("main")))
		run(t, tab, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
		checkHostile(t, tab, alarm, path)
	}
}

// hostileDecisions are what people may type into the console itself; it returns the pages that show it.
func (s *stand) hostileDecisions(t *testing.T) []string {
	t.Helper()
	people, by := s.console.config.People, string(s.user(t, acmeAdmin).ID)
	statuses := kept.DefaultStatuses()
	for i := range statuses {
		statuses[i].Name = schema.CutText(polyglots[i], 59)
	}
	if err := people.SetStatuses(t.Context(), by, "acme", 0, statuses); err != nil {
		t.Fatal(err)
	}
	criteria := url.Values{}
	paths := []string{"/console/contacts", "/console/companies", "/console/selections", "/console/statuses"}
	for i, text := range polyglots[:6] {
		q := kept.Query{Criteria: kept.Criteria{{{Field: "lead_creation.source", Op: kept.IsNot, Value: text}}}}
		id, err := people.Save(t.Context(), by, kept.Site{ID: "acme", Zone: time.UTC, LookbackDays: 30}, schema.CutText(text, 119), q, i%2 == 0)
		if err != nil {
			t.Fatal(err)
		}
		criteria.Add("g1", "company:is_not:"+text)
		if i == 0 {
			if err := people.SetBoard(t.Context(), by, "acme", id, 0, kept.Board{Group: "lead_creation.source", Sort: "created", Filter: q.Criteria[0]}); err != nil {
				t.Fatal(err)
			}
			paths = append(paths, boardPath(id))
		}
	}
	return append(paths, "/console/contacts?"+criteria.Encode(), "/console/contacts?"+url.Values{"g1": polyglots}.Encode(), "/console/companies?"+url.Values{"search": {polyglots[0]}}.Encode())
}

// settle returns after the page has rendered and handled what was queued before, so that its events are in.
func settle(t *testing.T, tab context.Context) {
	t.Helper()
	evaluate[bool](t, tab, `new Promise(done => requestAnimationFrame(() => setTimeout(() => done(true))))`)
}

// checkHostile holds that a page shows foreign text as text, in its place.
func checkHostile(t *testing.T, tab context.Context, alarm *alarms, path string) {
	t.Helper()
	settle(t, tab)
	strangers := evaluate[int](t, tab, `document.querySelectorAll("main img, main iframe, main script, main style, main [onload], main [onerror], main [onmouseover], main a:not([href^='/console/'])").length`)
	if strangers != 0 {
		t.Errorf("%s: %d elements come from the data", path, strangers)
	}
	if wide := evaluate[int](t, tab, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
		t.Errorf("%s: the page is %d px too wide", path, wide)
	}
	if seen := alarm.take(); len(seen) > 0 {
		t.Errorf("%s: %d alarms: %s", path, len(seen), strings.Join(seen, "\n"))
	}
}
