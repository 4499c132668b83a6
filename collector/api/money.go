package api

import (
	"fmt"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/schema"
)

// postSpend is POST /api/spend: each row is what a campaign cost on a day, in place of what was imported under the same
// day, source, medium, campaign and currency before.
func (a *API) postSpend(c echo.Context) error { return a.postRows(c, spendColumns, (*batch).spend) }

// postRates is POST /api/rates: each row is the rate of a day, in place of an earlier one of that day and pair.
func (a *API) postRates(c echo.Context) error { return a.postRows(c, rateColumns, (*batch).rate) }

func (b *batch) spend(r row) ([]schema.Record, error) {
	spend := &schema.Spend{
		SiteID: b.site.ID, UTMSource: r[colSource], UTMMedium: r[colMedium], UTMCampaign: r[colCampaign], ReceivedAt: b.receivedAt,
	}
	var err error
	if spend.Date, err = b.day(r); err != nil {
		return nil, err
	}
	if spend.UTMSource == "" {
		return nil, rowErrorf("no_source", "source: missing; send what the utm_source of the links says, such as google")
	}
	if spend.Amount, spend.Currency, err = readAmount(r); err != nil {
		return nil, err
	}
	if spend.Clicks, err = schema.ParseCount(colClicks, withoutExponent(r[colClicks])); err != nil {
		return nil, asRowError("count", err, colClicks, r[colClicks])
	}
	if spend.Impressions, err = schema.ParseCount(colImpressions, withoutExponent(r[colImpressions])); err != nil {
		return nil, asRowError("count", err, colImpressions, r[colImpressions])
	}
	schema.Bound(spend)
	spend.Resolve(b.site.resolver)
	if spend.Source == "" {
		return nil, rowErrorf("blank_source", "source: %.64q has nothing in it but blanks and brackets", r[colSource])
	}
	says := fmt.Sprintf("%s %d %d", spend.Amount, spend.Clicks, spend.Impressions)
	if first := b.saidOtherwise(spend, says); first > 0 {
		return nil, rowErrorf("spend_twice", "line %d has the same date, source, medium, campaign and currency, and says otherwise: add them up and send one row", first)
	}
	return []schema.Record{spend}, nil
}

// readAmount takes amount and currency, which money needs both.
func readAmount(r row) (amount decimal.Decimal, currency string, err error) {
	if r[colAmount] == "" {
		return amount, "", rowErrorf("no_amount", "amount: missing; send 0 where nothing was spent")
	}
	if r[colCurrency] == "" {
		return amount, "", rowErrorf("no_currency", "currency: missing; an amount needs one, such as EUR")
	}
	if amount, err = parseAmount(r[colAmount]); err != nil {
		return amount, "", asRowError("amount", err, r[colAmount])
	}
	currency, err = schema.ParseCurrency(r[colCurrency])
	return amount, currency, asRowError("currency", err, colCurrency, r[colCurrency])
}

func (b *batch) rate(r row) ([]schema.Record, error) {
	rate := &schema.Rate{SiteID: b.site.ID, ReceivedAt: b.receivedAt}
	var err error
	if rate.Date, err = b.day(r); err != nil {
		return nil, err
	}
	if rate.From, err = schema.ParseCurrency(r[colFromCurrency]); err != nil {
		return nil, asRowError("currency", fmt.Errorf("from_%w", err), colFromCurrency, r[colFromCurrency])
	}
	if rate.To, err = schema.ParseCurrency(r[colToCurrency]); err != nil {
		return nil, asRowError("currency", fmt.Errorf("to_%w", err), colToCurrency, r[colToCurrency])
	}
	if rate.From == rate.To {
		return nil, rowErrorf("same_currency", "to_currency: %s is from_currency, too; a currency needs no rate to itself", rate.To)
	}
	if rate.Rate, err = schema.ParseRate(withoutExponent(r[colRate])); err != nil {
		return nil, asRowError("rate", err, r[colRate])
	}
	if first := b.saidOtherwise(rate, rate.Rate.String()); first > 0 {
		return nil, rowErrorf("rate_twice", "line %d has the same date and currencies, and says otherwise: send the one that counts", first)
	}
	return []schema.Record{rate}, nil
}

// day reads the column date. A day ahead of every clock on earth is a typing error, and money that nobody would see.
func (b *batch) day(r row) (time.Time, error) {
	if r[colDate] == "" {
		return time.Time{}, rowErrorf("no_date", "date: missing; send the day, such as 2026-03-01")
	}
	day, err := schema.ParseDate(r[colDate])
	if err != nil {
		return day, asRowError("date", err, r[colDate])
	}
	if day.Year() < 1971 {
		return day, rowErrorf("early_date", "date: %s is before 1971", day.Format(time.DateOnly))
	}
	if day.After(b.receivedAt.Add(24 * time.Hour)) {
		return day, rowErrorf("late_date", "date: %s is still to come", day.Format(time.DateOnly))
	}
	return day, nil
}

// seenRow is a row of this call that was taken.
type seenRow struct {
	line int
	says string
}

// saidOtherwise returns the line of an earlier row of the same call that says otherwise and would be lost to this one, 0 for none. The
// same row twice is the same row.
func (b *batch) saidOtherwise(record schema.Record, says string) int {
	if b.seen == nil {
		b.seen = map[string]seenRow{}
	}
	id := record.ID()
	first, taken := b.seen[id]
	if !taken {
		b.seen[id] = seenRow{b.line, says}
		return 0
	}
	if first.says != says {
		return first.line
	}
	return 0
}
