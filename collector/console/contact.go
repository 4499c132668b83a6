package console

import (
	"net/http"

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
	Story   *storyView
	Called  string // what the contact typed as a name, "" where it is not kept
	Refused string // why a change was not made
	Done    string
	Trouble *trouble

	refusedStatus int
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
	return c.render(ctx, http.StatusOK, "contact", s.say("contact.title"), s, contactView{})
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
		view := contactView{Email: schema.CutText(typed, 320), Problem: s.say("problems.no_address")}
		return c.render(ctx, http.StatusUnprocessableEntity, "contact", s.say("contact.title"), s, view)
	}
	id := schema.NewContactID(s.site.ContactKey(c.config.Secret), address)
	return c.showCard(ctx, s, contactView{Email: address, ID: string(id)})
}

// getCard is the card that a list links to, by the contact's id, which says nothing to anybody else.
func (c *Console) getCard(ctx echo.Context, s *session) error {
	return c.showCard(ctx, s, contactView{ID: ctx.Param("contact"), Done: s.doneText(ctx.QueryParam("done"))})
}

const shortID = 8

func (c *Console) showCard(ctx echo.Context, s *session, view contactView) error {
	view.Short = view.ID[:min(len(view.ID), shortID)]
	result, err := c.run(ctx.Request().Context(), s, "contact_card", reports.Params{Contact: schema.ContactID(view.ID)})
	view.Trouble = c.troubleOf(ctx, s, "contact_card", err)
	if view.Trouble == nil {
		view.Known = len(result.Rows) > 0
		view.read(result, s.speaker)
	}
	if view.Known {
		view.Story, err = c.tell(ctx, s, schema.ContactID(view.ID))
		view.Trouble = c.troubleOf(ctx, s, "contact", err)
	}
	if view.Story != nil {
		view.Called = view.Story.Called
	}
	status := statusOf(view.Trouble)
	switch {
	case view.Trouble == nil && !view.Known:
		status = http.StatusNotFound
	case view.Trouble == nil && view.Refused != "":
		status = view.refusedStatus
	}
	return c.render(ctx, status, "contact", s.say("contact.title"), s, view)
}

func (v *contactView) read(result *reports.Result, s *speaker) {
	for i := range result.Rows {
		value := func(column string) any { return result.Value(i, column) }
		point := s.dataPoint(value)
		if text(value("data_point")) == "conversion" {
			v.Sent = append([]pointView{point}, v.Sent...)
			continue
		}
		v.Points = append(v.Points, point)
	}
}

func (s *speaker) dataPoint(value func(string) any) pointView {
	kind, status := text(value("data_point")), text(value("status"))
	p := pointView{
		Title: s.say("words.point." + kind), Touch: status == "attributed", Unknown: status == "unattributed",
		Source: text(value("source")),
		When:   s.moment(value("touch_at")), Sent: s.moment(value("occurred_at")), Form: text(value("form")),
		Rule: s.ruleOfPoint(text(value("rule"))),
	}
	if !p.Touch {
		p.Status = s.whyNone(kind, status, p.Sent)
		if status == "existing" {
			p.Sent = moment{}
		}
		return p
	}
	p.Main = s.facts(value, "medium", "campaign", "referrer_domain")
	for _, name := range []string{"term", "content"} { // shown at once where there is something to show
		if text(value(name)) != "" {
			p.Main = append(p.Main, s.facts(value, name)...)
		} else {
			p.More = append(p.More, s.facts(value, name)...)
		}
	}
	p.More = append(p.More, s.facts(value, "channel", "landing_page")...)
	for _, name := range []string{"utm_id", "parameters"} { // most touches have neither
		if text(value(name)) != "" {
			p.More = append(p.More, s.facts(value, name)...)
		}
	}
	return p
}

func (s *speaker) facts(value func(string) any, names ...string) []fact {
	var list []fact
	for _, name := range names {
		list = append(list, fact{s.title(name), text(value(name))})
	}
	return list
}

func (s *speaker) ruleOfPoint(rule string) string {
	switch rule {
	case "earliest":
		return s.say("contact.rule.earliest")
	case "last_non_direct":
		return s.say("contact.rule.last_non_direct")
	case "last":
		return s.say("contact.rule.last")
	}
	return ""
}

// whyNone says why a data point has no touch.
func (s *speaker) whyNone(kind, status string, since moment) string {
	known := s.say("contact.none.before")
	if since.Text != "" {
		known = s.say("contact.none.since", "Time", since.Text)
	}
	switch {
	case status == "existing" && kind == "company_source":
		return s.say("contact.none.known_company", "Since", known)
	case status == "existing":
		return s.say("contact.none.known_person", "Since", known)
	case status == "no company":
		return s.say("contact.none.no_company")
	case status == "created by an existing contact":
		return s.say("contact.none.by_known")
	}
	return s.say("contact.none.unknown")
}
