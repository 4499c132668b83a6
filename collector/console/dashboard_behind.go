package console

import (
	"github.com/headwater/headwater/collector/models"
	"github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/collector/reports"
)

// counting says which contacts a column counts, as the addresses of contacts name them: those of the column itself, or
// narrowed by a criterion more.
var counting = map[string]struct{ counts, criterion string }{
	"leads":           {"leads", ""},
	"leads_with_deal": {"leads", "deals:at_least:1"},
	"qualified":       {"qualified", ""},
	"conversions":     {"conversions", ""},
	"deals":           {"deals", ""},
	"won_deals":       {"won_deals", ""},
	"won_amount":      {"won_deals", ""},
	"open_deals":      {"deals", "deal.status:is:open"},
	"open_amount":     {"deals", "deal.status:is:open"},
}

// behind is where the people behind a number are listed, "" for nowhere: visitors are no contacts.
func (q dashboardQuery) behind(column string, point reports.DataPoint, where filter, dimension reports.Dimension) string {
	who, known := counting[column]
	switch {
	case !known:
		return q.sourcesHref(point, where, drillBy(dimension)...)
	case point == reports.Conversion && (who.counts == "leads" || who.counts == "qualified"): // whose place is where the lead was created
		point = reports.LeadCreation
	}
	query := q.days.query()
	query.Set("counts", who.counts)
	if q.credit == reports.Last && point != reports.FirstTouch {
		query.Set("credit", string(q.credit))
	}
	of := string(point)
	if who.counts == "deals" || who.counts == "won_deals" { // which have a place of their own
		of = people.DealBy + of
	}
	for _, c := range where {
		query.Add("g1", of+"."+string(c.Dimension)+":is:"+c.Value)
	}
	if who.criterion != "" {
		query.Add("g1", who.criterion)
	}
	return hrefOf("contacts", query)
}

// behindShare is where the leads are listed that a row has parts of under a model: those to whom a touch of it led.
func (q dashboardQuery) behindShare(model models.Model, where filter) string {
	query := q.days.query()
	query.Set("counts", "leads")
	for _, c := range where {
		query.Add("g1", "path."+string(c.Dimension)+":is:"+c.Value)
	}
	switch model { // those that give all to one touch
	case models.First:
		query.Add("g1", "path.place:is:1")
	case models.Last:
		query.Add("g1", "path.place_from_end:is:1")
	case models.LastNonDirect:
		query.Add("g1", "path.last_non_direct:is:yes")
	}
	return hrefOf("contacts", query)
}

// behindForm is where the people are listed who sent a form.
func (q dashboardQuery) behindForm(column, form string) string {
	query := q.days.query()
	switch column {
	case "leads":
		query.Set("counts", "leads")
		query.Add("g1", "form:is:"+form)
	case "conversions":
		query.Set("counts", "conversions")
		query.Add("g1", "sent_form:is:"+form)
	default: // a form may be sent by nobody who is known
		return ""
	}
	return hrefOf("contacts", query)
}
