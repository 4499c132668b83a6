package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/client"
)

// What has exact figures, so that somebody who looks at the reports can check them by hand.

const (
	partnerCampaign = "partner-programme"
	webinarCampaign = "night-tariff-webinar"
)

// block is a number of leads of one source, all new people at companies of their own, of which some get a deal.
type block struct {
	source, medium, campaign string
	form                     schema.FormID
	leads, deals             int
	week                     int // of the year of data, in which it begins
}

// partners: leads and deals of the partner table.
var partners = []block{
	{"partner-a", "email", partnerCampaign, "signup", 30, 2, 8},
	{"partner-b", "webinar", partnerCampaign, "signup", 50, 10, 10},
	{"partner-c", "referral", partnerCampaign, "signup", 10, 1, 12},
}

// webinar: LinkedIn brings half of the sign-ups; of the newsletter's 32.5 % become deals, of the others' 25 %, which
// is 30 % more.
var webinar = []block{
	{"linkedin", "social", webinarCampaign, "webinar", 100, 25, 20},
	{"google", "cpc", webinarCampaign, "webinar", 60, 15, 20},
	{"newsletter", "email", webinarCampaign, "webinar", 40, 13, 20},
}

func (y *year) addPartners() { y.addBlocks(partners) }
func (y *year) addWebinar()  { y.addBlocks(webinar) }

func (y *year) addBlocks(blocks []block) {
	for i, b := range blocks {
		random := rand.New(rand.NewPCG(0x424c4f434b, uint64(100*b.week+i)))
		begin := y.from.AddDate(0, 0, 7*b.week)
		if latest := y.now.AddDate(0, 0, -50); begin.After(latest) {
			begin = latest
		}
		for n := range b.leads {
			at := begin.Add(time.Duration(random.Int64N(int64(20 * 24 * time.Hour)))).Truncate(time.Millisecond)
			visitor := schema.VisitorID(newID(random, at))
			landing := fmt.Sprintf("/%s?utm_source=%s&utm_medium=%s&utm_campaign=%s", b.form, b.source, b.medium, b.campaign)
			touch := newTouch(random, at, landing, "")
			who := newPerson(firstNames[n%len(firstNames)], lastNames[n%len(lastNames)], newCompany(n, fmt.Sprintf("%s %d", b.source, b.week)))
			y.addTouch(visitor, touch)
			y.addSubmission(random, visitor, who, b.form, at.Add(5*time.Minute), touch, touch)
			if n >= b.deals {
				continue
			}
			deal := client.Row{"deal_id": fmt.Sprintf("P-%s-%d-%d", b.source, b.week, n), "contact_email": who.email, "created_at": at.AddDate(0, 0, 7).Format(time.RFC3339)}
			deal["amount"], deal["currency"] = price(float64(4000+250*n), who.company.norwegian)
			y.addDeal(deal, "open", "qualified", at.AddDate(0, 0, 7))
			y.addDeal(deal, "won", "signed", at.AddDate(0, 0, 28))
		}
	}
}
