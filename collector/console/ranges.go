package console

import (
	"net/url"
	"time"
)

// dateRange is the days that a page looks at, both included, in the site's zone. Empty dates: no bound.
type dateRange struct {
	Preset   string // its name, "custom" where the person chose the days
	From, To string // 2006-01-02
}

// preset is a range that moves with today.
type preset struct {
	Name  string
	Title string // the id of its text
	days  func(today time.Time) (from, to time.Time)
}

const defaultPreset = "30d"

var presets = []preset{
	{"today", "words.preset.today", func(t time.Time) (time.Time, time.Time) { return t, t }},
	{"7d", "words.preset.7", func(t time.Time) (time.Time, time.Time) { return t.AddDate(0, 0, -6), t }},
	{"30d", "words.preset.30", func(t time.Time) (time.Time, time.Time) { return t.AddDate(0, 0, -29), t }},
	{"90d", "words.preset.90", func(t time.Time) (time.Time, time.Time) { return t.AddDate(0, 0, -89), t }},
	{"month", "words.preset.month", func(t time.Time) (time.Time, time.Time) { return firstOfMonth(t), t }},
	{"last-month", "words.preset.last_month", func(t time.Time) (time.Time, time.Time) {
		first := firstOfMonth(t)
		return first.AddDate(0, -1, 0), first.AddDate(0, 0, -1)
	}},
	{"year", "words.preset.year", func(t time.Time) (time.Time, time.Time) {
		return time.Date(t.Year(), 1, 1, 0, 0, 0, 0, t.Location()), t
	}},
	{"all", "words.preset.all", func(time.Time) (time.Time, time.Time) { return time.Time{}, time.Time{} }},
}

func firstOfMonth(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, t.Location())
}

// readRange reads range, from and to of a query. The form sends the days that it showed together with the preset's
// name: the preset stays as long as the days are still its own.
func readRange(query url.Values, now time.Time) dateRange {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	name := query.Get("range")
	if name == "" && !query.Has("from") && !query.Has("to") {
		name = defaultPreset
	}
	given := dateRange{Preset: "custom", From: query.Get("from"), To: query.Get("to")}
	for _, p := range presets {
		if p.Name != name {
			continue
		}
		own := p.on(today)
		if (!query.Has("from") && !query.Has("to")) || (given.From == own.From && given.To == own.To) {
			return own
		}
	}
	return given
}

func (p preset) on(today time.Time) dateRange {
	from, to := p.days(today)
	return dateRange{Preset: p.Name, From: dateText(from), To: dateText(to)}
}

func dateText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// bounds returns the range as reports take it: the end is not included.
func (r dateRange) bounds() (from, to string) {
	last, err := time.Parse(time.DateOnly, r.To)
	if err != nil {
		return r.From, r.To
	}
	return r.From, last.AddDate(0, 0, 1).Format(time.DateOnly)
}

// check returns the id of what is wrong with days that a person chose, "" for nothing.
func (r dateRange) check() string {
	for _, day := range []string{r.From, r.To} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return "problems.days_unreadable"
		}
	}
	if r.From != "" && r.To != "" && r.From > r.To {
		return "problems.days_swapped"
	}
	return ""
}

// query returns the range as a page's address names it.
func (r dateRange) query() url.Values {
	if r.Preset == "custom" {
		return url.Values{"from": {r.From}, "to": {r.To}}
	}
	return url.Values{"range": {r.Preset}}
}

// days is a range in words.
func (s *speaker) days(r dateRange) string {
	from, errFrom := time.Parse(time.DateOnly, r.From)
	to, errTo := time.Parse(time.DateOnly, r.To)
	switch {
	case errFrom != nil && errTo != nil:
		return s.say("words.range.all")
	case errFrom != nil:
		return s.say("words.range.until", "Day", s.day(to))
	case errTo != nil:
		return s.say("words.range.since", "Day", s.day(from))
	case from.Equal(to):
		return s.day(from)
	}
	return s.day(from) + " – " + s.day(to)
}
