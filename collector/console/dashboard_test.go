package console

import (
	"encoding/csv"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/headwater/headwater/collector/reports"
)

// sampleStand serves the sample, and returns a session of it.
func sampleStand(t *testing.T) (*stand, string) {
	t.Helper()
	s := newLiveStand(t)
	sample := newSampler(t, testSites()[0])
	sample.sample()
	s.insert(t, sample.records)
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

// sum adds a column of whole numbers up.
func (g grid) sum(t *testing.T, column int) int64 {
	t.Helper()
	total := int64(0)
	for _, row := range g.rows {
		total += wholeNumber(t, row[column])
	}
	return total
}

func wholeNumber(t *testing.T, text string) int64 {
	t.Helper()
	n := int64(0)
	for _, digit := range strings.ReplaceAll(text, ",", "") {
		if digit < '0' || digit > '9' {
			t.Fatalf("%q is not a whole number", text)
		}
		n = n*10 + int64(digit-'0')
	}
	return n
}

// Every tile counts the same leads, its rows add up to them, and "(unattributed)" is one of its rows; with a filter too.
// Numbers link to lists that have the same numbers, and files hold what the tiles do.
func TestDashboard(t *testing.T) {
	s, cookie := sampleStand(t)
	page := func(query string) string {
		a := s.get(t, "/console/dashboard?"+query, cookie)
		if a.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", a.Status, a.body)
		}
		return a.body
	}
	all := page("range=90d&data_point=company_source&credit=last")
	t.Run("adds up", func(t *testing.T) { checkTilesAddUp(t, all, false) })
	t.Run("adds up, filtered", func(t *testing.T) {
		checkTilesAddUp(t, page("range=90d&compare=none&where=medium%3Apaid-social&where=source%3Alinkedin"), true)
	})
	t.Run("drills down", func(t *testing.T) { checkDrillDown(t, s, cookie, all) })
	t.Run("csv", func(t *testing.T) { checkDashboardCSV(t, s, cookie) })
}

func checkTilesAddUp(t *testing.T, body string, filtered bool) {
	t.Helper()
	grids := gridsOf(body)
	if len(grids["leads-over-time"].total) < 3 {
		t.Fatalf("no leads over time: %v", grids["leads-over-time"])
	}
	want := grids["leads-over-time"].total[1]
	if wholeNumber(t, want) < 10 {
		t.Errorf("the sample has more than %s leads", want)
	}
	for _, tile := range dashboardTiles {
		g := grids[tile.id]
		if tile.id == "won-by-lead-creation" {
			if got := g.sum(t, 1); got != wholeNumber(t, g.total[1]) {
				t.Errorf("%s: rows have %d won deals, the total %s", tile.id, got, g.total[1])
			}
			continue
		}
		if filtered && strings.Contains(tile.id, "form") {
			if !strings.Contains(body, "the filter does not apply") {
				t.Errorf("%s does not say that the filter does not apply", tile.id)
			}
			continue
		}
		// A filter is about the touch of a data point: under another point it is about other leads.
		samePoint := !filtered || !strings.Contains(tile.id, "first-touch")
		leads := g.column("Leads")
		if leads < 0 || samePoint && g.total[leads] != want || g.sum(t, leads) != wholeNumber(t, g.total[leads]) {
			t.Errorf("%s: rows %v, total %v, want %s leads", tile.id, g.rows, g.total, want)
		}
		if !strings.Contains(tile.id, "form") && !strings.Contains(strings.Join(g.head, "|")+labels(g), "(unattributed)") {
			t.Errorf("%s lacks (unattributed): %v %v", tile.id, g.head, g.rows)
		}
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
	href := regexp.MustCompile(`<a href="(/console/sources\?[^"]*where=campaign[^"]*)"`).FindStringSubmatch(page)
	if href == nil || len(g.rows) == 0 {
		t.Fatalf("no link from a campaign:\n%v", g)
	}
	address := html.UnescapeString(href[1])
	listed := s.get(t, address, cookie)
	foot := footPattern.FindStringSubmatch(listed.body)
	if foot == nil || !strings.Contains(foot[1], ">"+g.rows[0][1]+"<") {
		t.Errorf("%s has not the %s leads of %s:\n%v", address, g.rows[0][1], g.rows[0][0], foot)
	}
	// The filter is said on the page, stays with its form, and can be removed.
	if !strings.Contains(listed.body, `name="where" value="campaign:`+html.EscapeString(g.rows[0][0])+`"`) || !strings.Contains(listed.body, "Remove the filter Campaign") {
		t.Error("the page of sources does not show the filter")
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	file := s.get(t, "/console/sources.csv?"+u.RawQuery, cookie)
	if !strings.HasPrefix(file.body, "source,medium,content,visitors,leads") {
		t.Errorf("the file begins %.80q", file.body)
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
		if got := speakers(t).match("en", "").changeOf(c.now, c.before); got != c.want {
			t.Errorf("%d after %d: %v", c.now, c.before, got)
		}
	}
}

func TestLiftText(t *testing.T) {
	for _, c := range []struct {
		lift, low, high any
		want            string
	}{
		{1.31, 1.08, 1.62, "become deals 1.3× as often as the rest, 95 % 1.1–1.6"},
		{0.5, 0.31, 0.82, "become deals 0.50× as often as the rest, 95 % 0.31–0.82"},
		{1.1, 0.8, 1.5, "1.1× the rest, which may be chance, 95 % 0.80–1.5"},
		{0.0, nil, nil, "no deal yet"},
		{nil, nil, nil, "nothing to compare with yet"},
	} {
		if got := liftText(c.lift, c.low, c.high); got != c.want {
			t.Errorf("%v: %q, want %q", c.lift, got, c.want)
		}
	}
}

func checkDashboardCSV(t *testing.T, s *stand, cookie string) {
	t.Helper()
	for _, tile := range []dashboardTile{dashboardTiles[0], dashboardTiles[2], dashboardTiles[7]} {
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
	if a := s.get(t, "/console/dashboard.csv?tile=nothing", cookie); a.StatusCode != http.StatusNotFound {
		t.Errorf("a tile that is none: %s", a.Status)
	}
	for _, query := range []string{"where=nonsense%3Ax", "where=source", "dimension=x&value=y"} {
		if a := s.get(t, "/console/dashboard?"+query, cookie); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "This filter cannot be read") {
			t.Errorf("%s: %s", query, a.Status)
		}
	}
}
