package console

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/reports"
)

// question is one report with its parameters; the days come from the page.
type question struct {
	report     string
	params     reports.Params
	yearBefore bool // asks of the same days a year before
	unfiltered bool // about everything, also where the page has a filter: the report knows no touches
}

// over returns the days that the question is about.
func (q question) over(days dateRange) dateRange {
	if q.yearBefore {
		if earlier, ok := days.yearBefore(); ok {
			return earlier
		}
	}
	return days
}

// abreast is how many reports a page asks at the same time: the database has other readers.
const abreast = 4

// asking collects the questions of one page, asks them side by side, and those that are the same once.
type asking struct {
	console *Console
	ctx     echo.Context
	session *session
	where   filter
	all     []*pending
	slots   chan struct{}
}

// pending is a question that was asked; its result may be read after wait.
type pending struct {
	question question
	days     dateRange
	where    filter
	ready    chan struct{}
	result   *reports.Result
	err      error
}

func (c *Console) newAsking(ctx echo.Context, s *session, where filter) *asking {
	return &asking{console: c, ctx: ctx, session: s, where: where, slots: make(chan struct{}, abreast)}
}

// ask begins to ask.
func (a *asking) ask(q question, days dateRange) *pending {
	p := &pending{question: q, days: days, where: a.where, ready: make(chan struct{})}
	if q.unfiltered {
		p.where = nil
	}
	for _, same := range a.all {
		if same.days == days && reflect.DeepEqual(same.question, q) {
			return same
		}
	}
	a.all = append(a.all, p)
	params := q.params
	params.By = slices.Clone(q.params.By)
	if len(q.params.By) > 0 {
		params.By = p.where.asked(q.params.By)
	}
	params.From, params.To = days.bounds()
	go a.run(a.ctx.Request().Context(), p, params)
	return p
}

// run is out of reach of the server's recovery: a panic becomes an error.
func (a *asking) run(ctx context.Context, p *pending, params reports.Params) {
	defer close(p.ready)
	defer func() {
		if fault := recover(); fault != nil {
			p.err = fmt.Errorf("%s: panic: %v", p.question.report, fault)
		}
	}()
	a.slots <- struct{}{}
	defer func() { <-a.slots }()
	p.result, p.err = a.console.run(ctx, a.session, p.question.report, params)
}

// wait returns when every question has its answer, with what is wrong with the first that has none.
func (a *asking) wait() *trouble {
	var first *trouble
	for _, p := range a.all {
		<-p.ready
		if first == nil {
			first = a.console.troubleOf(a.ctx, a.session, p.question.report, p.err)
		}
	}
	return first
}

// kept is the result with only what the page's filter leaves of it.
func (p *pending) kept() *reports.Result {
	if len(p.question.params.By) == 0 {
		return p.result
	}
	return p.where.keep(p.result, p.question.params.By)
}
