package models

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// Paths are journeys with their counts. The order in which they were added makes no difference to any credit.
type Paths struct {
	names []string
	ids   map[string]int
	rows  []path
}

// path is one sequence of touches, each an index of names.
type path struct {
	touches                    []int
	conversions, value, losses decimal.Decimal
}

// Add adds a path: how often it converted, what these conversions were worth together, and how often it ended in nothing. Touches are in
// the order of time, and at least one; numbers are not negative.
func (p *Paths) Add(touches []string, conversions, value, losses decimal.Decimal) {
	if p.ids == nil {
		p.ids = map[string]int{}
	}
	row := path{touches: make([]int, len(touches)), conversions: conversions, value: value, losses: losses}
	for i, name := range touches {
		id, known := p.ids[name]
		if !known {
			id = len(p.names)
			p.ids[name] = id
			p.names = append(p.names, name)
		}
		row.touches[i] = id
	}
	p.rows = append(p.rows, row)
}

// Len is the number of paths as they were added.
func (p *Paths) Len() int { return len(p.rows) }

// Totals are the conversions of all paths, and what they were worth.
func (p *Paths) Totals() (conversions, value decimal.Decimal) {
	for _, row := range p.rows {
		conversions, value = conversions.Add(row.conversions), value.Add(row.value)
	}
	return conversions, value
}

// inOrder returns the same paths with only the names that occur, in the order of the alphabet, and each sequence once: so that no
// sum of floating-point numbers depends on the order in which the paths came.
func (p *Paths) inOrder() *Paths {
	used := map[string]int{}
	for _, row := range p.rows {
		for _, id := range row.touches {
			used[p.names[id]] = 0
		}
	}
	sorted := &Paths{names: slices.Sorted(maps.Keys(used)), ids: used}
	for id, name := range sorted.names {
		used[name] = id
	}
	for _, row := range p.rows {
		moved := row
		moved.touches = make([]int, len(row.touches))
		for i, id := range row.touches {
			moved.touches[i] = used[p.names[id]]
		}
		sorted.rows = append(sorted.rows, moved)
	}
	slices.SortFunc(sorted.rows, func(a, b path) int { return slices.Compare(a.touches, b.touches) })
	merged := sorted.rows[:0]
	for _, row := range sorted.rows {
		if last := len(merged) - 1; last >= 0 && slices.Equal(merged[last].touches, row.touches) {
			merged[last].conversions = merged[last].conversions.Add(row.conversions)
			merged[last].value = merged[last].value.Add(row.value)
			merged[last].losses = merged[last].losses.Add(row.losses)
			continue
		}
		merged = append(merged, row)
	}
	sorted.rows = merged
	return sorted
}

// Credit is what a model gives to one name.
type Credit struct {
	Name               string
	Conversions, Value decimal.Decimal
	// RemovalEffect is the part of all conversions that would be lost without the name, 0 to 1. Only Markov has it.
	RemovalEffect float64
}

// Credits are those of all names, the largest first. They sum exactly to the conversions and the value of the paths.
type Credits struct {
	Credits []Credit
	// Note says how sure the credits are, where they were sampled. Else it is empty.
	Note string
}

// Digits is the least number of decimals to which credits are rounded. Totals with more of them keep theirs.
const Digits = 8

// round makes credits of exact shares, which sum to the totals of the paths.
func (p *Paths) round(conversions, value []*big.Rat) *Credits {
	total, worth := p.Totals()
	roundedConversions := Apportion(total, conversions, Digits)
	roundedValue := Apportion(worth, value, Digits)
	all := make([]Credit, len(p.names))
	for id, name := range p.names {
		all[id] = Credit{Name: name, Conversions: roundedConversions[id], Value: roundedValue[id]}
	}
	return &Credits{Credits: all}
}

func (c *Credits) sort() {
	slices.SortFunc(c.Credits, func(a, b Credit) int {
		return cmp.Or(b.Conversions.Cmp(a.Conversions), b.Value.Cmp(a.Value), strings.Compare(a.Name, b.Name))
	})
}

// Apportion rounds shares so that they sum to the total: each is rounded down to the given number of decimals (more, where the total has
// more), and what is left goes, one unit each, to those with the largest remainders, and among equals to the first ones (the method of
// largest remainders, of Hamilton). The shares must sum to the total; where they are all zero, and the total is not, nobody gets anything.
func Apportion(total decimal.Decimal, shares []*big.Rat, digits int32) []decimal.Decimal {
	digits = max(digits, -trimmed(total).Exponent())
	unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
	left := total.Shift(digits).BigInt()
	floors, remainders := make([]*big.Int, len(shares)), make([]*big.Rat, len(shares))
	byRemainder := make([]int, len(shares))
	nothing := true
	for i, share := range shares {
		scaled := new(big.Rat).Mul(share, unit)
		floors[i] = new(big.Int).Div(scaled.Num(), scaled.Denom()) // Euclidean: down, also below zero
		remainders[i] = scaled.Sub(scaled, new(big.Rat).SetInt(floors[i]))
		left.Sub(left, floors[i])
		byRemainder[i] = i
		nothing = nothing && share.Sign() == 0
	}
	if !nothing {
		slices.SortStableFunc(byRemainder, func(a, b int) int { return remainders[b].Cmp(remainders[a]) })
		for _, i := range byRemainder {
			if left.Sign() <= 0 {
				break
			}
			floors[i].Add(floors[i], big.NewInt(1))
			left.Sub(left, big.NewInt(1))
		}
	}
	rounded := make([]decimal.Decimal, len(shares))
	for i, floor := range floors {
		rounded[i] = decimal.NewFromBigInt(floor, -digits)
	}
	return rounded
}

// trimmed drops the zeros at the end of the decimals.
func trimmed(d decimal.Decimal) decimal.Decimal {
	short, err := decimal.NewFromString(d.String()) // without trailing zeros
	if err != nil {
		return d
	}
	return short
}

// ParamError tells which parameter of a model is wrong and what to give instead.
type ParamError struct {
	Param, Problem string
}

func (e *ParamError) Error() string { return e.Param + ": " + e.Problem }

func paramErrorf(param, format string, args ...any) error {
	return &ParamError{Param: param, Problem: fmt.Sprintf(format, args...)}
}
