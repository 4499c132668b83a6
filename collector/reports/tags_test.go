package reports

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/schema"
)

// tag gives a touch a landing page, and what its link said: tags of several spellings, click ids, or nothing.
func (w *worldMaker) tag(touch *schema.Touch) {
	touch.LandingPage = "https://" + w.pick("www.", "WWW.", "") + "example.com" + w.pick("", "/", "/?utm_x=1", "/en-GB/", "/pricing", "/pricing/?a=/b", "/blog/post#top", "/nl/index.html")
	if touch.Source == "" {
		return
	}
	touch.Channel = schema.Channel(w.pick("Paid Search", "Email", "Organic Social", "Referral", "Unassigned"))
	touch.Medium = w.pick(touch.Medium, touch.Medium, touch.Medium, "(in-app)")
	switch w.IntN(5) {
	case 0, 1:
		touch.UTMSource = w.pick(touch.Source, strings.ToUpper(touch.Source), "link edin", "linkedni", "")
		touch.UTMMedium = w.pick(touch.Medium, "emial", "")
		touch.UTMCampaign = w.pick("spring-2025", "spring-2026", "sprnig-2026", "Spring-2026", "spring_2026", "%20", "{id}", "a@example.com", "")
		if touch.UTMSource != "" {
			touch.Source = strings.ToLower(touch.UTMSource)
		}
		touch.Medium, touch.Campaign = strings.ToLower(cmp.Or(touch.UTMMedium, touch.Medium)), strings.ToLower(touch.UTMCampaign)
	case 2:
		touch.Gclid = w.maybe("g")
	case 3:
		touch.Fbclid = w.maybe("f")
	}
	touch.Referrer = w.pick("", "https://shop.example.com/", "https://www.google.com/")
}

func tagged(t *schema.Touch) bool {
	return t.UTMSource+t.UTMMedium+t.UTMCampaign+t.UTMTerm+t.UTMContent+t.UTMID != ""
}

// pageOf is host and path of a landing page, "" where it is not known.
func pageOf(landing string) string {
	if landing == "" {
		return ""
	}
	u, err := url.Parse(landing)
	if err != nil {
		panic(err)
	}
	return strings.TrimPrefix(strings.ToLower(u.Host), "www.") + cmp.Or(strings.TrimRight(u.Path, "/"), "/")
}

var homePage = regexp.MustCompile(`^example\.com(/|/en-GB|/nl/index\.html)$`) // of the pages that tag knows

// untaggedOf names what should have been tagged about a touch.
func untaggedOf(t *schema.Touch, tagging map[string]bool) string {
	switch {
	case tagged(t):
		return "(tagged)"
	case t.Gclid != "":
		return "ad_click"
	case t.Channel == "Email":
		return "mail"
	case t.Medium == "(in-app)":
		return "in_app"
	case t.Fbclid != "" || t.Channel == "Organic Social":
		return "social"
	case t.Channel == "Referral" && tagging[t.ReferrerDomain]:
		return "referral"
	case t.Channel == "Direct" && t.LandingPage != "" && !homePage.MatchString(pageOf(t.LandingPage)):
		return "direct"
	}
	return "(not expected)"
}

func touchKey(t *schema.Touch) string { return fmt.Sprint(t.OccurredAt.UnixMilli(), " ", t.TouchID) }

// carriedAs finds what the copies of a touch in submissions say of it, the most known of them.
func (n *naive) carriedAs(touch *schema.Touch, tagging map[string]bool) []string {
	var best []string
	for _, sent := range n.Submissions {
		for _, copy := range []*schema.Touch{&sent.FirstTouch, &sent.LatestTouch} {
			if sent.ContactID == "" || touchKey(copy) != touchKey(touch) {
				continue
			}
			own := []string{fmt.Sprint(known(copy)), copy.Source, pageOf(copy.LandingPage), untaggedOf(copy, tagging)}
			if slices.Compare(own, best) > 0 {
				best = own
			}
		}
	}
	return []string{best[3], best[1], best[2]}
}

// naiveUntagged answers untagged without the figures of whole pages.
func naiveUntagged(world *given, a asked) map[string]string {
	model := naive{given: *world, credit: a.Credit, lookback: time.Duration(a.LookbackDays) * 24 * time.Hour}
	tagging, logged := map[string]bool{}, map[string]*schema.Touch{}
	inRange := func(at time.Time) bool { return !at.Before(a.since) && at.Before(a.until) }
	for _, touch := range world.Touches {
		logged[touchKey(&touch.Touch)] = &touch.Touch
		if tagged(&touch.Touch) && inRange(touch.OccurredAt) && touch.ReferrerDomain != "" && touch.Channel != "Direct" {
			tagging[touch.ReferrerDomain] = true
		}
	}
	numbers := map[string]int{}
	visitors := map[string]map[schema.VisitorID]bool{}
	row := func(finding, source, page string) string {
		if strings.HasPrefix(finding, "(") {
			source, page = "", ""
		}
		return finding + "|" + source + "|" + page
	}
	for _, touch := range world.Touches {
		if key := row(untaggedOf(&touch.Touch, tagging), touch.Source, pageOf(touch.LandingPage)); inRange(touch.OccurredAt) {
			numbers[key+"/touches"]++
			if visitors[key] == nil {
				visitors[key] = map[schema.VisitorID]bool{}
			}
			visitors[key][touch.VisitorID] = true
		}
	}
	for _, sent := range model.leads(a) {
		touch := model.leadTouch(sent, a)
		switch {
		case touch == nil:
			numbers["(unattributed)||/leads"]++
		case logged[touchKey(touch)] != nil:
			touch = logged[touchKey(touch)]
			numbers[row(untaggedOf(touch, tagging), touch.Source, pageOf(touch.LandingPage))+"/leads"]++
		default:
			as := model.carriedAs(touch, tagging)
			numbers[row(as[0], as[1], as[2])+"/leads"]++
		}
	}
	flat := map[string]string{}
	for name, n := range numbers {
		flat[name] = fmt.Sprint(n)
	}
	for key, own := range visitors {
		flat[key+"/visitors"] = fmt.Sprint(len(own))
	}
	return flat
}

// swaps is the least number of letters to put in, take out, change or swap with their neighbour.
func swaps(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			d[i][j] = min(change, d[i-1][j]+1, d[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

var digits, separators = regexp.MustCompile(`[0-9]+`), regexp.MustCompile(`[^a-z0-9]`)

// near tells whether one campaign may be the other, mistyped. (Of those that tag knows none has a single letter.)
func near(a, b string) bool {
	limit := 1
	if len(a) >= 8 {
		limit = 2
	}
	sameWords := strings.Trim(digits.ReplaceAllString(separators.ReplaceAllString(a, " "), ""), " ") == strings.Trim(digits.ReplaceAllString(separators.ReplaceAllString(b, " "), ""), " ")
	sameLetters := separators.ReplaceAllString(a, "") == separators.ReplaceAllString(b, "")
	return len(a) >= 4 && a != b && swaps(a, b) <= limit && (!sameWords || sameLetters)
}

// naiveTypos finds the campaigns that are probably another one, and what their spellings differ in but case from.
func naiveTypos(touches []*schema.TouchRecord) (typos, variants map[string]string) {
	type use struct {
		n     int
		first time.Time
	}
	values, spellings := map[string]use{}, map[string]int{}
	for _, touch := range touches {
		if touch.UTMCampaign == "" {
			continue
		}
		spellings[touch.UTMCampaign]++
		u := values[touch.Campaign]
		if u.n == 0 || touch.OccurredAt.Before(u.first) {
			u.first = touch.OccurredAt
		}
		values[touch.Campaign] = use{u.n + 1, u.first}
	}
	typos, variants = map[string]string{}, map[string]string{}
	for value, own := range values {
		best := ""
		for other, its := range values {
			earlier := its.first.Before(own.first) || its.first.Equal(own.first) && other < value
			if near(value, other) && (its.n > own.n || its.n == own.n && earlier) && (best == "" || its.n > values[best].n || its.n == values[best].n && other > best) {
				best = other
			}
		}
		if best != "" {
			typos[value] = best
		}
	}
	for spelling, n := range spellings {
		for other, its := range spellings {
			lower := other == strings.ToLower(other)
			if other != spelling && strings.EqualFold(other, spelling) && (its > n || its == n && lower) {
				variants[spelling] = other
			}
		}
	}
	return typos, variants
}

// checkTags holds untagged against the naive model and its totals, and tag_audit against what it says of campaigns.
func checkTags(t *testing.T, conn driver.Conn, world *given, random *rand.Rand) {
	t.Helper()
	believed := world.believed()
	for _, point := range DataPoints() {
		p := Params{Site: world.site, DataPoint: point, Credit: LastNonDirect, LookbackDays: 1 + random.IntN(6), Limit: 1000}
		if random.IntN(2) == 0 {
			p.From, p.To = rangeFrom, rangeTo
		}
		a, err := p.checked("untagged")
		if err != nil {
			t.Fatal(err)
		}
		result := mustRun(t, conn, "untagged", p)
		checkSums(t, result)
		got := counts(result)
		maps.DeleteFunc(got, func(name, _ string) bool { return strings.Contains(name, "/page_") })
		if want := naiveUntagged(believed, a); !maps.Equal(got, want) {
			t.Errorf("untagged %+v:\ngot  %v\nwant %v", p, got, want)
		}
	}
	audit := mustRun(t, conn, "tag_audit", Params{Site: world.site, Limit: 1000, OwnDomains: []string{"example.com"}})
	found := map[string]map[string]string{}
	for i := range audit.Rows {
		finding, parameter := audit.Value(i, "finding").(string), audit.Value(i, "parameter").(string)
		if found[finding+" "+parameter] == nil {
			found[finding+" "+parameter] = map[string]string{}
		}
		found[finding+" "+parameter][audit.Value(i, "value").(string)] = audit.Value(i, "suggestion").(string)
	}
	typos, variants := naiveTypos(believed.Touches)
	if got := found["typo utm_campaign"]; !maps.Equal(got, typos) {
		t.Errorf("typing errors %v, want %v", got, typos)
	}
	if got := found["case_variant utm_campaign"]; !maps.Equal(got, variants) {
		t.Errorf("spellings %v, want %v", got, variants)
	}
}
