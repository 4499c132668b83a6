package console

import (
	"slices"

	"github.com/headwater/headwater/collector/reports"
)

func askForms(q dashboardQuery) []question {
	return []question{{report: "top_forms", days: q.days, params: reports.Params{Limit: listLimit}, unfiltered: true}}
}

func askFormLeads(q dashboardQuery) []question {
	asked := askForms(q)
	if earlier, ok := q.days.yearBefore(); ok {
		asked = append(asked, asked[0].over(earlier))
	}
	return asked
}

// formRows are all forms, with their leads of the year before where the tile has them.
func formRows(_ dashboardQuery, asked []*pending) *reports.Result {
	if len(asked) > 1 {
		return withColumn(asked[0].result, asked[1].result, "form", "leads", "year_before")
	}
	return asked[0].result
}

func (s *speaker) forms(q dashboardQuery, asked []*pending) tileView {
	return s.ofForms(q, formRows(q, asked), "leads", "conversions", "submissions")
}

// formLeads shows new leads from forms beside those of the year before.
func (s *speaker) formLeads(q dashboardQuery, asked []*pending) tileView {
	if len(asked) < 2 {
		t := s.ofForms(q, formRows(q, asked), "leads")
		t.Lead = s.say("dashboard.form_leads_no_days")
		return t
	}
	return s.ofForms(q, formRows(q, asked), "leads", "year_before")
}

func (s *speaker) ofForms(q dashboardQuery, result *reports.Result, columns ...string) tileView {
	t := tileView{Empty: s.say("dashboard.none.forms"), More: link{Title: s.say("dashboard.all_forms"), Href: hrefOf("forms", q.days.query())}}
	if len(q.where) > 0 {
		t.Note = s.say("dashboard.note.forms")
	}
	rows := rankedRows(result, "form", "leads")
	rows.all = slices.DeleteFunc(rows.all, func(row rankedRow) bool { return row.label == unattributed }) // every form that was sent is one
	s.fill(&t, rows, "form", columns, func(form, column string) string { return q.behindForm(column, form) })
	if len(result.Rows) == 0 {
		t.Rows = nil
	}
	return t
}
