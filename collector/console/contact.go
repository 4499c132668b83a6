package console

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// contactView is what the page of a contact shows: the form alone, or a card below it.
type contactView struct {
	Problem string // of the typed address
	Email   string // as it was typed, "" where the card was opened from a list
	ID      string // of the contact, "" for the form alone
	Short   string
	Known   bool
	Points  []pointView
	Sent    []pointView // conversions, the latest first
	Trouble *trouble
}

// pointView is one data point of a contact.
type pointView struct {
	Title   string
	Touch   bool   // there is one
	Status  string // why there is none, in words
	Source  string
	Main    []fact // what is always shown
	More    []fact // what "show more" shows, empties too
	When    moment // of the touch
	Sent    moment // of the form
	Form    string
	Rule    string
	Unknown bool // no source is known, though there should be one
}

// fact is one name with its value.
type fact struct{ Name, Value string }

func (c *Console) getContact(ctx echo.Context, s *session) error {
	return c.render(ctx, http.StatusOK, "contact", "Contact", s, contactView{})
}

// postContact looks a person up by e-mail. The address travels in the body and stands in no URL, log or history; the
// answer is the page itself, so that the address can stand above the card.
func (c *Console) postContact(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	typed := ctx.Request().PostForm.Get("email")
	address, err := schema.NormaliseEmail(typed)
	if err != nil {
		view := contactView{Email: schema.CutText(typed, 320), Problem: "This is no e-mail address. Write it as in ada@example.com."}
		return c.render(ctx, http.StatusUnprocessableEntity, "contact", "Contact", s, view)
	}
	id := schema.NewContactID(s.site.ContactKey(c.config.Secret), address)
	return c.showCard(ctx, s, contactView{Email: address, ID: string(id)})
}

// getCard is the card that a list links to, by the contact's id, which says nothing to anybody else.
func (c *Console) getCard(ctx echo.Context, s *session) error {
	return c.showCard(ctx, s, contactView{ID: ctx.Param("contact")})
}

const shortID = 8

func (c *Console) showCard(ctx echo.Context, s *session, view contactView) error {
	view.Short = view.ID[:min(len(view.ID), shortID)]
	result, err := c.run(ctx.Request().Context(), s, "contact_card", reports.Params{Contact: schema.ContactID(view.ID)})
	view.Trouble = c.troubleOf(ctx, "contact_card", err)
	status := statusOf(view.Trouble)
	if view.Trouble == nil {
		view.Known = len(result.Rows) > 0
		view.read(result, zoneOf(s.site))
		if !view.Known {
			status = http.StatusNotFound
		}
	}
	return c.render(ctx, status, "contact", "Contact", s, view)
}

var pointTitles = map[string]string{
	"first_touch": "First touch", "lead_creation": "Lead creation", "company_source": "Company source", "conversion": "Conversion",
}

func (v *contactView) read(result *reports.Result, zone *time.Location) {
	for i := range result.Rows {
		value := func(column string) any { return result.Value(i, column) }
		point := readPoint(value, zone)
		if text(value("data_point")) == "conversion" {
			v.Sent = append([]pointView{point}, v.Sent...)
			continue
		}
		v.Points = append(v.Points, point)
	}
}

func readPoint(value func(string) any, zone *time.Location) pointView {
	kind, status := text(value("data_point")), text(value("status"))
	p := pointView{
		Title: pointTitles[kind], Touch: status == "attributed", Unknown: status == "unattributed",
		Source: text(value("source")),
		When:   momentOf(value("touch_at"), zone), Sent: momentOf(value("occurred_at"), zone), Form: text(value("form")),
		Rule: ruleOfPoint(text(value("rule"))),
	}
	if !p.Touch {
		p.Status = whyNone(kind, status, p.Sent)
		if status == "existing" {
			p.Sent = moment{}
		}
		return p
	}
	p.Main = facts(value, "medium", "campaign", "referrer_domain")
	for _, name := range []string{"term", "content"} { // shown at once where there is something to show
		if text(value(name)) != "" {
			p.Main = append(p.Main, facts(value, name)...)
		} else {
			p.More = append(p.More, facts(value, name)...)
		}
	}
	p.More = append(p.More, facts(value, "channel", "landing_page")...)
	for _, name := range []string{"utm_id", "parameters"} { // most touches have neither
		if text(value(name)) != "" {
			p.More = append(p.More, facts(value, name)...)
		}
	}
	return p
}

func facts(value func(string) any, names ...string) []fact {
	var list []fact
	for _, name := range names {
		list = append(list, fact{title(name), text(value(name))})
	}
	return list
}

func ruleOfPoint(rule string) string {
	switch rule {
	case "earliest":
		return "The earliest visit that is known."
	case "last_non_direct":
		return "The last known source before the form."
	case "last":
		return "The last visit before the form."
	}
	return ""
}

// whyNone says why a data point has no touch.
func whyNone(kind, status string, since moment) string {
	known := "before the first form"
	if since.Text != "" {
		known = "since " + since.Text
	}
	switch {
	case status == "existing" && kind == "company_source":
		return "None: the company was known already, " + known + "."
	case status == "existing":
		return "None: the person was known already, " + known + ". Forms since then are conversions."
	case status == "no company":
		return "None: no company is known for this person."
	case status == "created by an existing contact":
		return "None: the company came with a form of somebody who was known already."
	}
	return "No source is known: the form came without the script, or from a browser that asks not to be followed."
}
