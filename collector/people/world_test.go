package people

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

var testNow = time.Date(2026, 3, 12, 9, 41, 7, 0, time.UTC)

var acme = Site{ID: "acme", Zone: time.UTC, LookbackDays: 30}

// stand is people over an empty database of the real engine.
type stand struct {
	*People
	store *store.Store
	clock *collectortest.Clock
}

func newStand(t *testing.T) *stand {
	t.Helper()
	s, err := store.Open(t.Context(), collectortest.ClickHouse(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(t.Context(), store.MigrateConfig{RetentionMonths: 600}); err != nil {
		t.Fatal(err)
	}
	clock := collectortest.SteppingClock(testNow, time.Millisecond)
	return &stand{New(s.Conn(), desk.New(s, clock.Now), clock.Now), s, clock}
}

// known is what the test knows of a contact by itself.
type known struct {
	id          schema.ContactID
	created     time.Time
	sent        []sentForm
	deals       []*schema.Deal
	status      StatusID
	statusSince time.Time
	company     string
}

type sentForm struct {
	form string
	at   time.Time
}

// world is a random site in which everybody meets everybody.
type world struct {
	*rand.Rand
	records  []schema.Record
	touches  map[schema.VisitorID][]schema.Touch
	contacts map[schema.ContactID]*known
}

func newWorld(seed uint64) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 7)), touches: map[schema.VisitorID][]schema.Touch{}, contacts: map[schema.ContactID]*known{}}
	for range 50 {
		w.arrive()
	}
	for range 45 {
		w.submit()
	}
	for i := range 8 {
		contact := w.contact()
		at := w.time()
		w.records = append(w.records, &schema.Contact{SiteID: acme.ID, ImportID: w.uuid(), ContactID: contact, CRMID: fmt.Sprint("c", i), CreatedAt: at, ReceivedAt: at})
		w.knows(contact, at)
	}
	for i := range 25 {
		w.deal(i)
	}
	return w
}

func (w *world) pick(choices ...string) string { return choices[w.IntN(len(choices))] }
func (w *world) time() time.Time {
	return testNow.AddDate(0, 0, -20).Add(time.Duration(w.IntN(19*24)) * time.Hour)
}
func (w *world) contact() schema.ContactID {
	return schema.ContactID(fmt.Sprintf("contact%02d", w.IntN(30)))
}

func (w *world) uuid() string {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(w.IntN(256))
	}
	return id.String()
}

func (w *world) visitor() schema.VisitorID {
	return schema.VisitorID(uuid.NewSHA1(uuid.NameSpaceOID, []byte(w.pick("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"))).String())
}

var oddWords = []string{"", "", "LinkedIn", "linkedin", "google", "Köln, Halle 7", `it's \ "quoted"`, "{x:String}", "webinar", "Webinar-Sept", "100%"}

func (w *world) arrive() {
	t := schema.Touch{TouchID: schema.TouchID(w.uuid()), OccurredAt: w.time()}
	t.Source, t.Medium, t.Campaign, t.Channel = "(direct)", "(none)", "", "Direct"
	if w.IntN(4) > 0 {
		t.Source, t.Medium, t.Campaign, t.Channel = w.pick("linkedin", "google", "newsletter"), w.pick("cpc", "email", ""), w.pick(oddWords...), schema.Channel(w.pick("Paid Social", "Email"))
		t.Term, t.Content, t.ReferrerDomain = w.pick(oddWords...), w.pick("", "a"), w.pick("", "google.com")
	}
	visitor := w.visitor()
	w.touches[visitor] = append(w.touches[visitor], t)
	w.records = append(w.records, &schema.TouchRecord{SiteID: acme.ID, VisitorID: visitor, Touch: t, ReceivedAt: t.OccurredAt})
}

func (w *world) submit() {
	contact, at, form := w.contact(), w.time(), w.pick("signup", "webinar")
	s := &schema.Submission{SiteID: acme.ID, SubmissionID: schema.SubmissionID(w.uuid()), Form: schema.FormID(form), OccurredAt: at, ReceivedAt: at, ContactID: contact}
	s.CompanyID = schema.CompanyID(w.pick("", "domain:a.example", "name:bolt & co"))
	if w.IntN(4) > 0 {
		s.VisitorID = w.visitor()
	}
	if w.IntN(8) == 0 {
		s.Suspect = schema.SuspectBot
	} else {
		k := w.knows(contact, at)
		k.sent = append(k.sent, sentForm{form, at})
	}
	w.records = append(w.records, s)
}

func (w *world) knows(contact schema.ContactID, at time.Time) *known {
	k := w.contacts[contact]
	if k == nil {
		k = &known{id: contact, created: at, status: StatusOpen}
		w.contacts[contact] = k
	}
	if at.Before(k.created) {
		k.created = at
	}
	return k
}

func (w *world) deal(i int) {
	contact, at := w.contact(), w.time()
	d := &schema.Deal{
		SiteID: acme.ID, DealID: schema.DealID(fmt.Sprint("deal", i)), ChangeID: w.uuid(), Status: schema.DealStatus(w.pick("open", "won", "lost")),
		Stage: w.pick("", "demo", "Offer, final"), ContactID: contact, CreatedAt: at, ChangedAt: at, ReceivedAt: at,
		CompanyID: schema.CompanyID(w.pick("", "", "domain:a.example", "name:bolt & co")),
	}
	if w.IntN(4) > 0 {
		d.Amount, d.Currency = decimal.New(int64(w.IntN(500_000)), -2), w.pick("EUR", "USD")
	}
	if d.Status == schema.DealWon {
		d.WonAt = at.Add(5 * time.Hour)
	}
	if k := w.contacts[contact]; k != nil {
		k.deals = append(k.deals, d)
	}
	w.records = append(w.records, d)
}

var tablesOf = map[schema.Kind]string{schema.KindTouch: "touches", schema.KindSubmission: "submissions", schema.KindContact: "contacts", schema.KindDeal: "deals"}

func (s *stand) insert(t *testing.T, records []schema.Record) {
	t.Helper()
	parts := map[string][]any{}
	for _, record := range records {
		table := tablesOf[record.Kind()]
		month := record.PartitionTime().UTC().Format("200601")
		parts[table+" "+month] = append(parts[table+" "+month], record)
	}
	for at, rows := range parts {
		if err := s.store.Insert(t.Context(), at[:len(at)-7], uuid.NewString(), rows); err != nil {
			t.Fatal(err)
		}
	}
}

// decide sets lead statuses of some.
func (s *stand) decide(t *testing.T, w *world) {
	t.Helper()
	for _, id := range sortedContacts(w) {
		k := w.contacts[id]
		k.statusSince = k.created
		if w.IntN(2) == 0 {
			continue
		}
		k.status = DefaultStatuses()[w.IntN(5)].ID
		if err := s.Move(t.Context(), "ada", acme, k.id, 0, k.status); err != nil {
			t.Fatal(err)
		}
		now, err := s.Contact(t.Context(), acme, k.id)
		if err != nil {
			t.Fatal(err)
		}
		k.statusSince = now.StatusSince
	}
}

func sortedContacts(w *world) []schema.ContactID {
	var ids []schema.ContactID
	for id := range w.contacts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// card is a contact as its card says, which the list must agree with.
type card struct {
	*known
	points      map[string][]string // dimensions by data point, absent where no touch is known
	conversions []conversionPoint
	lead        bool
	form        string
	companies   map[schema.CompanyID][]string // the company source of each, of which all cards know
}

// dealTouch is the touch by which a deal of the contact is placed under a data point, nil for none.
func (c *card) dealTouch(point string, d *schema.Deal) []string {
	switch own := c.points[point]; {
	case point == "conversion":
		var latest []string
		for _, conversion := range c.conversions { // in the order of time
			if !conversion.at.After(d.CreatedAt) {
				latest = conversion.dimensions
			}
		}
		return latest
	case point == "company_source" && d.CompanyID != "", own == nil && point != "company_source":
		return c.companies[d.CompanyID]
	default:
		return own
	}
}

type conversionPoint struct {
	at         time.Time
	dimensions []string
}

func (s *stand) cards(t *testing.T, w *world) []*card {
	t.Helper()
	var all []*card
	for _, id := range sortedContacts(w) {
		result, err := reports.ContactCard(context.Background(), s.conn, reports.Params{Site: acme.ID, Contact: id, LookbackDays: acme.LookbackDays})
		if err != nil {
			t.Fatal(err)
		}
		c := &card{known: w.contacts[id], points: map[string][]string{}}
		for i := range result.Rows {
			point, _ := result.Value(i, "data_point").(string)
			status, _ := result.Value(i, "status").(string)
			at, _ := result.Value(i, "occurred_at").(time.Time)
			var dimensions []string
			if status == "attributed" {
				for _, name := range Dimensions() {
					value, _ := result.Value(i, name).(string)
					dimensions = append(dimensions, value)
				}
			}
			switch {
			case point == "conversion":
				c.conversions = append(c.conversions, conversionPoint{at, dimensions})
				continue
			case point == "lead_creation":
				c.lead = status != "existing"
				if c.lead {
					c.form, _ = result.Value(i, "form").(string)
				}
			}
			if dimensions != nil {
				c.points[point] = dimensions
			}
		}
		all = append(all, c)
	}
	return all
}
