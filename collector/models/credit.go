package models

import (
	"context"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// Model is a rule that shares a conversion among the touches of its path.
type Model string

// The models. README.md defines them.
const (
	First         Model = "first"
	Last          Model = "last"
	LastNonDirect Model = "last_non_direct"
	Linear        Model = "linear"
	Position      Model = "position"
	TimeDecay     Model = "time_decay"
	Markov        Model = "markov"
	Shapley       Model = "shapley"
)

// All lists the models.
func All() []Model {
	return []Model{First, Last, LastNonDirect, Linear, Position, TimeDecay, Markov, Shapley}
}

// Options are the parameters of the models. The zero value of each stands for its default.
type Options struct {
	// Weights are the parts of the first touch, of all touches between, and of the last. Default: 40, 20, 40.
	Weights Weights
	// HalfLife is the number of touches after which, counted from the end, a touch weighs half (time decay). Default: 1.
	HalfLife float64
	// Order is the number of touches on which the next one depends (Markov). Default: 1.
	Order int
	// Direct is what a direct visit is called (last non-direct). Default: "direct" and "(direct)", whatever their case.
	Direct string
	// Samples is the number of orders of arrival by which Shapley is estimated. 0: it is computed exactly.
	Samples int
	// Seed makes samples repeatable.
	Seed uint64
}

// Weights are the parts of the first touch, of all touches between, and of the last; only their ratio counts.
type Weights struct{ First, Between, Last decimal.Decimal }

// DefaultWeights are 40/20/40.
func DefaultWeights() Weights {
	return Weights{decimal.NewFromInt(40), decimal.NewFromInt(20), decimal.NewFromInt(40)}
}

// ParseWeights reads three numbers such as 40/20/40.
func ParseWeights(text string) (Weights, error) {
	parts := strings.Split(text, "/")
	if len(parts) != 3 {
		return Weights{}, paramErrorf("weights", "%.64q is not three numbers such as 40/20/40", text)
	}
	var numbers [3]decimal.Decimal
	sum := decimal.Zero
	for i, part := range parts {
		number, err := parseNumber(strings.TrimSpace(part))
		if err != nil || number.Exponent() < -6 || number.GreaterThan(decimal.NewFromInt(1_000_000)) {
			return Weights{}, paramErrorf("weights", "%.64q is not a number from 0 to 1000000 with at most six decimals", part)
		}
		numbers[i], sum = number, sum.Add(number)
	}
	if sum.IsZero() {
		return Weights{}, paramErrorf("weights", "all three are 0: give at least one of them something")
	}
	return Weights{numbers[0], numbers[1], numbers[2]}, nil
}

func (o Options) checked() (Options, error) {
	if o.Weights == (Weights{}) {
		o.Weights = DefaultWeights()
	}
	if o.HalfLife == 0 {
		o.HalfLife = 1
	}
	if o.Order == 0 {
		o.Order = 1
	}
	switch {
	case !(o.HalfLife > 0) || math.IsInf(o.HalfLife, 0):
		return o, paramErrorf("half-life", "%v is not a number above 0", o.HalfLife)
	case o.Order < 1 || o.Order > MaxOrder:
		return o, paramErrorf("order", "%d is not within 1 to %d", o.Order, MaxOrder)
	case o.Samples < 0 || o.Samples > maxSamples:
		return o, paramErrorf("samples", "%d is not within 0 to %d", o.Samples, maxSamples)
	}
	return o, nil
}

// Credit shares the conversions and the value of all paths by a model. Errors of options are *ParamError.
func (p *Paths) Credit(ctx context.Context, model Model, options Options) (*Credits, error) {
	o, err := options.checked()
	if err != nil {
		return nil, err
	}
	sorted := p.inOrder()
	var credits *Credits
	switch model {
	case Markov:
		credits, err = sorted.markov(ctx, o)
	case Shapley:
		credits, err = sorted.shapley(ctx, o)
	default:
		credits, err = sorted.byPosition(ctx, model, o)
	}
	if err != nil {
		return nil, err
	}
	credits.sort()
	return credits, nil
}

// shares collects what each name gets, exactly: sums of numerators by name and denominator.
type shares struct {
	conversions, value []map[int64]*big.Int
	scale              int32 // decimals of what is added
}

func (p *Paths) newShares() *shares {
	s := &shares{conversions: make([]map[int64]*big.Int, len(p.names)), value: make([]map[int64]*big.Int, len(p.names))}
	for id := range p.names {
		s.conversions[id], s.value[id] = map[int64]*big.Int{}, map[int64]*big.Int{}
	}
	for _, row := range p.rows {
		s.scale = max(s.scale, -row.conversions.Exponent(), -row.value.Exponent())
	}
	return s
}

// add gives numerator/denominator of the path to a name.
func (s *shares) add(id int, row *path, numerator, denominator int64) {
	addPart(s.conversions[id], row.conversions.Shift(s.scale).BigInt(), numerator, denominator)
	addPart(s.value[id], row.value.Shift(s.scale).BigInt(), numerator, denominator)
}

func addPart(to map[int64]*big.Int, amount *big.Int, numerator, denominator int64) {
	if numerator == 0 || amount.Sign() == 0 {
		return
	}
	sum := to[denominator]
	if sum == nil {
		sum = new(big.Int)
		to[denominator] = sum
	}
	sum.Add(sum, amount.Mul(amount, big.NewInt(numerator)))
}

func (s *shares) sum() (conversions, value []*big.Rat) {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(s.scale)), nil)
	total := func(parts map[int64]*big.Int) *big.Rat {
		sum := new(big.Rat)
		for denominator, numerator := range parts {
			sum.Add(sum, new(big.Rat).SetFrac(numerator, new(big.Int).Mul(unit, big.NewInt(denominator))))
		}
		return sum
	}
	for id := range s.conversions {
		conversions, value = append(conversions, total(s.conversions[id])), append(value, total(s.value[id]))
	}
	return conversions, value
}

// checkEvery is how many paths are worked through between two looks at whether anybody still waits.
const checkEvery = 1024

func (p *Paths) byPosition(ctx context.Context, model Model, o Options) (*Credits, error) {
	rule, err := p.ruleOf(model, o)
	if err != nil {
		return nil, err
	}
	shares := p.newShares()
	given := map[int]int64{}
	for i := range p.rows {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		row := &p.rows[i]
		if row.conversions.IsZero() && row.value.IsZero() {
			continue
		}
		clear(given)
		denominator := int64(0)
		for at, numerator := range rule(row.touches) {
			given[row.touches[at]] += numerator
			denominator += numerator
		}
		for id, numerator := range given {
			shares.add(id, row, numerator, denominator)
		}
	}
	return p.round(shares.sum()), nil
}

// isDirect tells which names are direct visits.
func (p *Paths) isDirect(direct string) []bool {
	is := make([]bool, len(p.names))
	for id, name := range p.names {
		is[id] = name == direct
		if direct == "" {
			is[id] = slices.Contains([]string{"direct", "(direct)"}, strings.ToLower(name))
		}
	}
	return is
}
