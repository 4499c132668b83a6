package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/headwater/headwater/tools/dev/client"
)

// budget is what a campaign is paid for a day, on average.
type budget struct {
	source, medium, campaign, currency string
	perDay                             float64 // in the currency
	perClick                           float64
	from, until                        int // months of the year in which it runs, 0 for always
}

// Somebody writes facebok: what is spent there meets nobody.
var budgets = []budget{
	{source: "google", medium: "cpc", campaign: "brand", currency: "EUR", perDay: 14, perClick: 0.9},
	{source: "google", medium: "cpc", currency: "EUR", perDay: 26, perClick: 1.4},
	{source: "linkedin", medium: "paid-social", campaign: "spring-planning", currency: "EUR", perDay: 55, perClick: 4.2, from: 2, until: 5},
	{source: "linkedin", medium: "paid-social", campaign: "harvest-review", currency: "EUR", perDay: 30, perClick: 4.5, from: 8, until: 11},
	{source: "facebook", medium: "paid-social", campaign: "free-survey", currency: "NOK", perDay: 160, perClick: 7, from: 3, until: 9},
	{source: "facebok", medium: "paid-social", campaign: "free-survey", currency: "NOK", perDay: 12, perClick: 7, from: 6, until: 6},
}

// addMoney adds what each day cost, and what a krone was worth on weekdays.
func (y *year) addMoney(random *rand.Rand, day time.Time) {
	date := day.Format(time.DateOnly)
	if weekday := day.Weekday(); weekday != time.Saturday && weekday != time.Sunday {
		y.rates = append(y.rates, client.Row{"date": date, "from_currency": "NOK", "to_currency": "EUR", "rate": fmt.Sprintf("%.5f", 0.086+0.002*random.Float64())})
	}
	for _, b := range budgets {
		amount, impressions := b.perDay*(0.6+0.8*random.Float64()), 30+random.IntN(60)
		if month := int(day.Month()); b.from > 0 && (month < b.from || month > b.until) {
			continue
		}
		clicks := int(amount / b.perClick)
		y.spend = append(y.spend, client.Row{"date": date, "source": b.source, "medium": b.medium, "campaign": b.campaign, "currency": b.currency,
			"amount": fmt.Sprintf("%.2f", amount), "clicks": fmt.Sprint(clicks), "impressions": fmt.Sprint(clicks * impressions)})
	}
}

// money sends what the campaigns cost, and the rates.
func (w *writer) money(ctx context.Context, y *year) error {
	if err := w.client.Import(ctx, client.Spend, y.spend); err != nil {
		return err
	}
	if err := w.client.Import(ctx, client.Rates, y.rates); err != nil {
		return err
	}
	w.say("%6d days of campaigns with what they cost, and %d rates from NOK to EUR   (POST /api/spend, /api/rates)", len(y.spend), len(y.rates))
	return nil
}
