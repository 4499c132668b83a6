package reports

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/headwater/headwater/schema"
)

var update = flag.Bool("update", false, "write the *.want.tsv files from what the reports answer now, and remove those that nobody asks for")

const journeysFolder = "../../schema/testdata/journeys"

// given is a journey: what happened, and which reports are asked about it. See the README beside the journeys.
type given struct {
	Story       string                `json:"story"`
	Touches     []*schema.TouchRecord `json:"touches"`
	Submissions []*schema.Submission  `json:"submissions"`
	Contacts    []*schema.Contact     `json:"contacts"`
	Companies   []*schema.Company     `json:"companies"`
	Deals       []*schema.Deal        `json:"deals"`
	Spend       []*schema.Spend       `json:"spend"`
	Rates       []*schema.Rate        `json:"rates"`
	// OwnDomains and Campaigns are the site's.
	OwnDomains []string `json:"own_domains"`
	Campaigns  []string `json:"campaigns"`
	Crowds     []crowd  `json:"crowds"`
	// Verdicts are what an operator said of the records, in that order.
	Verdicts []verdict `json:"verdicts"`
	// Reports holds the parameters of each wanted result by its name: "<report>" or "<report>.<variant>".
	Reports map[string]map[string]string `json:"reports"`

	site schema.SiteID
}

// verdict is an operator's word about a touch or a submission, by its id.
type verdict struct {
	Touch      string `json:"touch"`
	Submission string `json:"submission"`
	Verdict    string `json:"verdict"` // clear, or a suspicion
}

// crowd is many leads that came alike, for journeys about rates: each with one touch and one submission, and the first
// Deals of them with one deal.
type crowd struct {
	Leads int           `json:"leads"`
	Deals int           `json:"deals"`
	Form  schema.FormID `json:"form"`
	Touch schema.Touch  `json:"touch"`
}

// TestJourneys loads all journeys into one database, each as a site of its own, and compares every report that they ask for.
func TestJourneys(t *testing.T) {
	conn := database(t)
	journeys := readJourneys(t)
	for _, journey := range journeys {
		insert(t, conn, journey.records())
		journey.judge(t, conn)
	}
	for _, journey := range journeys {
		t.Run(string(journey.site), func(t *testing.T) {
			t.Parallel()
			journey.compare(t, conn)
		})
	}
}

func (g *given) compare(t *testing.T, conn driver.Conn) {
	folder := filepath.Join(journeysFolder, string(g.site))
	wanted := map[string]bool{"given.json": true}
	for _, name := range sortedNames(g.Reports) {
		file := name + ".want.tsv"
		wanted[file] = true
		report, _, _ := strings.Cut(name, ".")
		result, err := Run(context.Background(), conn, report, g.params(t, g.Reports[name]))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := []byte(tsv(result))
		if *update {
			if err := os.WriteFile(filepath.Join(folder, file), got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			t.Errorf("%v (run with -update, then check the file by hand)", err)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s\ngot:\n%swant:\n%s", name, got, want)
		}
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !wanted[file.Name()] && *update && strings.HasSuffix(file.Name(), ".want.tsv") {
			if err := os.Remove(filepath.Join(folder, file.Name())); err != nil {
				t.Error(err)
			}
		} else if !wanted[file.Name()] {
			t.Errorf("%s: nobody asks for this file: delete it, or name it under reports in given.json", file.Name())
		}
	}
}

func (g *given) params(t *testing.T, texts map[string]string) Params {
	t.Helper()
	values := map[string][]string{"site": {string(g.site)}}
	for name, text := range texts {
		values[name] = []string{text}
	}
	p, err := ParseParams(values)
	if err != nil {
		t.Fatal(err)
	}
	p.OwnDomains, p.Campaigns = g.OwnDomains, g.Campaigns
	return p
}

func readJourneys(t *testing.T) []*given {
	t.Helper()
	folders, err := os.ReadDir(journeysFolder)
	if err != nil {
		t.Fatal(err)
	}
	var journeys []*given
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(journeysFolder, folder.Name(), "given.json"))
		if err != nil {
			t.Fatal(err)
		}
		journey := &given{site: schema.SiteID(folder.Name())}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(journey); err != nil {
			t.Fatalf("%s: %v", folder.Name(), err)
		}
		if len(journey.Reports) == 0 {
			t.Errorf("%s asks for no report", folder.Name())
		}
		journey.complete()
		journeys = append(journeys, journey)
	}
	if len(journeys) == 0 {
		t.Fatal("no journeys")
	}
	return journeys
}

// complete fills in what a journey may leave out, so that it reads as a story: the site, the times of receipt, and UUIDs
// for ids that are plain words.
func (g *given) complete() {
	for i, crowd := range g.Crowds {
		crowd.join(g, i)
	}
	for _, touch := range g.Touches {
		touch.SiteID = g.site
		touch.VisitorID = schema.VisitorID(word(string(touch.VisitorID)))
		completeTouch(&touch.Touch)
		setDefault(&touch.ReceivedAt, touch.OccurredAt)
	}
	for _, sent := range g.Submissions {
		sent.SiteID = g.site
		sent.SubmissionID = schema.SubmissionID(word(string(sent.SubmissionID)))
		sent.VisitorID = schema.VisitorID(word(string(sent.VisitorID)))
		completeTouch(&sent.FirstTouch)
		completeTouch(&sent.LatestTouch)
		setDefault(&sent.ReceivedAt, sent.OccurredAt)
	}
	for i, contact := range g.Contacts {
		contact.SiteID = g.site
		setDefault(&contact.ImportID, word(fmt.Sprint("contact ", i)))
		setDefault(&contact.ReceivedAt, contact.CreatedAt)
	}
	for i, company := range g.Companies {
		company.SiteID = g.site
		setDefault(&company.ImportID, word(fmt.Sprint("company ", i)))
		setDefault(&company.ReceivedAt, company.CreatedAt)
	}
	for i, deal := range g.Deals {
		deal.SiteID = g.site
		setDefault(&deal.ChangeID, word(fmt.Sprint("change ", i)))
		setDefault(&deal.ReceivedAt, deal.ChangedAt)
	}
	for _, spend := range g.Spend {
		spend.SiteID = g.site
		setDefault(&spend.ReceivedAt, spend.Date)
	}
	for _, rate := range g.Rates {
		rate.SiteID = g.site
		setDefault(&rate.ReceivedAt, rate.Date)
	}
}

func (c crowd) join(g *given, number int) {
	for i := range c.Leads {
		who := fmt.Sprintf("crowd %d, lead %d", number, i)
		touch := c.Touch
		touch.TouchID = schema.TouchID(who)
		at := touch.OccurredAt.Add(time.Minute)
		g.Touches = append(g.Touches, &schema.TouchRecord{VisitorID: schema.VisitorID(who), Touch: touch})
		g.Submissions = append(g.Submissions, &schema.Submission{
			SubmissionID: schema.SubmissionID(who), VisitorID: schema.VisitorID(who), ContactID: schema.ContactID(who),
			Form: c.Form, OccurredAt: at, FirstTouch: touch, LatestTouch: touch,
		})
		if i < c.Deals {
			g.Deals = append(g.Deals, &schema.Deal{
				DealID: schema.DealID(who), Status: schema.DealOpen, ContactID: schema.ContactID(who), ChangedAt: at.Add(time.Hour),
			})
		}
	}
}

func completeTouch(touch *schema.Touch) {
	touch.TouchID = schema.TouchID(word(string(touch.TouchID)))
	if touch.Present() && touch.Source == "" {
		touch.Source, touch.Medium, touch.Channel = "(direct)", "(none)", schema.ChannelDirect
	}
}

// word returns a UUID as it is, and one that stands for any other text.
func word(text string) string {
	if text == "" || uuid.Validate(text) == nil {
		return text
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(text)).String()
}

func (g *given) records() []schema.Record {
	var records []schema.Record
	for _, touch := range g.Touches {
		records = append(records, touch)
	}
	for _, sent := range g.Submissions {
		records = append(records, sent)
	}
	for _, contact := range g.Contacts {
		records = append(records, contact)
	}
	for _, company := range g.Companies {
		records = append(records, company)
	}
	for _, deal := range g.Deals {
		records = append(records, deal)
	}
	for _, spend := range g.Spend {
		records = append(records, spend)
	}
	for _, rate := range g.Rates {
		records = append(records, rate)
	}
	return records
}

// judge gives the journey's verdicts, as `headwater suspects` does.
func (g *given) judge(t *testing.T, conn driver.Conn) {
	t.Helper()
	for i, v := range g.Verdicts {
		table, id := "touches", v.Touch
		if v.Touch == "" {
			table, id = "submissions", v.Submission
		}
		text, err := fs.ReadFile(schema.Judging, "suspects/judge_"+table+".sql")
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 6, 1, 12, 0, i, 0, time.UTC)
		ctx := clickhouse.Context(context.Background(), clickhouse.WithParameters(clickhouse.Parameters{
			"site": string(g.site), "verdict": v.Verdict, "judged_at": schema.BindTime(at), "since": schema.BindTime(earliest),
			"until": schema.BindTime(latest), "reason": "", "source": "", "referrer_domain": "", "form": "", "ids": "['" + word(id) + "']",
		}), clickhouse.WithSettings(clickhouse.Settings{"insert_deduplicate": 0}))
		if err := conn.Exec(ctx, string(text)); err != nil {
			t.Fatalf("%s: %v", g.site, err)
		}
	}
}

// believed is the journey without what is under suspicion after all verdicts.
func (g *given) believed() *given {
	last := map[string]string{}
	for _, v := range g.Verdicts {
		last[word(v.Touch+v.Submission)] = v.Verdict
	}
	doubted := func(id string, suspect schema.Suspicion) bool {
		if said := last[id]; said != "" {
			return said != schema.VerdictClear
		}
		return suspect != ""
	}
	rest := *g
	rest.Touches = slices.DeleteFunc(slices.Clone(g.Touches), func(r *schema.TouchRecord) bool { return doubted(string(r.TouchID), r.Suspect) })
	rest.Submissions = slices.DeleteFunc(slices.Clone(g.Submissions), func(r *schema.Submission) bool { return doubted(string(r.SubmissionID), r.Suspect) })
	return &rest
}

// tsv writes a result for comparison: columns, rows and, where there are any, the totals.
func tsv(r *Result) string {
	lines := [][]string{r.Columns}
	for _, row := range r.Rows {
		lines = append(lines, tsvCells(row))
	}
	if r.Totals != nil {
		totals := tsvCells(r.Totals)
		totals[0] = "TOTAL"
		lines = append(lines, totals)
	}
	var b strings.Builder
	for _, cells := range lines {
		b.WriteString(strings.Join(cells, "\t") + "\n")
	}
	return b.String()
}

func tsvCells(row []any) []string {
	cells := make([]string, len(row))
	for i, value := range row {
		switch value := value.(type) {
		case string:
			cells[i] = strings.NewReplacer("\\", "\\\\", "\t", "\\t", "\n", "\\n").Replace(value)
		case time.Time:
			cells[i] = value.Format(time.RFC3339)
		default:
			cells[i] = cellText(value)
		}
	}
	return cells
}

// sortedNames keeps the order of subtests the same in every run.
func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
