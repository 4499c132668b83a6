package api

import (
	"errors"
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
		return nil, errors.New("source: missing; send what the utm_source of the links says, such as google")
	}
	if spend.Amount, spend.Currency, err = readAmount(r); err != nil {
		return nil, err
	}
	if spend.Clicks, err = schema.ParseCount(colClicks, withoutExponent(r[colClicks])); err != nil {
		return nil, err
	}
	if spend.Impressions, err = schema.ParseCount(colImpressions, withoutExponent(r[colImpressions])); err != nil {
		return nil, err
	}
	schema.Bound(spend)
	spend.Resolve(b.site.resolver)
	if spend.Source == "" {
		return nil, fmt.Errorf("source: %.64q has nothing in it but blanks and brackets", r[colSource])
	}
	says := fmt.Sprintf("%s %d %d", spend.Amount, spend.Clicks, spend.Impressions)
	if err := b.onlyOnce(spend, says, "date, source, medium, campaign and currency"); err != nil {
		return nil, fmt.Errorf("%w: add them up and send one row", err)
	}
	return []schema.Record{spend}, nil
}

// readAmount takes amount and currency, which money needs both.
func readAmount(r row) (amount decimal.Decimal, currency string, err error) {
	if r[colAmount] == "" {
		return amount, "", errors.New("amount: missing; send 0 where nothing was spent")
	}
	if r[colCurrency] == "" {
		return amount, "", errors.New("currency: missing; an amount needs one, such as EUR")
	}
	if amount, err = parseAmount(r[colAmount]); err != nil {
		return amount, "", err
	}
	currency, err = schema.ParseCurrency(r[colCurrency])
	return amount, currency, err
}

func (b *batch) rate(r row) ([]schema.Record, error) {
	rate := &schema.Rate{SiteID: b.site.ID, ReceivedAt: b.receivedAt}
	var err error
	if rate.Date, err = b.day(r); err != nil {
		return nil, err
	}
	if rate.From, err = schema.ParseCurrency(r[colFromCurrency]); err != nil {
		return nil, fmt.Errorf("from_%w", err)
	}
	if rate.To, err = schema.ParseCurrency(r[colToCurrency]); err != nil {
		return nil, fmt.Errorf("to_%w", err)
	}
	if rate.From == rate.To {
		return nil, fmt.Errorf("to_currency: %s is from_currency, too; a currency needs no rate to itself", rate.To)
	}
	if rate.Rate, err = schema.ParseRate(withoutExponent(r[colRate])); err != nil {
		return nil, err
	}
	if err := b.onlyOnce(rate, rate.Rate.String(), "date and currencies"); err != nil {
		return nil, fmt.Errorf("%w: send the one that counts", err)
	}
	return []schema.Record{rate}, nil
}

// day reads the column date. A day ahead of every clock on earth is a typing error, and money that nobody would see.
func (b *batch) day(r row) (time.Time, error) {
	if r[colDate] == "" {
		return time.Time{}, errors.New("date: missing; send the day, such as 2026-03-01")
	}
	day, err := schema.ParseDate(r[colDate])
	if err != nil {
		return day, err
	}
	if day.Year() < 1971 {
		return day, fmt.Errorf("date: %s is before 1971", day.Format(time.DateOnly))
	}
	if day.After(b.receivedAt.Add(24 * time.Hour)) {
		return day, fmt.Errorf("date: %s is still to come", day.Format(time.DateOnly))
	}
	return day, nil
}

// seenRow is a row of this call that was taken.
type seenRow struct {
	line int
	says string
}

// onlyOnce refuses a row that an earlier one of the same call, which says otherwise, would be lost to. The same row
// twice is the same row.
func (b *batch) onlyOnce(record schema.Record, says, key string) error {
	if b.seen == nil {
		b.seen = map[string]seenRow{}
	}
	id := record.ID()
	first, taken := b.seen[id]
	if !taken {
		b.seen[id] = seenRow{b.line, says}
		return nil
	}
	if first.says != says {
		return fmt.Errorf("line %d has the same %s, and says otherwise", first.line, key)
	}
	return nil
}
