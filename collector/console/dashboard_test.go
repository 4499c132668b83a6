package console

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"html"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/collector/models"
	"github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// sampleStand serves the sample, and returns a session of it.
func sampleStand(t *testing.T) (*stand, string) {
	t.Helper()
	s := newLiveStand(t)
	sample := newSampler(t, testSites()[0])
	sample.sample()
	s.fill(t, sample.records)
	return s, s.signIn(t, acmeViewer)
}

var (
	tilePattern = regexp.MustCompile(`(?s)<section class="card flush dash[^>]* id="([a-z-]+)".*?</section>`)
	headPattern = regexp.MustCompile(`(?s)<thead>(.*?)</thead>`)
	bodyPattern = regexp.MustCompile(`(?s)<tbody>(.*?)</tbody>`)
	footPattern = regexp.MustCompile(`(?s)<tfoot>(.*?)</tfoot>`)
	rowPattern  = regexp.MustCompile(`(?s)<tr[^>]*>(.*?)</tr>`)
	cellPattern = regexp.MustCompile(`(?s)<t[hd][^>]*>(.*?)</t[hd]>`)
	sharePart   = regexp.MustCompile(`(?s)<span class="(?:share|words quiet)">.*?</span>`)
	tagPattern  = regexp.MustCompile(`(?s)<[^>]*>`)
)

// grid is a tile's table as text: the head, the rows, and the total.
type grid struct {
	head, total []string
	rows        [][]string
}

func gridsOf(page string) map[string]grid {
	grids := map[string]grid{}
	for _, tile := range tilePattern.FindAllStringSubmatch(page, -1) {
		part := func(pattern *regexp.Regexp) [][]string {
			var rows [][]string
			for _, found := range pattern.FindAllStringSubmatch(tile[0], 1) {
				for _, row := range rowPattern.FindAllStringSubmatch(found[1], -1) {
					var cells []string
					for _, cell := range cellPattern.FindAllStringSubmatch(row[1], -1) {
						cells = append(cells, strings.TrimSpace(html.UnescapeString(tagPattern.ReplaceAllString(sharePart.ReplaceAllString(cell[1], ""), ""))))
					}
					rows = append(rows, cells)
				}
			}
			return rows
		}
		g := grid{rows: part(bodyPattern)}
		if head, foot := part(headPattern), part(footPattern); len(head) == 1 && len(foot) == 1 {
			g.head, g.total = head[0], foot[0]
		}
		grids[tile[1]] = g
	}
	return grids
}

func (g grid) column(name string) int {
	for i, head := range g.head {
		if head == name {
			return i
		}
	}
	return -1
}

// written is a number as the page writes it in English; false for what is none, such as "–" or money.
func written(text string) (decimal.Decimal, bool) {
	n, err := decimal.NewFromString(strings.ReplaceAll(text, ",", ""))
	return n, err == nil
}

// checkSum holds a column's rows against its total.
func (g grid) checkSum(t *testing.T, what string, column int) {
	t.Helper()
	total, isNumber := written(g.total[column])
	if !isNumber {
		t.Errorf("%s: the total of %s is %q", what, g.head[column], g.total[column])
		return
	}
	sum := decimal.Zero
	for _, row := range g.rows {
		n, isNumber := written(row[column])
		if !isNumber {
			t.Errorf("%s: %q in %s of %s", what, row[column], g.head[column], row[0])
		}
		sum = sum.Add(n)
	}
	if !sum.Equal(total) {
		t.Errorf("%s: the rows of %s sum to %s, the total is %s:\n%v", what, g.head[column], sum, total, g.rows)
	}
}

// Every tile counts the same leads, its rows add up to them, and "(unattributed)" is one of its rows; with a filter too.
// Numbers link to lists that have the same numbers, and files hold what the tiles do.
func TestDashboard(t *testing.T) {
	s, cookie := sampleStand(t)
	all := s.dashboard(t, cookie, "range=90d&data_point=company_source&credit=last")
	t.Run("adds up", func(t *testing.T) { checkTiles(t, "all", all, false) })
	t.Run("drills down", func(t *testing.T) { checkDrillDown(t, s, cookie, all) })
	t.Run("csv", func(t *testing.T) { checkDashboardCSV(t, s, cookie) })
	t.Run("deals", func(t *testing.T) { checkBehindDeals(t, s, cookie) })
}

func (s *stand) dashboard(t *testing.T, cookie, query string) string {
	t.Helper()
	a := s.get(t, "/console/dashboard?"+query, cookie)
	if a.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s", query, a.Status, a.body)
	}
	return a.body
}

// TestDashboardAddsUp asks random dashboards of random data.
func TestDashboardAddsUp(t *testing.T) {
	s := newLiveStand(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	sample := newSampler(t, testSites()[0])
	sample.random = random
	sample.sample()
	hostileRecords(sample)
	s.fill(t, sample.records)
	cookie := s.signIn(t, acmeViewer)
	oneOf := func(values ...string) string { return values[random.IntN(len(values))] }
	rules := []string{"last", "last_non_direct"}
	for _, model := range sharing {
		rules = append(rules, model.Value)
	}
	random.Shuffle(len(rules), func(i, j int) { rules[i], rules[j] = rules[j], rules[i] })
	for i := range 3 {
		query := url.Values{
			"range": {oneOf("30d", "90d", "year", "all", "last-month")}, "compare": {oneOf("previous", "year", "none")}, "credit": {rules[i]},
			"data_point": {oneOf("first_touch", "lead_creation", "conversion", "company_source")},
		}
		for range random.IntN(3) {
			query.Add("where", oneOf("source:linkedin", "medium:paid-social", "medium:(not set)", "channel:(unattributed)", "campaign:"+polyglots[0], "referrer_domain:www.google.com"))
		}
		checkTiles(t, query.Encode(), s.dashboard(t, cookie, query.Encode()), query.Has("where"))
	}
}

// otherLeads are the tiles that a filter leaves out, and those that count by a data point of their own: under a filter that is about
// other leads.
var otherLeads = []string{"top-forms", "form-leads", "paths", "leads-by-first-touch", "leads-by-lead-creation", "models", "leads-by-campaign", "leads-by-source", "referring-sites", "costs"}

// ratios are columns that have no sum.
var ratios = []string{"Days, median", "Rate, 95 %", "ROAS", "Cost per lead", "Won amount", "Open amount", "Spend"}

func checkTiles(t *testing.T, what, body string, filtered bool) {
	t.Helper()
	grids := gridsOf(body)
	want := ""
	if over := grids["leads-over-time"]; len(over.total) > 1 {
		want = over.total[1]
	}
	for _, tile := range dashboardTiles {
		g := grids[tile.id]
		if !strings.Contains(body, `id="`+tile.id+`"`) {
			if tile.hidden == nil {
				t.Errorf("%s: no tile %s", what, tile.id)
			}
			continue
		}
		for column := 1; column < len(g.head); column++ {
			if !slices.Contains(ratios, g.head[column]) {
				g.checkSum(t, what+": "+tile.id, column)
			}
		}
		leads := g.column("Leads")
		if leads >= 0 && want != "" && g.total[leads] != want && !(filtered && slices.Contains(otherLeads, tile.id)) {
			t.Errorf("%s: %s has %s leads of %s", what, tile.id, g.total[leads], want)
		}
		if len(g.rows) > 0 && !strings.Contains(tile.id, "form") && !strings.Contains(strings.Join(g.head, "|")+labels(g), "(unattributed)") {
			t.Errorf("%s: %s lacks (unattributed): %v %v", what, tile.id, g.head, g.rows)
		}
	}
	if filtered && !strings.Contains(body, "the filter does not apply") {
		t.Errorf("%s: no tile says that the filter does not apply", what)
	}
}

func labels(g grid) string {
	var b strings.Builder
	for _, row := range g.rows {
		b.WriteString("|" + row[0])
	}
	return b.String()
}

func checkDrillDown(t *testing.T, s *stand, cookie, page string) {
	t.Helper()
	g := gridsOf(page)["leads-by-campaign"]
	href := regexp.MustCompile(`<a href="(/console/contacts\?[^"]*credit=last[^"]*campaign[^"]*)"`).FindStringSubmatch(page)
	if href == nil || len(g.rows) == 0 {
		t.Fatalf("no link from a campaign:\n%v", g)
	}
	people := s.get(t, html.UnescapeString(href[1]), cookie)
	if !strings.Contains(people.body, "<strong>"+g.rows[0][1]+" contacts</strong>") || !strings.Contains(people.body, "Placed by the last visit") {
		t.Errorf("%s does not list the %s leads of %s", href[1], g.rows[0][1], g.rows[0][0])
	}

	g = gridsOf(page)["referring-sites"]
	href = regexp.MustCompile(`<a href="(/console/sources\?[^"]*where=referrer_domain[^"]*)"`).FindStringSubmatch(page)
	if href == nil || len(g.rows) == 0 {
		t.Fatalf("no link from a referrer:\n%v", g)
	}
	address := html.UnescapeString(href[1])
	listed := s.get(t, address, cookie)
	foot := footPattern.FindStringSubmatch(listed.body)
	if foot == nil || !strings.Contains(foot[1], ">"+g.rows[0][2]+"<") {
		t.Errorf("%s has not the %s visitors of %s:\n%v", address, g.rows[0][2], g.rows[0][0], foot)
	}
	// The filter is said on the page, stays with its form, and can be removed.
	if !strings.Contains(listed.body, `name="where" value="referrer_domain:`+html.EscapeString(g.rows[0][0])+`"`) || !strings.Contains(listed.body, "Remove the filter Referrer domain") {
		t.Error("the page of sources does not show the filter")
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	file := s.get(t, "/console/sources.csv?"+u.RawQuery, cookie)
	if !strings.HasPrefix(file.body, "source,medium,visitors,leads") {
		t.Errorf("the file begins %.80q", file.body)
	}
}

// buyers are people who came back between their lead and their deal, and after it; and one whom the CRM knew, of a company that came by itself.
// Nobody has two deals, so that there are as many people as deals.
func (s *sampler) buyers() {
	at := func(days int) time.Time { return testNow.AddDate(0, 0, -days) }
	for i := range 7 {
		visitor, email := s.uuid(), fmt.Sprintf("buyer%d@bought%d.example", i, i)
		came := s.touch(visitor, at(20), schema.Touch{UTMSource: "linkedin"})
		contact := s.submit(visitor, email, "signup", at(20), came, came)
		if i > 0 {
			came = s.touch(visitor, at(10), schema.Touch{UTMSource: []string{"newsletter", "google"}[i%2], UTMMedium: "email"})
			s.submit(visitor, email, "webinar", at(10), came, came)
		}
		s.deal("bought-"+email, contact, []schema.DealStatus{schema.DealWon, schema.DealOpen}[i%2], "10", "EUR", at(5))
		came = s.touch(visitor, at(2), schema.Touch{UTMSource: "too-late"})
		s.submit(visitor, email, "webinar", at(2), came, came)
	}
	known := schema.NewContactID(s.site.ContactKey(testSecret), "known@bought1.example")
	s.records = append(s.records, &schema.Contact{SiteID: s.site.ID, ImportID: s.uuid(), ContactID: known, CRMID: "known", CreatedAt: at(15), ReceivedAt: at(15)})
	s.deal("bought-by-known", known, schema.DealWon, "10", "EUR", at(4))
	s.records[len(s.records)-1].(*schema.Deal).CompanyID = "domain:bought1.example"
}

// checkBehindDeals follows every number of deals, of every data point, to as many people.
func checkBehindDeals(t *testing.T, s *stand, cookie string) {
	sample := newSampler(t, testSites()[0])
	sample.random = rand.New(rand.NewPCG(3, 4))
	sample.buyers()
	s.insert(t, sample.records)
	site := testSites()[0]
	if err := reports.Settle(t.Context(), s.store.Conn(), site.ID, true); err != nil { // which makes so many questions quick
		t.Fatal(err)
	}
	for _, credit := range []reports.Credit{reports.LastNonDirect, reports.Last} {
		checkBehind(t, s, cookie, dashboardQuery{days: dateRange{Preset: "custom", From: "2026-02-11", To: "2026-03-12"}, credit: credit})
	}
}

func checkBehind(t *testing.T, s *stand, cookie string, q dashboardQuery) {
	site := testSites()[0]
	of := people.Site{ID: site.ID, Zone: zoneOf(&site), LookbackDays: site.LookbackDays}
	placed := map[string]int64{}
	for _, point := range []reports.DataPoint{reports.FirstTouch, reports.LeadCreation, reports.Conversion, reports.CompanySource} {
		params := reports.Params{Site: site.ID, Zone: zoneName(&site), LookbackDays: site.LookbackDays, DataPoint: point, By: []reports.Dimension{reports.BySource}, Credit: q.credit}
		params.From, params.To = q.days.bounds()
		result, err := reports.Run(t.Context(), s.store.Conn(), "source_breakdown", params)
		if err != nil {
			t.Fatal(err)
		}
		for i := range result.Rows {
			if point != reports.Conversion && i > 0 && i < len(result.Rows)-1 { // the first, and (unattributed), are enough
				continue
			}
			label := text(result.Value(i, "source"))
			for _, column := range []string{"leads", "deals", "won_deals"} {
				want, _ := result.Value(i, column).(int64)
				if want == 0 || column == "won_deals" && point != reports.Conversion {
					continue
				}
				u, err := url.Parse(q.behind(column, point, filter{{reports.BySource, label}}, reports.BySource))
				if err != nil {
					t.Fatal(err)
				}
				behind := s.console.readContacts(u.Query(), &session{site: &site})
				if got, err := s.console.config.People.Count(t.Context(), of, behind.Query); err != nil || got != want {
					t.Errorf("%d %s by %s of %s, behind them are %d people, %v: %s", want, column, point, label, got, err, u)
				}
				placed[string(point)+" "+column+" "+label] = want
			}
		}
	}
	for what, want := range map[string]int64{"conversion deals newsletter": 3, "conversion deals google": 3, "conversion won_deals newsletter": 3, "conversion deals too-late": 0} {
		if placed[what] != want {
			t.Errorf("%s: %d, want %d", what, placed[what], want)
		}
	}
	// A reader is told what is listed.
	page := s.get(t, q.behind("deals", reports.Conversion, filter{{reports.BySource, "google"}}, reports.BySource), cookie)
	if !strings.Contains(page.body, "Deal, Conversion: source") || strings.Contains(page.body, "Deal, First touch: source") {
		t.Errorf("the page of contacts does not say which deals: %s", page.Status)
	}
}

func TestDashboardCompares(t *testing.T) {
	for _, c := range []struct{ from, to, before, year string }{
		{"2026-03-10", "2026-03-12", "2026-03-07 2026-03-09", "2025-03-10 2025-03-12"},
		{"2026-02-01", "2026-03-31", "2025-12-01 2026-01-31", "2025-02-01 2025-03-31"},
		{"2024-02-29", "2024-02-29", "2024-02-28 2024-02-28", "2023-02-28 2023-02-28"},
		{"2026-03-29", "2026-03-29", "2026-03-28 2026-03-28", "2025-03-29 2025-03-29"}, // a day of 23 hours in Oslo
	} {
		r := dateRange{Preset: "custom", From: c.from, To: c.to}
		if got, ok := r.timeBefore(); !ok || got.From+" "+got.To != c.before {
			t.Errorf("before %v: %v", r, got)
		}
		if got, ok := r.yearBefore(); !ok || got.From+" "+got.To != c.year {
			t.Errorf("a year before %v: %v", r, got)
		}
	}
	if got, ok := (dateRange{Preset: "all"}).timeBefore(); ok {
		t.Errorf("all time comes after %v", got)
	}
	for _, c := range []struct {
		now, before int64
		want        changeView
	}{{0, 0, changeView{"as many as before", "same"}}, {3, 0, changeView{"none before", "up"}}, {3, 2, changeView{"+50% from 2", "up"}}, {0, 4, changeView{"−100% from 4", "down"}}} {
		if got := speakers(t).match("en", "").change(c.now, c.before); got != c.want {
			t.Errorf("%d after %d: %v", c.now, c.before, got)
		}
	}
}

func TestLiftText(t *testing.T) {
	english := speakers(t).match("en", "")
	for _, c := range []struct {
		lift, low, high any
		want            string
	}{
		{1.31, 1.08, 1.62, "newsletter leads become deals 1.3× as often as the rest, 95 % 1.1–1.6"},
		{0.5, 0.31, 0.82, "newsletter leads become deals 0.50× as often as the rest, 95 % 0.31–0.82"},
		{1.1, 0.8, 1.5, "newsletter leads become deals 1.1× as often as the rest, which may be chance, 95 % 0.80–1.5"},
		{0.0, nil, nil, "no deal yet"},
		{nil, nil, nil, "nothing to compare with yet"},
	} {
		if got := english.lift("newsletter", c.lift, c.low, c.high); got != c.want {
			t.Errorf("%v: %q, want %q", c.lift, got, c.want)
		}
	}
}

// Parts that are rounded for the page add up to their rounded sum, and none is off by a tenth.
func TestShowable(t *testing.T) {
	for range 200 {
		var values []any
		sum := decimal.Zero
		for range 1 + rand.IntN(9) {
			part := decimal.New(rand.Int64N(40_000_000), -6)
			values, sum = append(values, part), sum.Add(part)
		}
		shown, total := showable(values, sum)
		again := decimal.Zero
		for i, value := range shown {
			again = again.Add(value.(decimal.Decimal))
			if off := value.(decimal.Decimal).Sub(values[i].(decimal.Decimal)).Abs(); !off.LessThan(decimal.New(1, -1)) {
				t.Errorf("%v is shown as %v", values[i], value)
			}
		}
		if !again.Equal(total.(decimal.Decimal)) || !again.Equal(sum.Round(1)) {
			t.Errorf("%v: shown %v, total %v", values, shown, total)
		}
	}
}

// A flow leaves nothing out: what arrives at the leads is all of them, and nothing lies over something else.
func TestFlow(t *testing.T) {
	english := speakers(t).match("en", "")
	result := &reports.Result{Columns: []string{"path", "touches", "leads"}}
	all := int64(0)
	for i, path := range []string{"a > b > c > d > e > f", "a", "b > a", "(unattributed)", "x > y > z", "one > with > arrows", "g", "h", "i", "j", "k"} {
		touches, leads := int64(strings.Count(path, " > ")+1), int64(3*i+1)
		if path == "(unattributed)" {
			touches = 0
		}
		if path == "one > with > arrows" {
			touches = 1
		}
		result.Rows = append(result.Rows, []any{path, touches, leads})
		all += leads
	}
	flow := english.flow(result)
	last := flow.Nodes[len(flow.Nodes)-1]
	if last.N != english.number(all) || !last.End {
		t.Errorf("%d leads, the flow ends at %+v", all, last)
	}
	width := 0.0
	for _, stream := range flow.Streams {
		width += stream.Width
	}
	for i, n := range flow.Nodes {
		if n.Y+n.Height > flow.Height || n.Height <= 0 {
			t.Errorf("%+v is not within %v", n, flow.Height)
		}
		if i > 0 && flow.Nodes[i-1].X == n.X && flow.Nodes[i-1].Y+flow.Nodes[i-1].Height > n.Y {
			t.Errorf("%+v lies over %+v", n, flow.Nodes[i-1])
		}
	}
	if width < last.Height {
		t.Errorf("streams are %v wide, the leads %v", width, last.Height)
	}
}

// assets/uplot.* are what the package has.
func TestChartsAreThoseOfThePackage(t *testing.T) {
	for asset, file := range map[string]string{"uplot.js": "uPlot.iife.min.js", "uplot.css": "uPlot.min.css"} {
		want, err := os.ReadFile(filepath.Join("uplot", "node_modules", "uplot", "dist", file))
		if err != nil {
			if os.Getenv("CI") != "true" {
				t.Skip("uPlot is not installed: make deps-test")
			}
			t.Fatal(err)
		}
		got, err := assetFiles.ReadFile("assets/" + asset)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("assets/%s is not uplot/node_modules/uplot/dist/%s (%v): copy it after a new version", asset, file, err)
		}
	}
}

func checkDashboardCSV(t *testing.T, s *stand, cookie string) {
	t.Helper()
	for _, tile := range []dashboardTile{dashboardTiles[0], dashboardTiles[2], dashboardTiles[6]} {
		a := s.get(t, "/console/dashboard.csv?range=90d&where=source%3Alinkedin&tile="+tile.id, cookie)
		rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
		if err != nil || a.StatusCode != http.StatusOK || len(rows) < 2 {
			t.Fatalf("%s: %s %v %v", tile.id, a.Status, err, rows)
		}
		if !strings.Contains(a.Header.Get("Content-Disposition"), tile.id) {
			t.Errorf("%s: called %s", tile.id, a.Header.Get("Content-Disposition"))
		}
		for i, column := range rows[0] {
			for _, row := range rows[1:] {
				if column == string(reports.BySource) && row[i] != "linkedin" {
					t.Errorf("%s: %v is not of linkedin", tile.id, row)
				}
			}
		}
	}
	funnel := s.get(t, "/console/dashboard.csv?range=90d&tile=funnel", cookie)
	if !strings.HasPrefix(funnel.body, "step,number,before\r\nvisitors,901,0\r\nleads,142,0\r\nqualified,0,0\r\ndeals,45,0\r\nwon_deals,25,0\r\n") {
		t.Errorf("the funnel's file is %q", funnel.body)
	}
	if a := s.get(t, "/console/dashboard.csv?tile=nothing", cookie); a.StatusCode != http.StatusNotFound {
		t.Errorf("a tile that is none: %s", a.Status)
	}
	for _, query := range []string{"where=nonsense%3Ax", "where=source", "dimension=x&value=y"} {
		if a := s.get(t, "/console/dashboard?"+query, cookie); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "This filter cannot be read") {
			t.Errorf("%s: %s", query, a.Status)
		}
	}
}

// The page asks these questions and no more: a tile that can be read from another's answer asks nothing of its own.
func TestDashboardQuestions(t *testing.T) {
	q := dashboardQuery{days: dateRange{Preset: "custom", From: "2026-03-01", To: "2026-03-30"}, compare: "previous", dataPoint: reports.LeadCreation, credit: reports.LastNonDirect}
	for _, c := range []struct {
		change func(*dashboardQuery)
		want   string
	}{
		{func(*dashboardQuery) {}, "source_breakdown pipeline source_breakdown<2026-01-30 pipeline<2026-01-30 leads_over_time source_breakdown source_breakdown<2026-01-30 " +
			"conversion_rate costs top_forms top_forms<2025-03-01 paths compare_models"},
		{func(q *dashboardQuery) { q.compare, q.dataPoint = "none", reports.FirstTouch },
			"source_breakdown pipeline leads_over_time source_breakdown conversion_rate pipeline costs top_forms top_forms<2025-03-01 paths compare_models"},
		{func(q *dashboardQuery) { q.compare, q.model = "none", models.Linear },
			"source_breakdown pipeline leads_over_time model_breakdown source_breakdown conversion_rate costs top_forms top_forms<2025-03-01 paths compare_models"},
	} {
		asked := q
		c.change(&asked)
		a := &asking{}
		a.askFunnel(asked)
		for _, tile := range dashboardTiles {
			if tile.hidden == nil || !tile.hidden(asked) {
				a.askAll(tile, asked)
			}
		}
		var got []string
		for _, p := range a.all {
			name := p.question.report
			if p.question.days != asked.days {
				name += "<" + p.question.days.From
			}
			got = append(got, name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("asked: %s\nwant:  %s", strings.Join(got, " "), c.want)
		}
	}
}

// A number leads to the people it counts, as README says of the addresses of contacts.
func TestWhoIsBehindANumber(t *testing.T) {
	q := dashboardQuery{days: dateRange{Preset: "30d"}, dataPoint: reports.LeadCreation, credit: reports.LastNonDirect, where: filter{{reports.ByMedium, "cpc"}}}
	only := q.where.with(reports.BySource, "a:b&c")
	last := q
	last.credit = reports.Last
	for _, c := range []struct {
		q      dashboardQuery
		column string
		point  reports.DataPoint
		want   string
	}{
		{q, "leads", reports.FirstTouch, "/console/contacts?counts=leads&g1=first_touch.source%3Ais%3Aa%3Ab%26c&g1=first_touch.medium%3Ais%3Acpc&range=30d"},
		{q, "leads", reports.Conversion, "/console/contacts?counts=leads&g1=lead_creation.source%3Ais%3Aa%3Ab%26c&g1=lead_creation.medium%3Ais%3Acpc&range=30d"},
		{q, "open_amount", reports.LeadCreation, "/console/contacts?counts=deals&g1=deal.lead_creation.source%3Ais%3Aa%3Ab%26c&g1=deal.lead_creation.medium%3Ais%3Acpc&g1=deal.status%3Ais%3Aopen&range=30d"},
		{q, "visitors", reports.LeadCreation, "/console/sources?by=medium&by=campaign&credit=last_non_direct&data_point=lead_creation&range=30d&where=source%3Aa%3Ab%26c&where=medium%3Acpc"},
		{last, "leads", reports.FirstTouch, "/console/contacts?counts=leads&g1=first_touch.source%3Ais%3Aa%3Ab%26c&g1=first_touch.medium%3Ais%3Acpc&range=30d"},
		{last, "leads", reports.LeadCreation, "/console/contacts?counts=leads&credit=last&g1=lead_creation.source%3Ais%3Aa%3Ab%26c&g1=lead_creation.medium%3Ais%3Acpc&range=30d"},
	} {
		if got := c.q.behind(c.column, c.point, only, reports.BySource); got != c.want {
			t.Errorf("%s by %s:\n%s, want\n%s", c.column, c.point, got, c.want)
		}
	}
	for model, want := range map[models.Model]string{
		models.Linear:        "/console/contacts?counts=leads&g1=path.source%3Ais%3Aa%3Ab%26c&g1=path.medium%3Ais%3Acpc&range=30d",
		models.First:         "/console/contacts?counts=leads&g1=path.source%3Ais%3Aa%3Ab%26c&g1=path.medium%3Ais%3Acpc&g1=path.place%3Ais%3A1&range=30d",
		models.Last:          "/console/contacts?counts=leads&g1=path.source%3Ais%3Aa%3Ab%26c&g1=path.medium%3Ais%3Acpc&g1=path.place_from_end%3Ais%3A1&range=30d",
		models.LastNonDirect: "/console/contacts?counts=leads&g1=path.source%3Ais%3Aa%3Ab%26c&g1=path.medium%3Ais%3Acpc&g1=path.last_non_direct%3Ais%3Ayes&range=30d",
	} {
		if got := q.behindShare(model, only); got != want {
			t.Errorf("%s: %s, want %s", model, got, want)
		}
	}
	if got, want := q.behindForm("conversions", "sign up"), "/console/contacts?counts=conversions&g1=sent_form%3Ais%3Asign+up&range=30d"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
