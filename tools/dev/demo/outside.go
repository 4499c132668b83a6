package demo

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// place is somewhere on the web that has a link to the demo website. It is shown on a host of its own, so that the
// browser sends a foreign referrer, as it would there.
type place struct {
	ID    string // first label of the host
	Name  string
	Look  string // feed, mail, search, chat, article: the page's shape
	Kind  string // what marketing people call it
	Says  string // one sentence: what it plays
	Ad    bool   // the link is paid for
	Title string // of the link
	Text  string // under it
	Site  string // path on the demo website
	Query string // what the link carries
	Quiet bool   // the browser sends no referrer, as from a mail program
}

// places is the outside world, in the order of its page.
var places = []place{
	{ID: "linkedin", Name: "LinkedIn", Look: "feed", Kind: "Paid social", Ad: true,
		Says:  "Plays a sponsored post on LinkedIn: all five UTM parameters and LinkedIn’s click id.",
		Title: "31 % less water in the first season", Text: "Brook & Bale controllers open each valve only when the roots need it. See how 214 farms did it.",
		Site: "/", Query: "utm_source=linkedin&utm_medium=paid-social&utm_campaign=spring-planning&utm_term=orchard-owners&utm_content=video-a&li_fat_id=7f3a9c52-demo"},
	{ID: "facebook", Name: "Facebook", Look: "feed", Kind: "Paid social", Ad: true,
		Says:  "Plays a Facebook ad: UTM parameters, and the fbclid that Facebook puts on every link.",
		Title: "Your field, planned for free", Text: "A soil map, three seasons of weather, one plan. Book the survey in a minute.",
		Site: "/", Query: "utm_source=facebook&utm_medium=paid-social&utm_campaign=free-survey&utm_content=carousel&fbclid=IwAR0demoFacebookClick"},
	{ID: "mail", Name: "Inbox", Look: "mail", Kind: "E-mail", Quiet: true,
		Says:  "Plays the Monday water letter: UTM parameters, and no referrer, as from a mail program.",
		Title: "Read: when night watering pays", Text: "This week: tariffs fall at 22:00, and a webinar for everyone who has pumps.",
		Site: "/webinar", Query: "utm_source=newsletter&utm_medium=email&utm_campaign=monday-letter-38"},
	{ID: "google", Name: "Google", Look: "search", Kind: "Paid search", Ad: true,
		Says:  "Plays an ad above Google’s results: a gclid and nothing else, as auto-tagging leaves it.",
		Title: "Irrigation controllers · Brook & Bale", Text: "Soil, weather and tariff in one decision. Free field survey.",
		Site: "/pricing", Query: "gclid=EAIaIQobChMIdemo-google-click"},
	{ID: "google", Name: "Google", Look: "search", Kind: "Organic search",
		Says:  "Plays a result of a Google search: no parameters at all, the referrer tells.",
		Title: "Brook & Bale: water the crop, not the calendar", Text: "Controllers that open each valve only when the roots need it. Growers use 31 % less water.",
		Site: "/"},
	{ID: "chatgpt", Name: "ChatGPT", Look: "chat", Kind: "AI assistant",
		Says:  "Plays a source that an AI assistant names in its answer: the referrer tells.",
		Title: "brookandbale.example", Text: "For orchards between 5 and 50 hectares, controllers with two-depth probes are worth a look, for example",
		Site: "/"},
	{ID: "partner", Name: "Fjord Pumps", Look: "article", Kind: "Partner referral",
		Says:  "Plays a partner’s website that recommends the product: a plain link, no parameters.",
		Title: "the controllers of Brook & Bale", Text: "Our pumps are only as clever as what switches them. We fit them with",
		Site: "/pricing"},
	{ID: "direct", Name: "Address bar", Look: "article", Kind: "Direct", Quiet: true,
		Says:  "Plays somebody who types the address: no parameters, no referrer.",
		Title: "localhost:8080", Text: "A visitor who knows the name already types", Site: "/"},
}

// clockChoices are the days that a visit of the demo may be set back.
var clockChoices = []int{0, 4, 12, 25}

type outsidePage struct {
	Demo, Outside string
	Place         place
	Links         []outsideLink
	Days          int
	Choices       []int
}

// outsideLink is a link to the demo website and the page that has it.
type outsideLink struct {
	place
	Page string // address of the page with the link
	Href string
	Mark string // names the link for people and tests
}

// Parameters lists what the link carries, one parameter a line.
func (p place) Parameters() []string {
	if p.Query == "" {
		return nil
	}
	return strings.Split(p.Query, "&")
}

// World returns the handler of the outside world: a page of all its places, and each place on its own host.
func (s *Site) World() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", assets())
	mux.HandleFunc("GET /favicon.ico", favicon)
	mux.HandleFunc("GET /{$}", s.outsidePage)
	policy := "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-cache")
		mux.ServeHTTP(w, r)
	})
}

func (s *Site) outsidePage(w http.ResponseWriter, r *http.Request) {
	days, err := strconv.Atoi(r.URL.Query().Get("days"))
	if err != nil || days < 0 || days > maxDays {
		days = 0
	}
	p := outsidePage{Demo: s.Demo, Outside: s.Config.Outside, Days: days, Choices: clockChoices}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	label, isPlace := strings.CutSuffix(strings.ToLower(host), ".localhost")
	for _, link := range s.links(days) {
		if !isPlace {
			p.Links = append(p.Links, link)
		} else if link.ID == label {
			p.Place = link.place
			p.Links = append(p.Links, link)
		}
	}
	switch {
	case len(p.Links) == 0:
		http.NotFound(w, r)
	case isPlace:
		s.execute(w, http.StatusOK, "place", "place", p)
	default:
		s.execute(w, http.StatusOK, "outside", "outside", p)
	}
}

// links returns every link of the outside world for visits that many days ago.
func (s *Site) links(days int) []outsideLink {
	var links []outsideLink
	for _, p := range places {
		link := outsideLink{place: p, Mark: p.ID}
		if p.ID == "google" && p.Ad {
			link.Mark = "google-ad"
		}
		link.Page = fmt.Sprintf("http://%s.localhost:%s/", p.ID, s.outsidePort)
		target := p.Site
		if p.Query != "" {
			target += "?" + p.Query
		}
		link.Href = s.Demo + target
		if p.ID == "direct" {
			link.Title = strings.TrimPrefix(s.Demo, "http://")
		}
		if days > 0 {
			link.Page += "?days=" + strconv.Itoa(days)
			link.Href = s.Demo + "/travel?days=" + strconv.Itoa(days) + "&to=" + url.QueryEscape(target)
		}
		links = append(links, link)
	}
	return links
}
