package console

import (
	"net/http"
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
	Name, Title string
	days        func(today time.Time) (from, to time.Time)
}

const defaultPreset = "30d"

var presets = []preset{
	{"today", "Today", func(t time.Time) (time.Time, time.Time) { return t, t }},
	{"7d", "7 days", func(t time.Time) (time.Time, time.Time) { return t.AddDate(0, 0, -6), t }},
	{"30d", "30 days", func(t time.Time) (time.Time, time.Time) { return t.AddDate(0, 0, -29), t }},
	{"90d", "90 days", func(t time.Time) (time.Time, time.Time) { return t.AddDate(0, 0, -89), t }},
	{"month", "This month", func(t time.Time) (time.Time, time.Time) { return firstOfMonth(t), t }},
	{"last-month", "Last month", func(t time.Time) (time.Time, time.Time) {
		first := firstOfMonth(t)
		return first.AddDate(0, -1, 0), first.AddDate(0, 0, -1)
	}},
	{"year", "This year", func(t time.Time) (time.Time, time.Time) {
		return time.Date(t.Year(), 1, 1, 0, 0, 0, 0, t.Location()), t
	}},
	{"all", "All time", func(time.Time) (time.Time, time.Time) { return time.Time{}, time.Time{} }},
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

// check says what is wrong with days that a person chose, nil for nothing.
func (r dateRange) check() *trouble {
	for _, day := range []string{r.From, r.To} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return &trouble{"These days cannot be read", "Write days as in 2026-03-01, or choose one of the ranges above.", http.StatusUnprocessableEntity}
		}
	}
	if r.From != "" && r.To != "" && r.From > r.To {
		return &trouble{"The first day is after the last", "Swap the two days, or choose one of the ranges above.", http.StatusUnprocessableEntity}
	}
	return nil
}

// query returns the range as a page's address names it.
func (r dateRange) query() url.Values {
	if r.Preset == "custom" {
		return url.Values{"from": {r.From}, "to": {r.To}}
	}
	return url.Values{"range": {r.Preset}}
}

// text is the range in words.
func (r dateRange) text() string {
	from, errFrom := time.Parse(time.DateOnly, r.From)
	to, errTo := time.Parse(time.DateOnly, r.To)
	const layout = "2 Jan 2006"
	switch {
	case errFrom != nil && errTo != nil:
		return "All time"
	case errFrom != nil:
		return "Until " + to.Format(layout)
	case errTo != nil:
		return "Since " + from.Format(layout)
	case from.Equal(to):
		return from.Format(layout)
	}
	return from.Format(layout) + " – " + to.Format(layout)
}
