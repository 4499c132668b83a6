package reports

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/collector/models"
	"github.com/headwater/headwater/schema"
)

// TestSettledTablesSayWhatTheRecordsSay gives a site its records a few at a time, in any order, some twice, some judged in between, settles now
// and then, and holds every report from the settled tables against the same from the records.
func TestSettledTablesSayWhatTheRecordsSay(t *testing.T) {
	conn := database(t)
	first := *seed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	for i := range uint64(*seeds) {
		t.Run(fmt.Sprintf("seed=%d", first+i), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(first+i, 2))
			world := sparseWorld(random, schema.SiteID(fmt.Sprintf("settled-%d", first+i)), 1+int((first+i)%2)*3)
			records := world.records()
			random.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
			for step := 0; len(records) > 0; step++ {
				some := records[:min(len(records), 1+random.IntN(60))]
				records = records[len(some):]
				insertShuffled(t, conn, some)
				if step%4 == 3 {
					world.judgeSome(t, conn, random)
				}
				if random.IntN(3) == 0 {
					names := settledNames()
					checkSettled(t, conn, world.site, random, names[random.IntN(len(names))])
				}
			}
			world.judge(t, conn)
			checkSettled(t, conn, world.site, random, settledNames()...)
			if err := Settle(t.Context(), conn, world.site, true); err != nil {
				t.Fatal(err)
			}
			checkSettled(t, conn, world.site, random, settledNames()...)
		})
	}
}

func settledNames() (names []string) {
	for _, name := range Names() {
		if settled[name] {
			names = append(names, name)
		}
	}
	return names
}

// checkSettled compares reports from both sources, under random parameters.
func checkSettled(t *testing.T, conn driver.Conn, site schema.SiteID, random *rand.Rand, names ...string) {
	t.Helper()
	s := settler{conn: conn, site: site, margin: readMargin}
	current, err := s.settle(t.Context())
	if err == nil && !current { // it has never been
		err = Settle(t.Context(), conn, site, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		for _, p := range someParams(t, conn, name, site, random) {
			a, err := p.checked(name)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if len(a.By) == 0 {
				a.By = wholeTouch()
			}
			got, want := from(t, conn, name, a, fromSettled), from(t, conn, name, a, fromRecords)
			if got != want {
				t.Errorf("%s %+v: from the settled tables\n%sfrom the records\n%s", name, p, got, want)
			}
			if name == "compare_models" {
				checkSettledSteps(t, conn, a)
			}
		}
	}
}

// checkSettledSteps compares what Markov's chain is made of.
func checkSettledSteps(t *testing.T, conn driver.Conn, a asked) {
	t.Helper()
	var texts [2]string
	for i, from := range []source{fromSettled, fromRecords} {
		counted, err := queryStepsFrom(t.Context(), conn, a, from)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for outcome, of := range counted {
			for _, one := range of.rows {
				lines = append(lines, fmt.Sprintf("%s %q %q %v %s %d %d %s\n", outcome, one.before, one.next, one.ended, one.currency, one.conversions, one.losses, one.amount))
			}
		}
		slices.Sort(lines)
		texts[i] = strings.Join(lines, "")
	}
	if texts[0] != texts[1] {
		t.Errorf("steps of %+v: from the settled tables\n%sfrom the records\n%s", a.Params, texts[0], texts[1])
	}
}

func from(t *testing.T, conn driver.Conn, name string, a asked, from source) string {
	t.Helper()
	result, err := queryFrom(context.Background(), conn, name, a, from)
	if err != nil {
		t.Fatal(err)
	}
	return tsv(result)
}

// sparseWorld is several random worlds side by side, whose people hardly know each other: most changes concern few.
func sparseWorld(random *rand.Rand, site schema.SiteID, worlds int) *given {
	all := &given{site: site}
	for number := range worlds {
		one := randomWorld(random, site)
		move := mover{random: random, worlds: worlds, number: number}
		for _, touch := range one.Touches {
			move.visitor(&touch.VisitorID)
		}
		for _, sent := range one.Submissions {
			move.visitor(&sent.VisitorID)
			move.contact(&sent.ContactID)
			move.company(&sent.CompanyID)
		}
		for _, contact := range one.Contacts {
			move.contact(&contact.ContactID)
			move.company(&contact.CompanyID)
			contact.CRMID += fmt.Sprint("-", number)
		}
		for _, company := range one.Companies {
			move.importedCompany(company)
		}
		for _, deal := range one.Deals {
			deal.DealID += schema.DealID(fmt.Sprint("-", number))
			move.contact(&deal.ContactID)
			move.company(&deal.CompanyID)
			if deal.ContactCRMID != "" {
				deal.ContactCRMID += fmt.Sprint("-", number)
			}
		}
		all.Touches, all.Submissions = append(all.Touches, one.Touches...), append(all.Submissions, one.Submissions...)
		all.Contacts, all.Companies = append(all.Contacts, one.Contacts...), append(all.Companies, one.Companies...)
		all.Deals, all.Verdicts = append(all.Deals, one.Deals...), append(all.Verdicts, one.Verdicts...)
	}
	return all
}

// mover gives the people of a world names of their own, and now and then those of another world.
type mover struct {
	random         *rand.Rand
	worlds, number int
}

func (m mover) suffix() string {
	if m.random.IntN(25) == 0 {
		return fmt.Sprint("-", m.random.IntN(m.worlds))
	}
	return fmt.Sprint("-", m.number)
}

func (m mover) visitor(id *schema.VisitorID) {
	if *id != "" {
		*id = schema.VisitorID(word(string(*id) + m.suffix()))
	}
}

func (m mover) contact(id *schema.ContactID) {
	if *id != "" {
		*id += schema.ContactID(m.suffix())
	}
}

func (m mover) company(id *schema.CompanyID) {
	if *id != "" {
		*id += schema.CompanyID(m.suffix())
	}
}

func (m mover) importedCompany(company *schema.Company) {
	suffix := m.suffix()
	for _, text := range []*string{&company.CRMID, &company.Domain, &company.Name, &company.NameKey} {
		if *text != "" {
			*text += suffix
		}
	}
	company.CompanyID = schema.CompanyID(string(company.CompanyID) + suffix)
}

// judgeSome gives a few of the world's verdicts, on records that may not be there yet.
func (g *given) judgeSome(t *testing.T, conn driver.Conn, random *rand.Rand) {
	t.Helper()
	some := *g
	from := random.IntN(len(g.Verdicts))
	some.Verdicts = g.Verdicts[from:min(from+3, len(g.Verdicts))]
	some.judge(t, conn)
}

// someParams are two random sets of parameters for a report.
func someParams(t *testing.T, conn driver.Conn, name string, site schema.SiteID, random *rand.Rand) []Params {
	t.Helper()
	var all []Params
	for range 2 {
		p := Params{Site: site, Credit: Credits()[random.IntN(2)], LookbackDays: 1 + random.IntN(6)}
		for _, taken := range Takes(name) {
			switch taken {
			case "by":
				if name == "leads_over_time" {
					p.By = Dimensions()[:random.IntN(2)]
				} else {
					p.By = Dimensions()[random.IntN(3) : 3+random.IntN(4)]
				}
			case "data_point":
				p.DataPoint = DataPoints()[random.IntN(4)]
			case "from":
				if random.IntN(2) == 0 {
					p.From, p.To = rangeFrom, rangeTo
				}
			case "grain":
				p.Grain = Grains()[random.IntN(3)]
			case "limit":
				p.Limit = 1000
			case "currency":
				p.Currency = []string{"", "EUR"}[random.IntN(2)]
			case "outcome":
				p.Outcome = Outcomes()[random.IntN(len(Outcomes()))]
			case "model":
				p.Model = models.All()[random.IntN(6)] // of those that are SQL
			case "transforms":
				p.Transforms = Transforms()[random.IntN(3) : random.IntN(2)+3]
			case "losses":
				p.Losses = []Losses{ExcludeLosses, IncludeLosses}[random.IntN(2)]
			case "order":
				p.Order = 1 + random.IntN(2)
			case "contact":
				p.Contact = schema.ContactID(anyOne(t, conn, site, "contact_id", random))
			case "company":
				p.Company = schema.CompanyID(anyOne(t, conn, site, "company_id", random))
			}
		}
		all = append(all, p)
	}
	return all
}

// anyOne is one of the values of a column that are in the site's submissions.
func anyOne(t *testing.T, conn driver.Conn, site schema.SiteID, column string, random *rand.Rand) string {
	t.Helper()
	var values []string
	query := "SELECT arraySort(groupUniqArray(" + column + ")) FROM submissions WHERE site_id = '" + string(site) + "' AND " + column + " != ''"
	if err := conn.QueryRow(t.Context(), query).Scan(&values); err != nil {
		t.Fatal(err)
	}
	if len(values) == 0 {
		return "nobody"
	}
	return values[random.IntN(len(values))]
}
