package main

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/client"
)

// seedVersion is the snippet version of what is invented here, so that an analyst can leave it out.
const seedVersion = "seed"

// year is everything that happens, in no particular order. Nothing of it is later than now.
type year struct {
	from, now   time.Time
	touches     []*schema.TouchRecord
	submissions []*schema.Submission
	contacts    []client.Row
	companies   []client.Row
	deals       []client.Row // changes of deals
	spend       []client.Row
	rates       []client.Row
}

// person is who sends a form.
type person struct {
	name, email string
	company     company
}

// customers are the people that the CRM knew before; a few of them send forms, which makes conversions and no leads.
const customers = 140

// newYear makes the journeys that begin in the months before now's and in now's.
func newYear(now time.Time, months int) *year {
	now = now.UTC().Truncate(time.Millisecond)
	y := &year{now: now, from: time.Date(now.Year(), now.Month()-time.Month(months), 1, 0, 0, 0, 0, time.UTC)}
	y.addCustomers()
	for day := y.from; day.Before(now); day = day.AddDate(0, 0, 1) {
		random := rand.New(rand.NewPCG(0x4845414457, uint64(day.Unix())))
		for range journeysOn(random, day) {
			y.addJourney(random, day)
		}
		y.addMoney(rand.New(rand.NewPCG(0x4d4f4e4559, uint64(day.Unix()))), day)
	}
	return y
}

// journeysOn is more on working days and in the planning season.
func journeysOn(random *rand.Rand, day time.Time) int {
	n := 26.0
	switch day.Weekday() {
	case time.Saturday, time.Sunday:
		n = 9
	case time.Monday:
		n = 30
	}
	if day.Month() >= time.February && day.Month() <= time.June {
		n *= 1.4
	}
	return int(n * (0.75 + 0.5*random.Float64()))
}

func (y *year) addCustomers() {
	random := rand.New(rand.NewPCG(0x43524d, 0))
	for i := range customers {
		p := customer(i)
		since := time.Date(2019+random.IntN(4), time.Month(1+random.IntN(12)), 1+random.IntN(28), 9, 0, 0, 0, time.UTC)
		created := since.Format(time.RFC3339)
		if i%2 == 0 {
			y.companies = append(y.companies, client.Row{"crm_id": fmt.Sprint(7000 + i/2), "name": p.company.name, "domain": p.company.domain, "created_at": created})
		}
		y.contacts = append(y.contacts, client.Row{"email": p.email, "crm_id": fmt.Sprint(20000 + i), "company_crm_id": fmt.Sprint(7000 + i/2),
			"company_name": p.company.name, "company_domain": p.company.domain, "created_at": created})
	}
}

// customer returns the i-th customer, two for each company.
func customer(i int) person {
	return newPerson(firstNames[i%len(firstNames)], lastNames[(i/2)%len(lastNames)], newCompany(i/2, ""))
}

func newPerson(first, last string, of company) person {
	return person{name: first + " " + last, email: slug(first) + "." + slug(last) + "@" + of.domain, company: of}
}

// counties keep new people's companies apart from the customers'.
var counties = []string{"Nord", "Sør", "Ost", "Vest", "Alta", "Baja"}

// addJourney makes a visitor with one to four arrivals, of which the last may end in a form.
func (y *year) addJourney(random *rand.Rand, day time.Time) {
	at := day.Add(6*time.Hour + time.Duration(random.Int64N(int64(16*time.Hour)))).Truncate(time.Millisecond)
	visitor := schema.VisitorID(newID(random, at))
	var arrivals []schema.Touch
	steps := 1
	for steps < 4 && random.IntN(100) < 34 {
		steps++
	}
	for range steps {
		c := pick(random, int(at.Month()), at.Weekday() == time.Monday)
		arrivals = append(arrivals, newTouch(random, at, c.landing, c.referrer))
		at = at.Add(time.Duration(float64(random.ExpFloat64()*5) * float64(24*time.Hour))).Add(45 * time.Minute).Truncate(time.Millisecond)
	}
	wants := random.IntN(100) < 3+3*steps
	who := y.someone(random)
	second := random.IntN(100) < 25
	for i := range arrivals {
		y.addTouch(visitor, arrivals[i])
	}
	if !wants {
		return
	}
	last := arrivals[len(arrivals)-1]
	form := formOf(random, last)
	y.addSubmission(random, visitor, who, form, last.OccurredAt.Add(4*time.Minute), arrivals[0], last)
	if form == "signup" {
		y.maybeDeal(random, who, last.OccurredAt)
	}
	if second {
		back := last.OccurredAt.AddDate(0, 0, 6+random.IntN(30))
		letter := newTouch(random, back, "/webinar?utm_source=newsletter&utm_medium=email&utm_campaign=monday-letter", "")
		y.addTouch(visitor, letter)
		y.addSubmission(random, visitor, who, "webinar", back.Add(3*time.Minute), arrivals[0], letter)
	}
}

func (y *year) someone(random *rand.Rand) person {
	if random.IntN(10) == 0 {
		return customer(random.IntN(customers))
	}
	of := newCompany(random.IntN(len(farms)*len(trades)), counties[random.IntN(len(counties))])
	who := newPerson(firstNames[random.IntN(len(firstNames))], lastNames[random.IntN(len(lastNames))], of)
	if random.IntN(8) == 0 { // a private address: the form's company name tells the company
		who.email = strings.Replace(who.email, of.domain, "gmail.com", 1)
	}
	return who
}

func formOf(random *rand.Rand, last schema.Touch) schema.FormID {
	if strings.Contains(last.LandingPage, "/webinar") && random.IntN(3) > 0 {
		return "webinar"
	}
	if random.IntN(6) == 0 {
		return "newsletter"
	}
	return "signup"
}

const website = "https://www.brookandbale.example"

// newTouch is an arrival as the snippet sees it.
func newTouch(random *rand.Rand, at time.Time, landing, referrer string) schema.Touch {
	touch := schema.Touch{TouchID: schema.TouchID(newID(random, at)), OccurredAt: at, LandingPage: website + landing, Referrer: referrer}
	u, err := url.Parse(touch.LandingPage)
	if err != nil {
		panic(fmt.Sprintf("campaign %q: %v", landing, err)) // a spelling mistake in cast.go
	}
	for name, values := range u.Query() {
		if err := schema.SetField(&touch, name, values[0]); err != nil {
			panic(fmt.Sprintf("campaign %q: %v", landing, err))
		}
	}
	return touch
}

func (y *year) addTouch(visitor schema.VisitorID, touch schema.Touch) {
	if touch.OccurredAt.After(y.now) {
		return
	}
	y.touches = append(y.touches, &schema.TouchRecord{VisitorID: visitor, Touch: touch, SnippetVersion: seedVersion})
}

func (y *year) addSubmission(random *rand.Rand, visitor schema.VisitorID, who person, form schema.FormID, at time.Time, first, latest schema.Touch) {
	id := schema.SubmissionID(newID(random, at))
	if at.After(y.now) {
		return
	}
	fields := map[string]string{"email": who.email}
	if form != "newsletter" {
		fields["name"], fields["company"] = who.name, who.company.name
	}
	y.submissions = append(y.submissions, &schema.Submission{
		SubmissionID: id, VisitorID: visitor, Form: form, Page: website + "/" + string(form), OccurredAt: at,
		FirstTouch: first, LatestTouch: latest, SnippetVersion: seedVersion, Fields: fields,
	})
}

// newID is a UUIDv7 of the time, its random part from random.
func newID(random *rand.Rand, at time.Time) string {
	var id uuid.UUID
	ms := uint64(at.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	for i := 6; i < 16; i++ {
		id[i] = byte(random.UintN(256))
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id.String()
}

// slug makes a name fit for a host name or the local part of an address.
func slug(name string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.NewReplacer("ø", "o", "Ø", "o", "ß", "ss", "å", "a", "Å", "a").Replace(name)) {
		switch {
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(unicode.ToLower(r))
		case r == ' ' && b.Len() > 0:
			b.WriteByte('-')
		}
	}
	return b.String()
}
