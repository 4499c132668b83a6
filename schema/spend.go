package schema

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// Spend is what a campaign cost on one day in one currency: a row of table spend. Of the rows that share site, date,
// source, medium, campaign and currency the last received counts.
type Spend struct {
	SiteID SiteID `json:"site_id" ch:"site_id" by:"server"`
	// Date is the day as the advertising account counts it, kept as midnight UTC.
	Date time.Time `json:"date" ch:"date" by:"crm"`
	// Source to Channel are resolved from the utm_* below as those of a touch are, so that they meet.
	Source   string  `json:"source,omitempty" ch:"source" max:"1024" by:"server"`
	Medium   string  `json:"medium,omitempty" ch:"medium" max:"1024" by:"server"`
	Campaign string  `json:"campaign,omitempty" ch:"campaign" max:"1024" by:"server"`
	Channel  Channel `json:"channel,omitempty" ch:"channel" by:"server"`
	// Amount is in units of Currency (ISO 4217), with at most four decimals; a refund is negative.
	Amount      decimal.Decimal `json:"amount,omitzero" ch:"amount" by:"crm"`
	Currency    string          `json:"currency" ch:"currency" by:"crm"`
	Clicks      uint64          `json:"clicks,omitempty" ch:"clicks" by:"crm"`
	Impressions uint64          `json:"impressions,omitempty" ch:"impressions" by:"crm"`
	// The raw text as sent.
	UTMSource   string    `json:"utm_source,omitempty" ch:"utm_source" max:"1024" by:"crm"`
	UTMMedium   string    `json:"utm_medium,omitempty" ch:"utm_medium" max:"1024" by:"crm"`
	UTMCampaign string    `json:"utm_campaign,omitempty" ch:"utm_campaign" max:"1024" by:"crm"`
	ReceivedAt  time.Time `json:"received_at" ch:"received_at" by:"server"`
}

// Resolve fills the resolved fields: those of a touch whose link has the same UTMs. Without a medium it is not known
// what was paid for: medium and channel stay empty, where a touch would get what visits from such a source mostly are,
// unless a rule of the site says what it was.
func (s *Spend) Resolve(r *Resolver) {
	touch := Touch{UTMSource: s.UTMSource, UTMMedium: s.UTMMedium, UTMCampaign: s.UTMCampaign}
	r.Resolve(&touch)
	s.Source, s.Medium, s.Campaign, s.Channel = touch.Source, touch.Medium, touch.Campaign, touch.Channel
	if normalValue(s.UTMMedium) == "" && !strings.HasPrefix(touch.Rule, sourceRuleTexts[sourceSiteRule]) {
		s.Medium, s.Channel = "", ""
	}
}

// Rate says that one unit of From was worth Rate units of To on a day: a row of table rates. Of the rows that share site,
// date and both currencies the last received counts.
type Rate struct {
	SiteID     SiteID          `json:"site_id" ch:"site_id" by:"server"`
	Date       time.Time       `json:"date" ch:"date" by:"crm"` // midnight UTC
	From       string          `json:"from_currency" ch:"from_currency" max:"3" by:"crm"`
	To         string          `json:"to_currency" ch:"to_currency" max:"3" by:"crm"`
	Rate       decimal.Decimal `json:"rate" ch:"rate" by:"crm"` // positive, at most 14 decimals
	ReceivedAt time.Time       `json:"received_at" ch:"received_at" by:"server"`
}

// keySpace is the name space of the ids of rows that are known by what they are about.
var keySpace = uuid.MustParse("9c2a7c0e-51f4-5d0a-a6a3-0d8c4f4b7e11")

func keyID(key ...string) string {
	var text strings.Builder
	for _, part := range key {
		// The length before each part keeps "ab","c" and "a","bc" apart.
		fmt.Fprintf(&text, "%d:%s", len(part), part)
	}
	return uuid.NewSHA1(keySpace, []byte(text.String())).String()
}

var rateText = regexp.MustCompile(`^[0-9]{1,14}(\.[0-9]{1,30})?$`)

// rateDecimals is how exactly a rate is kept. A program that writes a binary fraction out to its end means no more.
const rateDecimals = 14

// ParseRate reads a positive decimal; what is behind the 14th decimal is rounded.
func ParseRate(text string) (decimal.Decimal, error) {
	text = strings.TrimSpace(text)
	if !rateText.MatchString(text) {
		return decimal.Decimal{}, fmt.Errorf("rate: %.64q is not a positive decimal such as 1.0842 (at most 14 digits before the point, no separators)", text)
	}
	rate, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.Decimal{}, fmt.Errorf("rate: %w", err)
	}
	if rate = rate.Round(rateDecimals); !rate.IsPositive() {
		return decimal.Decimal{}, fmt.Errorf("rate: %.64q is not above 0: send how many units of to_currency one unit of from_currency is worth", text)
	}
	return rate, nil
}

// ParseDate reads a calendar day, as midnight UTC: a date, or the date that is written in an RFC 3339 time.
func ParseDate(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		var at time.Time
		if at, err = time.Parse(time.RFC3339Nano, text); err == nil {
			day = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
		}
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("date: %.64q is not a date such as 2026-03-01", text)
	}
	return day, nil
}

var countText = regexp.MustCompile(`^([0-9]{1,15})(\.0+)?$`)

// ParseCount reads a whole number of things; "" is none. name is of the column, for the error.
func ParseCount(name, text string) (uint64, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, nil
	}
	digits := countText.FindStringSubmatch(text)
	if digits == nil {
		return 0, fmt.Errorf("%s: %.64q is not a whole number such as 1200 (at most 15 digits, no separators)", name, text)
	}
	return strconv.ParseUint(digits[1], 10, 64)
}
