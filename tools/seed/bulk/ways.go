package bulk

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/headwater/headwater/schema"
)

// way is one link, search or habit that brings visitors: the touch that it makes, without what differs each time.
type way struct {
	touch schema.Touch
	click string // the click id that each arrival has a new one of, "" for none
	// weight is how much of all arrivals it makes, in the months of the year from until until (1 to 12; 0: always).
	weight      float64
	from, until int
}

// wayColumns are the columns of table seed_ways behind its number.
var wayColumns = []string{"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "landing_page", "referrer",
	"source", "medium", "campaign", "term", "content", "channel", "referrer_domain", "click"}

func (w way) values() []any {
	t := w.touch
	return []any{t.UTMSource, t.UTMMedium, t.UTMCampaign, t.UTMTerm, t.UTMContent, t.LandingPage, t.Referrer,
		t.Source, t.Medium, t.Campaign, t.Term, t.Content, string(t.Channel), t.ReferrerDomain, w.click}
}

const website = "https://www.brookandbale.example"

var pages = []string{"/", "/pricing", "/product", "/stories/nordbakken", "/stories/solvik", "/blog/night-tariff", "/blog/frost-protection", "/demo", "/webinar", "/contact"}

// links are the ways in short: landing page with its parameters, referrer, weight. Each makes `variants` ways, for which {n} in it
// is a number; the first is the visitor who types the address.
var links = []struct {
	query, referrer string
	click           string
	weight          float64
	variants        int
	from, until     int
}{
	{"", "", "", 18, 1, 0, 0},
	{"", "https://www.google.com/", "", 24, 10, 0, 0},
	{"", "https://www.bing.com/", "", 4, 4, 0, 0},
	{"", "https://duckduckgo.com/", "", 1.5, 2, 0, 0},
	{"utm_source=google&utm_medium=cpc&utm_campaign=brand&utm_term=brook+and+bale", "https://www.google.com/", "gclid", 5, 1, 0, 0},
	{"utm_source=google&utm_medium=cpc&utm_campaign=irrigation-{n}&utm_term=keyword+{n}", "https://www.google.com/", "gclid", 9, 120, 0, 0},
	{"utm_source=LinkedIn&utm_medium=paid-social&utm_campaign=spring-planning&utm_content=video-{n}", "https://www.linkedin.com/", "", 10, 6, 2, 5},
	{"utm_source=linkedin&utm_medium=paid-social&utm_campaign=harvest-review&utm_content=carousel-{n}", "https://www.linkedin.com/", "", 7, 4, 8, 11},
	{"utm_source=facebook&utm_medium=paid-social&utm_campaign=free-survey-{n}", "https://l.facebook.com/", "fbclid", 7, 12, 3, 9},
	{"utm_source=newsletter&utm_medium=email&utm_campaign=monday-letter-{n}", "", "", 9, 52, 0, 0},
	{"utm_source=partner-{n}&utm_medium=referral&utm_campaign=partner-programme", "", "", 3, 24, 0, 0},
	{"", "https://www.facebook.com/", "", 2, 2, 0, 0},
	{"", "https://t.co/x", "", 1, 2, 0, 0},
	{"", "https://chatgpt.com/", "", 2.5, 3, 0, 0},
	{"", "https://www.perplexity.ai/", "", 1, 2, 0, 0},
	{"utm_source=youtube&utm_medium=video&utm_campaign=field-tour-{n}", "https://www.youtube.com/", "", 2, 8, 0, 0},
	{"", "https://field-notes-{n}.example/2026/water", "", 5, 300, 0, 0},
}

// allWays makes the ways and resolves them as the collector would.
func allWays() ([]way, error) {
	resolver, err := schema.NewResolver(&schema.Site{ID: "seed", Origins: []string{website}})
	if err != nil {
		return nil, fmt.Errorf("resolve the invented touches: %w", err)
	}
	var ways []way
	for _, link := range links {
		for n := range link.variants {
			made := way{click: link.click, weight: link.weight / float64(link.variants), from: link.from, until: link.until}
			query, err := url.ParseQuery(numbered(link.query, n))
			if err != nil {
				return nil, fmt.Errorf("invented link %q: %w", link.query, err)
			}
			made.touch.LandingPage, made.touch.Referrer = website+pages[n%len(pages)], numbered(link.referrer, n)
			if len(query) > 0 {
				made.touch.LandingPage += "?" + query.Encode()
			}
			for name := range query {
				if err := schema.SetField(&made.touch, name, query.Get(name)); err != nil {
					return nil, fmt.Errorf("invented link %q: %w", link.query, err)
				}
			}
			resolver.Resolve(&made.touch)
			ways = append(ways, made)
		}
	}
	return ways, nil
}

func numbered(text string, n int) string { return strings.ReplaceAll(text, "{n}", strconv.Itoa(n+1)) }

// slotsPerMonth is into how many equal parts the arrivals of a month are divided.
const slotsPerMonth = 1024

// waySlots returns for each of the 1024 parts of each of 13 months, from's and those after it, the number of a way.
func waySlots(ways []way, from time.Time) []uint32 {
	var slots []uint32
	for month := range 13 {
		of := int(from.AddDate(0, month, 0).Month())
		total := 0.0
		weight := func(w way) float64 {
			if w.from > 0 && (of < w.from || of > w.until) {
				return 0
			}
			return w.weight
		}
		for _, w := range ways {
			total += weight(w)
		}
		next, sum := 0, weight(ways[0])
		for slot := range slotsPerMonth {
			for next < len(ways)-1 && sum <= total*(float64(slot)+0.5)/slotsPerMonth {
				next++
				sum += weight(ways[next])
			}
			slots = append(slots, uint32(next))
		}
	}
	return slots
}
