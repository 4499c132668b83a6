package main

import "math/rand/v2"

// The cast of the invented year.

var firstNames = []string{"Ada", "Bjørn", "Carmen", "Dmitri", "Eirin", "Femke", "Giulia", "Håkon", "Inés", "Jürgen", "Kirsten", "Lars", "Marit",
	"Nadia", "Olav", "Priya", "Quentin", "Rosa", "Søren", "Tomás", "Ulla", "Vera", "Wim", "Ximena", "Yusuf", "Zofia"}

var lastNames = []string{"Solheim", "Berg", "de Vries", "Moreau", "Conti", "Fischer", "Nowak", "Lindqvist", "Haugen", "Ferreira", "Okafor", "Petrov",
	"Jansen", "Romero", "Keller", "Dahl", "Rossi", "Vik", "Schmitt", "Larsen"}

var farms = []string{"Nordbakken", "Solvik", "Grønnes", "Ravensholm", "Val d'Orb", "Casa Bruna", "Lindenhof", "Ekeby", "Haugland", "Monte Alto",
	"Vesterland", "Birkenau", "Ostrava Fields", "Duinzicht", "Sierra Verde", "Tveit", "Clos du Lac", "Fossum", "Marchfeld", "Lago Chiaro"}

var trades = []string{"Orchards", "Vineyards", "Growers", "Estate", "Nurseries", "Farms", "Berries", "Cooperative"}

// company is an organisation; Norwegian ones pay in NOK.
type company struct {
	name, domain string
	norwegian    bool
}

var norwegianFarms = map[string]bool{"Nordbakken": true, "Solvik": true, "Grønnes": true, "Haugland": true, "Vesterland": true, "Tveit": true, "Fossum": true}

// newCompany returns the n-th of the companies, of which there are len(farms) × len(trades) for each county.
func newCompany(n int, county string) company {
	farm, trade := farms[n%len(farms)], trades[n/len(farms)%len(trades)]
	name := farm + " " + trade
	if county != "" {
		name += " " + county
	}
	return company{name: name, domain: slug(name) + ".example", norwegian: norwegianFarms[farm]}
}

// campaign is a link that somebody published, with the weight that it has among the ways to the website.
type campaign struct {
	weight      int
	landing     string // path and query
	referrer    string
	from, until int  // months of the year in which it runs, 0 for always
	mondays     bool // sent on Mondays, hardly followed on other days
}

var campaigns = []campaign{
	{weight: 26, landing: "/", referrer: "https://www.google.com/"},
	{weight: 4, landing: "/", referrer: "https://www.bing.com/"},
	{weight: 18, landing: "/"},
	{weight: 10, landing: "/pricing?gclid=Cj0KCQ-seed"},
	{weight: 5, landing: "/?utm_source=google&utm_medium=cpc&utm_campaign=brand&gclid=Cj0KCQ-seed", referrer: "https://www.google.com/"},
	{weight: 14, landing: "/?utm_source=LinkedIn&utm_medium=paid-social&utm_campaign=spring-planning&utm_content=video-a", referrer: "https://www.linkedin.com/", from: 2, until: 5},
	{weight: 7, landing: "/?utm_source=linkedin&utm_medium=paid-social&utm_campaign=harvest-review&utm_content=carousel", referrer: "https://www.linkedin.com/", from: 8, until: 11},
	{weight: 9, landing: "/signup?utm_source=facebook&utm_medium=paid-social&utm_campaign=free-survey&fbclid=IwAR-seed", referrer: "https://l.facebook.com/", from: 3, until: 9},
	{weight: 3, landing: "/", referrer: "https://www.facebook.com/"},
	{weight: 16, landing: "/webinar?utm_source=newsletter&utm_medium=email&utm_campaign=monday-letter", mondays: true},
	{weight: 4, landing: "/", referrer: "https://chatgpt.com/"},
	{weight: 2, landing: "/pricing", referrer: "https://www.perplexity.ai/"},
	{weight: 4, landing: "/pricing", referrer: "https://fjordpumps.example/controllers"},
	{weight: 3, landing: "/?utm_source=youtube&utm_medium=video&utm_campaign=field-tour", referrer: "https://www.youtube.com/"},
	{weight: 2, landing: "/", referrer: "https://news.growers-gazette.example/2026/water"},
}

// pick chooses one of the campaigns that run in the month.
func pick(random *rand.Rand, month int, monday bool) campaign {
	total := 0
	weight := func(c campaign) int {
		if c.from > 0 && (month < c.from || month > c.until) {
			return 0
		}
		if c.mondays && !monday {
			return c.weight / 8
		}
		return c.weight
	}
	for _, c := range campaigns {
		total += weight(c)
	}
	chosen := random.IntN(total)
	for _, c := range campaigns {
		if chosen -= weight(c); chosen < 0 {
			return c
		}
	}
	return campaigns[0]
}
