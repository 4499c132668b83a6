package reports

import (
	"slices"

	"github.com/headwater/headwater/collector/models"
)

// isAboutPaths tells whether a report that takes these parameters is about paths.
func isAboutPaths(takes []string) bool { return slices.Contains(takes, "transforms") }

// Bounds of the parameters of models.
const (
	defaultHalfLifeDays = 7
	maxHalfLifeDays     = 10_000
	maxPosition         = 1_000_000 // of each of the three weights, as whole numbers: so that SQL's whole numbers hold their products
)

// chooseOutcomes says what SQL counts for a report: what was asked for, or everything.
func (a *asked) chooseOutcomes(takes []string) {
	a.outcomes, a.counting = []Outcome{Leads, Conversions, CreatedDeals, WonDeals}, "outcomes"
	if !slices.Contains(takes, "outcome") {
		return
	}
	a.outcomes = []Outcome{a.Outcome}
	if a.Outcome == WonAmount {
		a.outcomes, a.counting = []Outcome{WonDeals}, "amount"
	}
}

// fillModel sets the defaults of what reports about paths take, and checks it.
func (a *asked) fillModel() error {
	setDefault(&a.Outcome, Leads)
	setDefault(&a.Model, models.LastNonDirect)
	setDefault(&a.HalfLifeDays, defaultHalfLifeDays)
	setDefault(&a.Order, 1)
	setDefault(&a.Losses, ExcludeLosses)
	if err := oneOf("outcome", a.Outcome, Outcomes()); err != nil {
		return err
	}
	if err := oneOf("model", a.Model, models.All()); err != nil {
		return err
	}
	if err := oneOf("losses", a.Losses, []Losses{ExcludeLosses, IncludeLosses}); err != nil {
		return err
	}
	for i, transform := range a.Transforms {
		if err := oneOf("transforms", transform, Transforms()); err != nil {
			return err
		}
		if slices.Contains(a.Transforms[:i], transform) {
			return paramErrorf("transforms", "twice", "%s is named twice", transform)
		}
	}
	if a.Order < 1 || a.Order > models.MaxOrder {
		return paramErrorf("order", "range", "%d is not within %d to %d", a.Order, 1, models.MaxOrder)
	}
	if !(a.HalfLifeDays >= 0.001) || a.HalfLifeDays > maxHalfLifeDays {
		return paramErrorf("half_life_days", "range", "%v is not within %v and %d", a.HalfLifeDays, 0.001, maxHalfLifeDays)
	}
	return a.fillWeights()
}

func (a *asked) fillWeights() error {
	weights := models.DefaultWeights()
	if a.Weights != "" {
		var err error
		if weights, err = models.ParseWeights(a.Weights); err != nil {
			return paramErrorf("weights", "weights", "%.64q is not three numbers such as 40/20/40, from 0 to 1000000, with at most six decimals, and not all 0", a.Weights)
		}
	}
	first, between, last := weights.Whole()
	largest := max(first, between, last)
	if largest > maxPosition {
		return paramErrorf("weights", "digits", "%.64q has too many digits: as whole numbers in the same ratio the weights are above %d", a.Weights, maxPosition)
	}
	a.position = [3]int64{first, between, last}
	return nil
}
