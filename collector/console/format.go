package console

import (
	"strconv"
	"strings"
	"time"

	"github.com/headwater/headwater/collector/reports"
)

// grouped writes a number, given as its decimal text, as the language separates thousands and decimals. Text and not a float:
// an amount keeps each of its digits.
func (s *speaker) grouped(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "−", digits[1:]
	}
	whole, fraction, hasFraction := strings.Cut(digits, ".")
	var b strings.Builder
	b.WriteString(sign)
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(s.group)
		}
		b.WriteRune(digit)
	}
	if hasFraction {
		b.WriteString(s.point)
		b.WriteString(fraction)
	}
	return b.String()
}

func (s *speaker) number(n int64) string { return s.grouped(strconv.FormatInt(n, 10)) }

// decimal writes a number with so many decimals.
func (s *speaker) decimal(n float64, decimals int) string {
	return s.grouped(strconv.FormatFloat(n, 'f', decimals, 64))
}

// percent writes a ratio with one decimal, and with none from 10 % on.
func (s *speaker) percent(ratio float64) string {
	decimals := 1
	if ratio >= 0.0995 || ratio == 0 {
		decimals = 0
	}
	return s.decimal(ratio*100, decimals) + "%" // as English and Dutch write it (CLDR)
}

// money writes one line a currency, by its code: symbols are shared by many currencies.
func (s *speaker) money(amounts reports.Amounts) []string {
	var lines []string
	for _, amount := range amounts {
		lines = append(lines, amount.Currency+"\u00a0"+s.grouped(amount.Text()))
	}
	return lines
}

// moment is a time as a page shows it, in the reader's zone, and as machines read it.
type moment struct{ Text, Machine string }

func (s *speaker) moment(value any) moment {
	at, ok := value.(time.Time)
	if !ok || at.IsZero() {
		return moment{}
	}
	at = at.In(s.zone)
	return moment{Text: s.say("words.moment", "Day", s.day(at), "Time", at.Format("15:04")), Machine: at.Format(time.RFC3339)}
}

// months are the ids of the months' short names.
var months = [12]string{
	"words.month.jan", "words.month.feb", "words.month.mar", "words.month.apr", "words.month.may", "words.month.jun",
	"words.month.jul", "words.month.aug", "words.month.sep", "words.month.oct", "words.month.nov", "words.month.dec",
}

// day writes the day of a time, in the zone that the time has.
func (s *speaker) day(at time.Time) string {
	return s.say("words.day", "Day", strconv.Itoa(at.Day()), "Month", s.say(months[at.Month()-1]), "Year", strconv.Itoa(at.Year()))
}

// text returns a value of a report that is text, "" for any other.
func text(value any) string {
	s, _ := value.(string)
	return s
}

// title is the name of a column or dimension as people read it.
func (s *speaker) title(name string) string {
	if known := s.known("words.column." + name); known != "" {
		return known
	}
	words := strings.ReplaceAll(name, "_", " ")
	if words == "" {
		return words
	}
	return strings.ToUpper(words[:1]) + words[1:]
}
