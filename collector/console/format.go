package console

import (
	"strconv"
	"strings"
	"time"

	"github.com/headwater/headwater/collector/reports"
)

// grouped writes a number, given as its decimal text, with a comma between thousands.
func grouped(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "−", digits[1:]
	}
	whole, fraction, hasFraction := strings.Cut(digits, ".")
	var b strings.Builder
	b.WriteString(sign)
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	if hasFraction {
		b.WriteByte('.')
		b.WriteString(fraction)
	}
	return b.String()
}

func number(n int64) string { return grouped(strconv.FormatInt(n, 10)) }

// count writes "1 second", "2 seconds".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(int64(n)) + " " + many
}

// percent writes a ratio with one decimal, and with none from 10 % on.
func percent(ratio float64) string {
	decimals := 1
	if ratio >= 0.0995 || ratio == 0 {
		decimals = 0
	}
	return strconv.FormatFloat(ratio*100, 'f', decimals, 64) + " %"
}

// money writes one line a currency.
func money(amounts reports.Amounts) []string {
	var lines []string
	for _, amount := range amounts {
		lines = append(lines, amount.Currency+" "+grouped(amount.Text()))
	}
	return lines
}

// moment is a time as a page shows it, in the site's zone, and as machines read it.
type moment struct{ Text, Machine string }

func momentOf(value any, zone *time.Location) moment {
	at, ok := value.(time.Time)
	if !ok || at.IsZero() {
		return moment{}
	}
	at = at.In(zone)
	return moment{Text: at.Format("2 Jan 2006, 15:04"), Machine: at.Format(time.RFC3339)}
}

// text returns a value of a report that is text, "" for any other.
func text(value any) string {
	s, _ := value.(string)
	return s
}

// titles are the names of columns and dimensions as people read them.
var titles = map[string]string{
	"source": "Source", "medium": "Medium", "campaign": "Campaign", "term": "Term", "content": "Content",
	"referrer_domain": "Referrer domain", "channel": "Channel", "landing_page": "Landing page", "form": "Form",
	"utm_id": "Campaign id", "parameters": "Parameters",
	"visitors": "Visitors", "leads": "Leads", "conversions": "Conversions", "companies": "Companies", "deals": "Deals",
	"won_deals": "Won deals", "won_amount": "Won amount", "submissions": "Submissions",
	"rate": "Lead rate", "year_before": "Year before",
}

func title(name string) string {
	if known := titles[name]; known != "" {
		return known
	}
	words := strings.ReplaceAll(name, "_", " ")
	if words == "" {
		return words
	}
	return strings.ToUpper(words[:1]) + words[1:]
}
