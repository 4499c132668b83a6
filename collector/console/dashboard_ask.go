package console

import (
	"context"
	"fmt"
	"reflect"
	"sync/atomic"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/models"
	"github.com/headwater/headwater/collector/reports"
)

// question is one report with its parameters.
type question struct {
	report     string
	params     reports.Params
	days       dateRange
	unfiltered bool // about everything, also where the page has a filter: the report has no touch of its own in a row
}

// breakdownBy are the dimensions that tiles show. One report by all of them answers each: rows by more dimensions add up to those
// by fewer.
var breakdownBy = []reports.Dimension{reports.BySource, reports.ByCampaign, reports.ByReferrerDomain}

// breakdown is the question that the funnel is read from, and most tiles.
func (q dashboardQuery) breakdown(point reports.DataPoint) question {
	return question{report: "source_breakdown", days: q.days, params: reports.Params{By: breakdownBy, DataPoint: point, Credit: q.credit}}
}

// pipeline is the question for what became of leads, and for deals.
func (q dashboardQuery) pipeline(point reports.DataPoint) question {
	return question{report: "pipeline", days: q.days, params: reports.Params{By: []reports.Dimension{reports.BySource}, DataPoint: point, Credit: q.credit}}
}

// credited is the question for what the page's rule of credit gives to each value of a dimension.
func (q dashboardQuery) credited(dimension reports.Dimension) question {
	if q.model == "" {
		return q.breakdown(q.dataPoint)
	}
	by := breakdownBy
	if q.model == models.Markov || q.model == models.Shapley { // which depend on what is told apart
		by = []reports.Dimension{dimension}
	}
	return question{report: "model_breakdown", days: q.days, params: reports.Params{By: by, Model: q.model}}
}

// over is the question about other days.
func (q question) over(days dateRange) question {
	q.days = days
	return q
}

// abreast is how many reports a page asks at the same time: the database has other readers.
const abreast = 4

// asking collects the questions of one page, asks those that are the same once, and all side by side, in the order in which the
// page shows them.
type asking struct {
	console *Console
	ctx     echo.Context
	context context.Context // in which what several questions need is asked once
	session *session
	where   filter
	all     []*pending
}

// pending is a question that was asked; its result may be read when ready is closed.
type pending struct {
	question question
	where    filter
	ready    chan struct{}
	result   *reports.Result
	err      error
}

func (c *Console) newAsking(ctx echo.Context, s *session, where filter) *asking {
	return &asking{console: c, ctx: ctx, context: reports.Together(ctx.Request().Context()), session: s, where: where}
}

// ask puts a question on the list.
func (a *asking) ask(q question, days dateRange) *pending {
	p := &pending{question: q.over(days), where: a.where, ready: make(chan struct{})}
	if q.unfiltered {
		p.where = nil
	}
	for _, same := range a.all {
		if reflect.DeepEqual(same.question, p.question) {
			return same
		}
	}
	a.all = append(a.all, p)
	return p
}

// askAll asks what a tile needs.
func (a *asking) askAll(t dashboardTile, q dashboardQuery) []*pending {
	var asked []*pending
	for _, question := range t.ask(q) {
		asked = append(asked, a.ask(question, question.days))
	}
	return asked
}

// askFunnel asks what the funnel needs, also about the time that the page compares with; earlier is nil where it does with none.
func (a *asking) askFunnel(q dashboardQuery) (now, earlier []*pending) {
	now = []*pending{a.ask(q.breakdown(q.dataPoint), q.days), a.ask(q.pipeline(q.dataPoint), q.days)}
	if before, compared := q.before(); compared {
		earlier = []*pending{a.ask(q.breakdown(q.dataPoint), before), a.ask(q.pipeline(q.dataPoint), before)}
	}
	return now, earlier
}

// start begins to ask. It ends with the request.
func (a *asking) start() {
	var next atomic.Int32
	for range min(abreast, len(a.all)) {
		go func() {
			for {
				at := int(next.Add(1)) - 1
				if at >= len(a.all) {
					return
				}
				a.run(a.all[at])
			}
		}()
	}
}

// run is out of reach of the server's recovery: a panic becomes an error.
func (a *asking) run(p *pending) {
	defer close(p.ready)
	defer func() {
		if fault := recover(); fault != nil {
			p.err = fmt.Errorf("%s: panic: %v", p.question.report, fault)
		}
	}()
	params := p.question.params
	if len(params.By) > 0 {
		params.By = p.where.asked(params.By)
	}
	params.From, params.To = p.question.days.bounds()
	p.result, p.err = a.console.run(a.context, a.session, p.question.report, params)
}

// wait returns when these questions have their answers, with what is wrong with the first that has none.
func (a *asking) wait(asked ...*pending) *trouble {
	var first *trouble
	for _, p := range asked {
		if p == nil {
			continue
		}
		<-p.ready
		if first == nil {
			first = a.console.troubleOf(a.ctx, a.session, p.question.report, p.err)
		}
	}
	return first
}

// by is the result by these dimensions, with only what the page's filter leaves of it.
func (p *pending) by(dimensions ...reports.Dimension) *reports.Result {
	return p.where.keep(p.result, dimensions)
}
