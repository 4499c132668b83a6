package sample

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/schema"
)

const (
	visitors = 600
	days     = 90
)

// way is how invented visitors arrive: how often, how many of a hundred then send a form, and how many of a hundred leads become
// deals. cost is what a day of it costs, in EUR.
type way struct {
	weight, leads, deals int
	cost                 int64
	touch                schema.Touch
}

var ways = []way{
	{18, 22, 24, 62, schema.Touch{UTMSource: "linkedin", UTMMedium: "paid-social", UTMCampaign: "spring-planning", UTMContent: "carousel-a"}},
	{9, 30, 38, 40, schema.Touch{UTMSource: "linkedin", UTMMedium: "paid-social", UTMCampaign: "webinar-attribution"}},
	{14, 10, 12, 35, schema.Touch{UTMSource: "facebook", UTMMedium: "paid-social", UTMCampaign: "free-survey"}},
	{20, 12, 28, 0, schema.Touch{Referrer: "https://www.google.com/"}},
	{11, 18, 30, 55, schema.Touch{UTMSource: "google", UTMMedium: "cpc", UTMCampaign: "brand", UTMTerm: "lead source tracking", Gclid: "sample"}},
	{8, 26, 45, 0, schema.Touch{UTMSource: "newsletter", UTMMedium: "email", UTMCampaign: "monday-letter"}},
	{5, 24, 34, 0, schema.Touch{Referrer: "https://partner.example/reviews"}},
	{3, 20, 25, 0, schema.Touch{Referrer: "https://chatgpt.com/"}},
	{16, 6, 20, 0, schema.Touch{}},
}

var forms = []schema.FormID{"signup", "signup", "webinar", "demo-request"}

// maker makes the records; with the same site and the same hour they are always the same.
type maker struct {
	site     schema.SiteID
	key      []byte
	resolver *schema.Resolver
	random   *rand.Rand
	now      time.Time
	records  []schema.Record
}

func recordsOf(beside *schema.Site, secret []byte, now time.Time) ([]schema.Record, error) {
	site := schema.Site{ID: SiteOf(beside.ID)}
	resolver, err := schema.NewResolver(&site)
	if err != nil {
		return nil, fmt.Errorf("sample data: %w", err)
	}
	m := &maker{site: site.ID, key: site.ContactKey(secret), resolver: resolver, random: rand.New(rand.NewPCG(20260301, 7)), now: now.UTC().Truncate(time.Hour)}
	for i := range visitors {
		m.visitor(i)
	}
	m.spend()
	return m.records, nil
}

func (m *maker) visitor(i int) {
	// More of them lately: a site that grows.
	back := days * m.random.Float64() * (0.35 + 0.65*m.random.Float64())
	at := m.now.Add(-time.Duration(back * 24 * float64(time.Hour))).Truncate(time.Second)
	visitor := schema.VisitorID(m.uuid())
	by := m.way()
	first := m.touch(visitor, at, by)
	latest := first
	for n := 0; n < 3 && m.chance(35); n++ {
		at = at.Add(time.Duration(2+m.random.IntN(9*24)) * time.Hour)
		if !at.Before(m.now) {
			break
		}
		by = m.way()
		latest = m.touch(visitor, at, by)
	}
	if !m.chance(by.leads) {
		return
	}
	at = latest.OccurredAt.Add(time.Duration(3+m.random.IntN(15)) * time.Minute)
	contact := m.submit(visitor, i, at, first, latest)
	if later := at.Add(time.Duration(20+m.random.IntN(400)) * time.Hour); m.chance(25) && later.Before(m.now) {
		m.submit(visitor, i, later, first, latest)
	}
	if m.chance(by.deals) {
		m.deal(i, contact, at.Add(time.Duration(12+m.random.IntN(200))*time.Hour))
	}
}

func (m *maker) chance(percent int) bool { return m.random.IntN(100) < percent }

func (m *maker) way() *way {
	all := 0
	for i := range ways {
		all += ways[i].weight
	}
	n := m.random.IntN(all)
	for i := range ways {
		if n -= ways[i].weight; n < 0 {
			return &ways[i]
		}
	}
	return &ways[0]
}

func (m *maker) touch(visitor schema.VisitorID, at time.Time, by *way) schema.Touch {
	t := by.touch
	t.TouchID, t.OccurredAt, t.LandingPage = schema.TouchID(m.uuid()), at, "https://www.sample.example/"
	m.resolver.Resolve(&t)
	m.records = append(m.records, &schema.TouchRecord{SiteID: m.site, VisitorID: visitor, Touch: t, ReceivedAt: at, SnippetVersion: "sample"})
	return t
}

// submit has a person send a form. Five people share a company.
func (m *maker) submit(visitor schema.VisitorID, i int, at time.Time, first, latest schema.Touch) schema.ContactID {
	email := fmt.Sprintf("person%d@company%d.example", i, i/5)
	contact := schema.NewContactID(m.key, email)
	form := forms[m.random.IntN(len(forms))]
	m.records = append(m.records, &schema.Submission{
		SiteID: m.site, SubmissionID: schema.SubmissionID(m.uuid()), VisitorID: visitor, Form: form, Page: "https://www.sample.example/" + string(form),
		OccurredAt: at, ContactID: contact, CompanyID: schema.CompanyID("domain:" + schema.EmailDomain(email)), FirstTouch: first, LatestTouch: latest,
		ReceivedAt: at, SnippetVersion: "sample",
	})
	return contact
}

func (m *maker) deal(i int, contact schema.ContactID, at time.Time) {
	if !at.Before(m.now) {
		return
	}
	d := &schema.Deal{
		SiteID: m.site, DealID: schema.DealID(fmt.Sprintf("S-%d", i)), ChangeID: m.uuid(), Status: schema.DealOpen, Stage: "offer", Currency: "EUR",
		Amount: decimal.NewFromInt(int64(900 + 350*m.random.IntN(40))), ContactID: contact, CreatedAt: at, ChangedAt: at, ReceivedAt: at,
	}
	closed := at.Add(time.Duration(48+m.random.IntN(600)) * time.Hour)
	if n := m.random.IntN(100); n < 70 && closed.Before(m.now) {
		d.Status, d.Stage = schema.DealLost, "lost"
		if n < 42 {
			d.Status, d.Stage, d.WonAt = schema.DealWon, "won", closed
		}
		d.ChangedAt, d.ReceivedAt = closed, closed
	}
	m.records = append(m.records, d)
}

// spend is what the paid ways cost each day.
func (m *maker) spend() {
	for i := range ways {
		w := &ways[i]
		if w.cost == 0 {
			continue
		}
		for day := range days {
			at := m.now.AddDate(0, 0, -day)
			spent := &schema.Spend{
				SiteID: m.site, Date: at.Truncate(24 * time.Hour), UTMSource: w.touch.UTMSource, UTMMedium: w.touch.UTMMedium, UTMCampaign: w.touch.UTMCampaign,
				Currency: "EUR", Amount: decimal.New(w.cost*100+int64(m.random.IntN(900))-450, -2), ReceivedAt: at,
			}
			spent.Resolve(m.resolver)
			m.records = append(m.records, spent)
		}
	}
}

func (m *maker) uuid() string {
	id, _ := uuid.NewRandomFromReader(reader(m.random.Uint32)) // the reader never fails
	return id.String()
}

// reader makes bytes of a source of random numbers.
type reader func() uint32

func (r reader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r())
	}
	return len(p), nil
}
