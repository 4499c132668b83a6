package reports

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/collector/models"
)

// steps are the paths that led to one outcome, as facts/steps.sql counts them.
type steps struct {
	order      int
	rows       []step
	names      map[string]int
	currencies map[string]int
}

type step struct {
	before              []string
	next                string
	ended               bool
	currency            string
	conversions, losses uint64
	amount              decimal.Decimal
}

// querySteps asks for the steps of the asked outcomes.
func querySteps(ctx context.Context, conn driver.Conn, a asked) (map[Outcome]*steps, error) {
	from, err := a.source(ctx, conn, stepsName)
	if err != nil {
		return nil, fmt.Errorf("count steps: %w", explained(err))
	}
	return queryStepsFrom(ctx, conn, a, from)
}

func queryStepsFrom(ctx context.Context, conn driver.Conn, a asked, from source) (map[Outcome]*steps, error) {
	rows, err := rowsFrom(ctx, conn, stepsName, a, from)
	if err != nil {
		return nil, fmt.Errorf("count steps: %w", explained(err))
	}
	defer func() { _ = rows.Close() }()
	all := map[Outcome]*steps{}
	for rows.Next() {
		var outcome string
		var s step
		if err := rows.Scan(&outcome, &s.before, &s.next, &s.ended, &s.currency, &s.conversions, &s.losses, &s.amount); err != nil {
			return nil, fmt.Errorf("read a step: %w", err)
		}
		of := all[Outcome(outcome)]
		if of == nil {
			of = &steps{order: a.Order, names: map[string]int{}, currencies: map[string]int{}}
			all[Outcome(outcome)] = of
		}
		of.add(s)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("count steps: %w", err)
	}
	for _, of := range all {
		number(of.names)
		number(of.currencies)
	}
	return all, nil
}

func (s *steps) add(one step) {
	s.rows = append(s.rows, one)
	if one.ended {
		if one.currency != "" {
			s.currencies[one.currency] = 0
		}
		return
	}
	s.names[one.next] = 0 // every touch follows something, if only the start
}

// number gives names ids in their order.
func number(names map[string]int) {
	for id, name := range slices.Sorted(maps.Keys(names)) {
		names[name] = id
	}
}

// effects solves the chain of the steps.
func (s *steps) effects(ctx context.Context) (*models.RemovalEffects, error) {
	chain := models.NewChain(s.order, len(s.names), len(s.currencies))
	for _, one := range s.rows {
		before := make([]int, len(one.before))
		for i, name := range one.before {
			before[i] = s.names[name]
		}
		if !one.ended {
			chain.Step(before, s.names[one.next], float64(one.conversions+one.losses))
			continue
		}
		worth := make([]float64, len(s.currencies))
		if one.currency != "" {
			worth[s.currencies[one.currency]] = one.amount.InexactFloat64()
		}
		chain.End(before, float64(one.conversions), float64(one.losses), worth...)
	}
	effects, err := chain.RemovalEffects(ctx)
	if wrong := new(models.ParamError); errors.As(err, &wrong) {
		return nil, paramErrorf(wrong.Param, "too_many_paths", "%s", wrong.Problem)
	}
	return effects, err
}

// allByMarkov shares the columns of outcomes by Markov.
func (t *creditTable) allByMarkov(ctx context.Context, conn driver.Conn, a asked, outcomes []Outcome) error {
	steps, err := querySteps(ctx, conn, a)
	if err != nil {
		return err
	}
	for _, outcome := range outcomes {
		counted := outcome
		if outcome == WonAmount {
			counted = WonDeals
		}
		if t.columns[string(outcome)], err = t.byMarkov(ctx, steps[counted], t.columns[string(outcome)]); err != nil {
			return err
		}
	}
	return nil
}

// byMarkov shares what all rows with a touch have in a column, in the ratio of the removal effects of their labels. What has no touch
// stays.
func (t *creditTable) byMarkov(ctx context.Context, s *steps, column parts) (parts, error) {
	if s == nil || column == nil { // no outcome with a touch
		return column, nil
	}
	effects, err := s.effects(ctx)
	if err != nil {
		return nil, err
	}
	t.addRows(s.names, effects)
	shared := make(parts, len(t.labels))
	totals := map[string]decimal.Decimal{}
	for place, labels := range t.labels {
		shared[place] = map[string]decimal.Decimal{}
		if place >= len(column) {
			continue
		}
		for money, part := range column[place] {
			if slices.Contains(labels, unattributed) {
				shared[place][money] = part
			} else {
				totals[money] = totals[money].Add(part)
			}
		}
	}
	for money, total := range totals {
		weights := effects.Conversions
		if money != "" {
			weights = effects.Worth[s.currencies[money]]
		}
		t.share(shared, money, total, s.names, weights)
	}
	return shared, nil
}

// addRows makes rows for names that no other model credits, but Markov may: those that are only on paths to something else, from which
// others go on.
func (t *creditTable) addRows(names map[string]int, effects *models.RemovalEffects) {
	there := map[string]bool{}
	for _, labels := range t.labels {
		there[labelKey(labels)] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !there[name] && effects.Conversions[names[name]] > 0 {
			t.labels = append(t.labels, strings.Split(name, "\x00"))
		}
	}
}

// share gives each named row its part of a total, to 16 decimals.
func (t *creditTable) share(to parts, money string, total decimal.Decimal, names map[string]int, weights []float64) {
	inRows := make([]float64, len(t.labels))
	for place, labels := range t.labels {
		if id, named := names[labelKey(labels)]; named {
			inRows[place] = weights[id]
		}
	}
	shares := models.InRatio(total.Rat(), inRows)
	for place, part := range models.Apportion(total, shares, 16) {
		if !part.IsZero() {
			to[place][money] = part
		}
	}
}
