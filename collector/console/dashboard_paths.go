package console

import (
	"slices"

	"github.com/headwater/headwater/collector/models"
	"github.com/headwater/headwater/collector/reports"
)

func askPaths(q dashboardQuery) []question {
	return []question{{report: "paths", days: q.days, unfiltered: true,
		params: reports.Params{By: []reports.Dimension{reports.BySource}, Transforms: []reports.Transform{reports.CollapseRepeats}, Limit: listLimit}}}
}

// paths shows the ways that led to leads, drawn and as a table.
func (s *speaker) paths(q dashboardQuery, asked []*pending) tileView {
	t := tileView{Wide: true, Empty: s.say("dashboard.none.leads"), More: link{Title: s.say("dashboard.all_sources"), Href: q.sourcesHref(q.dataPoint, nil, reports.BySource)}}
	if len(q.where) > 0 {
		t.Note = s.say("dashboard.note.paths")
	}
	result := asked[0].result
	rows := rankedRows(result, "path", "leads")
	for i := range rows.all {
		if rows.all[i].folds > 0 {
			rows.all[i].values[rows.at("days_median")] = nil // medians do not add up
		}
	}
	s.fill(&t, rows, "path", []string{"leads", "days_median"}, nil)
	for i, row := range rows.all {
		if days, known := row.values[rows.at("days_median")].(float64); known {
			t.Rows[i].Cells[1].cellView = cellView{Text: s.decimal(days, 1)}
		}
	}
	t.Flow = s.flow(result)
	return t
}

func askModels(q dashboardQuery) []question {
	return []question{{report: "compare_models", days: q.days, params: reports.Params{By: []reports.Dimension{reports.BySource}}}}
}

// models shows how each model shares the same leads.
func (s *speaker) models(q dashboardQuery, asked []*pending) tileView {
	t := tileView{Wide: true}
	result := asked[0].by(reports.BySource)
	var columns []string
	for _, model := range models.All() {
		at := slices.Index(result.Columns, string(model))
		if at >= 0 && (len(result.Rows) == 0 || result.Rows[0][at] != nil) {
			columns = append(columns, string(model))
		}
	}
	if len(columns) < len(models.All()) {
		t.Note = s.say("dashboard.note.models")
	}
	links := q.shareLinks(reports.BySource, func(column string) models.Model { return models.Model(column) })
	s.fill(&t, rankedRows(result, "source", string(models.Linear)), "source", columns, links)
	for i, column := range columns {
		t.Columns[i+1].Title, t.Columns[i+1].Bar = s.say("dashboard.model."+column), false
	}
	for r := range t.Rows {
		t.Rows[r].Cells[0].Bar = false
	}
	t.Total.Cells[0].Bar = false
	return t
}
