package reports

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/schema"
)

// randomWorld is small enough for the naive model and crowded enough that everybody meets everybody.
func randomWorld(random *rand.Rand, site schema.SiteID) *given {
	w := &worldMaker{Rand: random, given: &given{site: site}}
	for range 60 {
		touch := w.touch(w.time())
		w.given.Touches = append(w.given.Touches, &schema.TouchRecord{VisitorID: w.visitor(), Touch: touch, Suspect: w.suspicion()})
	}
	for range 40 {
		w.given.Submissions = append(w.given.Submissions, w.submission())
	}
	for range 6 {
		touch, sent := w.given.Touches[w.IntN(60)], w.given.Submissions[w.IntN(40)]
		w.given.Verdicts = append(w.given.Verdicts,
			verdict{Touch: string(touch.TouchID), Verdict: w.pick(schema.VerdictClear, string(schema.SuspectOperator))},
			verdict{Submission: string(sent.SubmissionID), Verdict: w.pick(schema.VerdictClear, string(schema.SuspectOperator))})
	}
	for range 6 {
		w.given.Contacts = append(w.given.Contacts, &schema.Contact{
			ImportID: w.uuid(), ContactID: w.contact(), CRMID: fmt.Sprint(w.IntN(4)), CompanyID: w.company(), CreatedAt: w.time(), ReceivedAt: w.time(),
		})
	}
	for range 4 {
		crm, domain, name := w.maybe(fmt.Sprint(w.IntN(3))), w.maybe(w.domain()), w.maybe(w.name())
		id := schema.NewCompanyID(crm, domain, name)
		if id == "" {
			continue
		}
		w.given.Companies = append(w.given.Companies, &schema.Company{
			ImportID: w.uuid(), CompanyID: id, CRMID: crm, Domain: domain, Name: name, NameKey: name, CreatedAt: w.time(), ReceivedAt: w.time(),
		})
	}
	for range 30 {
		w.given.Deals = append(w.given.Deals, w.change())
	}
	w.money()
	w.given.complete()
	return w.given
}

type worldMaker struct {
	*rand.Rand
	given *given
}

var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// time lies on one of 80 instants within ten days.
func (w *worldMaker) time() time.Time {
	return start.Add(time.Duration(w.IntN(80)) * 3 * time.Hour)
}

func (w *worldMaker) uuid() string {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(w.IntN(256))
	}
	return id.String()
}

func (w *worldMaker) pick(choices ...string) string { return choices[w.IntN(len(choices))] }
func (w *worldMaker) maybe(text string) string      { return w.pick(text, "") }
func (w *worldMaker) domain() string                { return w.pick("a.com", "b.com") }
func (w *worldMaker) name() string                  { return w.pick("acme", "bolt") }
func (w *worldMaker) contact() schema.ContactID {
	return schema.ContactID("contact-" + w.pick("1", "2", "3", "4", "5", "6", "7", "8", "9"))
}
func (w *worldMaker) visitor() schema.VisitorID {
	return schema.VisitorID(word("visitor-" + w.pick("1", "2", "3", "4", "5", "6", "7", "8", "9")))
}

// suspicion falls on every sixth record.
func (w *worldMaker) suspicion() schema.Suspicion {
	return schema.Suspicion(w.pick("", "", "", "", "", string(schema.SuspectBot)))
}

func (w *worldMaker) company() schema.CompanyID {
	return schema.CompanyID(w.pick("", "", "domain:"+w.domain(), "name:"+w.name(), "crm:"+fmt.Sprint(w.IntN(3))))
}

func (w *worldMaker) touch(at time.Time) schema.Touch {
	touch := schema.Touch{TouchID: schema.TouchID(w.uuid()), OccurredAt: at}
	if w.IntN(3) > 0 {
		touch.Source, touch.Medium = w.pick("google", "linkedin", "newsletter"), w.pick("cpc", "email")
		touch.Campaign, touch.Term, touch.Content = w.maybe("spring"), w.maybe("crm"), w.maybe("blue")
		touch.Channel = schema.Channel(w.pick("Paid Search", "Email"))
		touch.ReferrerDomain = w.maybe("google.com")
		touch.LandingPage = w.pick("", "https://a.example/x?id=1", "https://a.example/x#top", "https://a.example/y")
	}
	w.tag(&touch)
	return touch
}

func (w *worldMaker) submission() *schema.Submission {
	sent := &schema.Submission{
		SubmissionID: schema.SubmissionID(w.uuid()), OccurredAt: w.time(), Form: schema.FormID(w.pick("signup", "demo")), CompanyID: w.company(),
		Suspect: w.suspicion(),
	}
	if w.IntN(8) > 0 {
		sent.ContactID = w.contact()
	}
	if w.IntN(4) > 0 {
		sent.VisitorID = w.visitor()
	}
	for _, attached := range []*schema.Touch{&sent.FirstTouch, &sent.LatestTouch} {
		switch w.IntN(4) {
		case 0:
			*attached = w.touch(sent.OccurredAt.Add(-time.Duration(w.IntN(40)) * 3 * time.Hour))
		case 1:
			if touch := w.given.Touches[w.IntN(len(w.given.Touches))]; !touch.OccurredAt.After(sent.OccurredAt) {
				*attached = touch.Touch
				if w.IntN(3) == 0 { // the browser knew less of it than the log: it was open inside an app
					*attached = schema.Touch{TouchID: touch.TouchID, OccurredAt: touch.OccurredAt}
				}
			}
		}
	}
	return sent
}

func (w *worldMaker) change() *schema.Deal {
	deal := &schema.Deal{
		DealID: schema.DealID("deal-" + fmt.Sprint(w.IntN(12))), ChangeID: w.uuid(), ChangedAt: w.time(), ReceivedAt: w.time(),
		Status: schema.DealStatus(w.pick("open", "won", "won", "lost")), Stage: w.maybe("demo"), CompanyID: w.company(),
	}
	switch w.IntN(4) {
	case 0, 1:
		deal.ContactID = w.contact()
	case 2:
		deal.ContactCRMID = fmt.Sprint(w.IntN(5))
	}
	if w.IntN(2) == 0 {
		deal.Amount, deal.Currency = decimal.New(int64(w.IntN(1_000_000)), -2), w.pick("EUR", "USD")
	}
	if w.IntN(4) == 0 {
		deal.CreatedAt = w.time()
	}
	if deal.Status == schema.DealWon && w.IntN(2) == 0 {
		deal.WonAt = w.time()
	}
	return deal
}
