package console

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// sampler makes records of one site, the same ones every time.
type sampler struct {
	tb       testing.TB
	site     *schema.Site
	resolver *schema.Resolver
	random   *rand.Rand
	records  []schema.Record
}

func newSampler(tb testing.TB, site schema.Site) *sampler {
	tb.Helper()
	resolver, err := schema.NewResolver(&site)
	if err != nil {
		tb.Fatal(err)
	}
	return &sampler{tb: tb, site: &site, resolver: resolver, random: rand.New(rand.NewPCG(1, 2))}
}

func (s *sampler) uuid() string {
	id, err := uuid.NewRandomFromReader(readerOf(s.random.Uint32))
	if err != nil {
		s.tb.Fatal(err)
	}
	return id.String()
}

type readerOf func() uint32

func (r readerOf) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r())
	}
	return len(p), nil
}

// touch adds an arrival of a visitor; t holds what the browser saw.
func (s *sampler) touch(visitor string, at time.Time, t schema.Touch) schema.Touch {
	t.TouchID, t.OccurredAt = schema.TouchID(s.uuid()), at
	s.resolver.Resolve(&t)
	s.records = append(s.records, &schema.TouchRecord{SiteID: s.site.ID, VisitorID: schema.VisitorID(visitor), Touch: t, ReceivedAt: at})
	return t
}

// submit adds a sent form; first and latest may be absent.
func (s *sampler) submit(visitor, email, form string, at time.Time, first, latest schema.Touch) schema.ContactID {
	contact := schema.NewContactID(s.site.ContactKey(testSecret), email)
	s.records = append(s.records, &schema.Submission{
		SiteID: s.site.ID, SubmissionID: schema.SubmissionID(s.uuid()), VisitorID: schema.VisitorID(visitor),
		Form: schema.FormID(form), Page: "https://www.acme.example/" + form, OccurredAt: at, ContactID: contact,
		CompanyID:  schema.CompanyID("domain:" + schema.EmailDomain(email)),
		FirstTouch: first, LatestTouch: latest, ReceivedAt: at,
	})
	return contact
}

func (s *sampler) deal(id string, contact schema.ContactID, status schema.DealStatus, amount, currency string, at time.Time) {
	deal := &schema.Deal{
		SiteID: s.site.ID, DealID: schema.DealID(id), ChangeID: s.uuid(), Status: status, Currency: currency,
		Amount: decimal.RequireFromString(amount), ContactID: contact, CreatedAt: at, ChangedAt: at, ReceivedAt: at,
	}
	if status == schema.DealWon {
		deal.WonAt = at
	}
	s.records = append(s.records, deal)
}

var tablesOf = map[schema.Kind]string{schema.KindTouch: "touches", schema.KindSubmission: "submissions", schema.KindContact: "contacts", schema.KindDeal: "deals"}

// insert writes the records, a kind and month at a time, as the store takes them.
func (s *stand) insert(tb testing.TB, records []schema.Record) {
	tb.Helper()
	type part struct{ table, month string }
	parts := map[part][]any{}
	for _, record := range records {
		at := part{tablesOf[record.Kind()], record.PartitionTime().UTC().Format("200601")}
		parts[at] = append(parts[at], record)
	}
	for at, rows := range parts {
		if err := s.store.Insert(tb.Context(), at.table, uuid.NewString(), rows); err != nil {
			tb.Fatal(err)
		}
	}
}

// fill inserts the records and settles them.
func (s *stand) fill(tb testing.TB, records []schema.Record) {
	tb.Helper()
	s.insert(tb, records)
	s.settleSites(tb)
}

// settleSites does what headwater serve does in the background: reports read the settled tables then, which is quicker. A second must
// have passed, for what is logged in the last one before a settlement is considered again.
func (s *stand) settleSites(tb testing.TB) {
	tb.Helper()
	for settled := false; !settled; {
		if err := s.store.Conn().QueryRow(tb.Context(), "SELECT max(logged_at) < now64(3) - toIntervalMillisecond(1100) FROM changes").Scan(&settled); err != nil {
			tb.Fatal(err)
		}
	}
	for _, site := range testSites() {
		if err := reports.Settle(tb.Context(), s.store.Conn(), site.ID, true); err != nil {
			tb.Fatal(err)
		}
	}
}

// ways are arrivals as they happen, with how often they do and how often a form follows.
var ways = []struct {
	weight, leads int
	touch         schema.Touch
}{
	{18, 22, schema.Touch{UTMSource: "linkedin", UTMMedium: "paid-social", UTMCampaign: "spring-planning", UTMContent: "carousel-a"}},
	{9, 14, schema.Touch{UTMSource: "LinkedIn", UTMMedium: "paid-social", UTMCampaign: "leadgen_smb_webinar_sept2025"}},
	{14, 10, schema.Touch{UTMSource: "facebook", UTMMedium: "paid-social", UTMCampaign: "free-survey", Fbclid: "IwAR0abc"}},
	{20, 12, schema.Touch{Referrer: "https://www.google.com/"}},
	{11, 18, schema.Touch{UTMSource: "google", UTMMedium: "cpc", UTMCampaign: "brand", UTMTerm: "headwater crm", Gclid: "Cj0KCQ"}},
	{8, 26, schema.Touch{UTMSource: "newsletter", UTMMedium: "email", UTMCampaign: "monday-letter-38"}},
	{5, 16, schema.Touch{Referrer: "https://partner-blog.example/reviews/best-crm"}},
	{3, 20, schema.Touch{Referrer: "https://chatgpt.com/"}},
	{2, 8, schema.Touch{UTMSource: "messe-2026", UTMMedium: "qr", UTMCampaign: "Köln Halle 7 – Stand B42"}},
	{16, 6, schema.Touch{}},
}

func (s *sampler) way() (schema.Touch, int) {
	n := s.random.IntN(106)
	for _, way := range ways {
		if n -= way.weight; n < 0 {
			return way.touch, way.leads
		}
	}
	return schema.Touch{}, 0
}

// sample fills the site with two months of a small company.
func (s *sampler) sample() {
	forms := []string{"signup", "signup", "webinar", "demo-request"}
	for i := range 900 {
		at := testNow.Add(-time.Duration(s.random.IntN(60*24*60)) * time.Minute).Add(-10 * time.Minute)
		visitor := s.uuid()
		way, chance := s.way()
		first := s.touch(visitor, at, way)
		latest := first
		if s.random.IntN(100) < 30 {
			if later := at.Add(time.Duration(1+s.random.IntN(9*24*60)) * time.Minute); later.Before(testNow) {
				way, chance = s.way()
				latest = s.touch(visitor, later, way)
			}
		}
		if s.random.IntN(100) < chance {
			s.lead(i, visitor, forms[s.random.IntN(len(forms))], first, latest)
		}
	}
	for i := range 6 { // forms sent with the script blocked
		s.submit(s.uuid(), fmt.Sprintf("quiet%d@reader%d.example", i, i), "signup", testNow.AddDate(0, 0, -5*i).Add(-20*time.Minute), schema.Touch{}, schema.Touch{})
	}
	s.story()
	s.suspects(3, 1)
}

// suspects adds visits and forms of the last day that look like no person's.
func (s *sampler) suspects(touches, forms int) {
	at := testNow.Add(-5 * time.Hour)
	for range touches {
		s.touch(s.uuid(), at, schema.Touch{UTMSource: "only-of-bots"})
		s.records[len(s.records)-1].(*schema.TouchRecord).Suspect = schema.SuspectBot
	}
	for range forms {
		s.submit(s.uuid(), "spam@spam.example", "signup", at, schema.Touch{}, schema.Touch{})
		s.records[len(s.records)-1].(*schema.Submission).Suspect = schema.SuspectHoneypot
	}
}

func (s *sampler) lead(i int, visitor, form string, first, latest schema.Touch) {
	at := latest.OccurredAt.Add(7 * time.Minute)
	contact := s.submit(visitor, fmt.Sprintf("person%d@company%d.example", i, i%40), form, at, first, latest)
	if s.random.IntN(100) < 25 && at.Add(72*time.Hour).Before(testNow) {
		s.submit(visitor, fmt.Sprintf("person%d@company%d.example", i, i%40), "webinar", at.Add(72*time.Hour), first, latest)
	}
	if s.random.IntN(100) < 35 {
		status := []schema.DealStatus{schema.DealOpen, schema.DealWon, schema.DealWon, schema.DealLost}[s.random.IntN(4)]
		currency := []string{"EUR", "EUR", "EUR", "NOK"}[s.random.IntN(4)]
		s.deal(fmt.Sprintf("D-%d", i), contact, status, fmt.Sprintf("%d.50", 1200+s.random.IntN(22)*850), currency, at.Add(48*time.Hour))
	}
}

const adaEmail = "ada@lovelace-orchards.example"

// story is the one that everything is built for: LinkedIn ad, Facebook ad and form, newsletter and form.
func (s *sampler) story() {
	visitor := s.uuid()
	first := s.touch(visitor, testNow.AddDate(0, 0, -12), schema.Touch{
		UTMSource: "linkedin", UTMMedium: "paid-social", UTMCampaign: "spring-planning", Referrer: "https://www.linkedin.com/",
		LandingPage: "https://www.acme.example/pricing?utm_source=linkedin&utm_medium=paid-social&utm_campaign=spring-planning",
	})
	second := s.touch(visitor, testNow.AddDate(0, 0, -6), schema.Touch{UTMSource: "facebook", UTMMedium: "paid-social", UTMCampaign: "free-survey", UTMContent: "video-b", UTMID: "120211", Parameters: map[string]string{"partner_id": "7"}})
	s.submit(visitor, adaEmail, "webinar", testNow.AddDate(0, 0, -6).Add(4*time.Minute), first, second)
	third := s.touch(visitor, testNow.AddDate(0, 0, -1), schema.Touch{UTMSource: "newsletter", UTMMedium: "email", UTMCampaign: "monday-letter-38"})
	s.submit(visitor, adaEmail, "demo-request", testNow.AddDate(0, 0, -1).Add(2*time.Minute), first, third)
}
