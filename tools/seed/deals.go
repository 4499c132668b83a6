package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/headwater/headwater/tools/dev/client"
)

// maybeDeal makes a deal of one sign-up in four: it opens within weeks, and most are won or lost within months.
func (y *year) maybeDeal(random *rand.Rand, who person, since time.Time) {
	chosen, wait, size, fate := random.IntN(4) == 0, random.IntN(25), random.ExpFloat64(), random.IntN(100)
	slow := random.IntN(60)
	if !chosen {
		return
	}
	opened := since.AddDate(0, 0, 2+wait)
	id := fmt.Sprintf("D-%d-%s", opened.Unix(), slug(who.name))
	deal := client.Row{"deal_id": id, "contact_email": who.email, "company_name": who.company.name, "company_domain": who.company.domain,
		"created_at": opened.Format(time.RFC3339)}
	deal["amount"], deal["currency"] = price(1500+size*9000, who.company.norwegian)
	y.addDeal(deal, "open", "qualified", opened)
	y.addDeal(deal, "open", "proposal", opened.AddDate(0, 0, 9))
	closed := opened.AddDate(0, 0, 15+slow)
	switch {
	case fate < 45:
		y.addDeal(deal, "won", "signed", closed)
	case fate < 80:
		y.addDeal(deal, "lost", "lost", closed)
	}
}

// price returns an amount of euros in the company's currency, to the cent.
func price(euros float64, norwegian bool) (amount, currency string) {
	cents := int64(euros * 100)
	if norwegian {
		return fmt.Sprintf("%d.%02d", cents*1150/10000, cents*1150/100%100), "NOK"
	}
	return fmt.Sprintf("%d.%02d", cents/100, cents%100), "EUR"
}

// addDeal adds a change of a deal, unless it is still to come.
func (y *year) addDeal(deal client.Row, status, stage string, at time.Time) {
	if at.After(y.now) {
		return
	}
	change := client.Row{"status": status, "stage": stage, "changed_at": at.Format(time.RFC3339)}
	for column, value := range deal {
		change[column] = value
	}
	if status == "won" {
		change["won_at"] = change["changed_at"]
	}
	y.deals = append(y.deals, change)
}
