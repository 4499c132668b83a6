package models

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
)

// maxSamples bounds Options.Samples.
const maxSamples = 10_000_000

// shapley credits each name with its Shapley value in the game in which a coalition of names is worth the conversions of all paths whose
// touches are all of the coalition (the simplified form of K. Zhao et al., "Shapley Value Methods for Attribution Modeling in Online
// Advertising", arXiv:1804.05327, 2018). A path adds its conversions to the worth of every coalition that has all of its names: a unanimity
// game, whose Shapley value is an equal part for each of them (L. Shapley, "A Value for n-Person Games", 1953). The value of a sum of games is
// the sum of their values, so the credit is exact for any number of names, and no coalition is ever listed.
func (p *Paths) shapley(ctx context.Context, o Options) (*Credits, error) {
	if o.Samples > 0 {
		return p.sampledShapley(ctx, o)
	}
	shares := p.newShares()
	for i := range p.rows {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		row := &p.rows[i]
		names := distinct(row.touches)
		for _, id := range names {
			shares.add(id, row, 1, int64(len(names)))
		}
	}
	return p.round(shares.sum()), nil
}

func distinct(touches []int) []int {
	names := slices.Clone(touches)
	slices.Sort(names)
	return slices.Compact(names)
}

// sampledShapley estimates the same by random orders in which the names join: each gets what the coalition gains when it joins, on
// average. A path's conversions are gained when the last of its names joins.
func (p *Paths) sampledShapley(ctx context.Context, o Options) (*Credits, error) {
	random := rand.New(rand.NewPCG(o.Seed, 0))
	n := len(p.names)
	sets := make([][]int, len(p.rows))
	conversions, value := make([]float64, len(p.rows)), make([]float64, len(p.rows))
	for i, row := range p.rows {
		sets[i], conversions[i], value[i] = distinct(row.touches), row.conversions.InexactFloat64(), row.value.InexactFloat64()
	}
	gains, worth, sum, squares, values := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	place := make([]int, n)
	for range o.Samples {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for at, id := range random.Perm(n) {
			place[id] = at
		}
		clear(gains)
		clear(worth)
		for i, set := range sets {
			latest := slices.MaxFunc(set, func(a, b int) int { return place[a] - place[b] })
			gains[latest] += conversions[i]
			worth[latest] += value[i]
		}
		for id, gain := range gains {
			sum[id] += gain
			squares[id] += gain * gain
			values[id] += worth[id]
		}
	}
	total, totalValue := p.Totals()
	credits := p.round(InRatio(total.Rat(), sum), InRatio(totalValue.Rat(), values))
	credits.Note = fmt.Sprintf("sampled by %d orders of arrival: each credit is within %.6g conversions, with 95 %% confidence",
		o.Samples, 1.959964*largestError(sum, squares, o.Samples))
	return credits, nil
}

// largestError is the largest standard error of the means of samples.
func largestError(sum, squares []float64, samples int) float64 {
	worst, n := 0.0, float64(samples)
	for id := range sum {
		mean := sum[id] / n
		variance := max(0, squares[id]/n-mean*mean)
		worst = max(worst, math.Sqrt(variance/max(1, n-1)))
	}
	return worst
}

// InRatio shares a total in the ratio of weights, exactly. Where they are all zero, so are the shares.
func InRatio(total *big.Rat, weights []float64) []*big.Rat {
	shares := make([]*big.Rat, len(weights))
	sum := new(big.Rat)
	for i, weight := range weights {
		shares[i] = new(big.Rat)
		shares[i].SetFloat64(weight)
		sum.Add(sum, shares[i])
	}
	if sum.Sign() == 0 {
		return shares
	}
	factor := new(big.Rat).Quo(total, sum)
	for _, share := range shares {
		share.Mul(share, factor)
	}
	return shares
}
