package models

import (
	"math"
	"strings"
)

// rule returns the weight of each touch of a path; only their ratio counts. The result is overwritten by the next call.
type rule func(touches []int) []int64

// ruleOf returns the rule of a model that looks at nothing but the place of a touch in its path.
func (p *Paths) ruleOf(model Model, o Options) (rule, error) {
	var weights []int64
	blank := func(n int) []int64 {
		if cap(weights) < n {
			weights = make([]int64, n)
		}
		weights = weights[:n]
		clear(weights)
		return weights
	}
	only := func(n, at int) []int64 {
		one := blank(n)
		one[at] = 1
		return one
	}
	direct := p.isDirect(o.Direct)
	switch model {
	case First:
		return func(touches []int) []int64 { return only(len(touches), 0) }, nil
	case Last:
		return func(touches []int) []int64 { return only(len(touches), len(touches)-1) }, nil
	case LastNonDirect:
		return func(touches []int) []int64 {
			for at := len(touches) - 1; at >= 0; at-- {
				if !direct[touches[at]] {
					return only(len(touches), at)
				}
			}
			return only(len(touches), len(touches)-1)
		}, nil
	case Linear:
		return func(touches []int) []int64 {
			all := blank(len(touches))
			for at := range all {
				all[at] = 1
			}
			return all
		}, nil
	case Position:
		first, between, last := o.Weights.Whole()
		return func(touches []int) []int64 { return positionWeights(blank(len(touches)), first, between, last) }, nil
	case TimeDecay:
		return func(touches []int) []int64 { return decayWeights(blank(len(touches)), o.HalfLife) }, nil
	}
	var names []string
	for _, known := range All() {
		names = append(names, string(known))
	}
	return nil, paramErrorf("model", "%.64q is none of %s", string(model), strings.Join(names, ", "))
}

// Whole returns the weights as the smallest whole numbers of the same ratio.
func (w Weights) Whole() (first, between, last int64) {
	first, between, last = w.First.Shift(6).IntPart(), w.Between.Shift(6).IntPart(), w.Last.Shift(6).IntPart()
	divisor := max(1, gcd(gcd(first, between), last))
	return first / divisor, between / divisor, last / divisor
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// positionWeights shares by the parts of the first touch, all between and the last. Parts that have no touch go to those that have one, in
// their ratio: a single touch gets all, and two get the parts of the ends.
func positionWeights(weights []int64, first, between, last int64) []int64 {
	n := len(weights)
	switch {
	case n == 1:
		weights[0] = 1
		return weights
	case n == 2 && first+last == 0:
		weights[0], weights[1] = 1, 1
		return weights
	case n == 2:
		weights[0], weights[1] = first, last
		return weights
	}
	inner := int64(n - 2)
	for at := range weights {
		weights[at] = between
	}
	weights[0], weights[n-1] = first*inner, last*inner
	return weights
}

// decayTotal is what the weights of time decay sum to: near the largest whole number, so that they lose little by being whole.
const decayTotal = int64(1) << 60

// decayWeights halves the weight of a touch for every halfLife touches that follow it.
func decayWeights(weights []int64, halfLife float64) []int64 {
	n := len(weights)
	sum := 0.0
	for at := range n {
		sum += math.Exp2(-float64(n-1-at) / halfLife)
	}
	left := decayTotal
	for at := range n {
		weights[at] = int64(math.Exp2(-float64(n-1-at)/halfLife) / sum * float64(decayTotal))
		left -= weights[at]
	}
	weights[n-1] += left
	return weights
}
