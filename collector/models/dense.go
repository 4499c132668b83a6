package models

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// maxDense is the most names that first order solves with a dense matrix.
const maxDense = 3000

// dense solves a chain of first order, in which a state other than the start is a name, by one factorisation. It returns the rates of all that
// ends, and by name what they would be without it.
//
// With Q the probabilities from name to name, N = (I-Q)⁻¹ has the expected numbers of visits. To remove a name i is to make its row of Q
// zero and to give it no conversion: a change of rank one, so by Sherman and Morrison the rate x of the start becomes
// x - h(i) x(i), where x(i) is the rate from i and h(i) = (sN)(i) / N(i,i) the probability ever to get to i from the start s.
func (s *solvable) dense(ctx context.Context) (with []float64, without [][]float64, err error) {
	n := len(s.touches) - 1 // without the start
	with, without = s.nothing()
	if n == 0 {
		return with, without, nil
	}
	matrix := mat.NewDense(n, n, nil)
	for i := range n {
		matrix.Set(i, i, 1)
		for at := s.first[1+i]; at < s.first[2+i]; at++ {
			j := s.to[at] - 1
			matrix.Set(i, j, matrix.At(i, j)-s.part[at])
		}
	}
	var inverse mat.Dense
	if err := waitFor(ctx, func() error { return inverse.Inverse(matrix) }); err != nil {
		return nil, nil, fmt.Errorf("invert a matrix of %d names: %w", n, err)
	}
	start := mat.NewVecDense(n, nil)
	for at := s.first[0]; at < s.first[1]; at++ {
		start.SetVec(s.to[at]-1, s.part[at])
	}
	var visits mat.VecDense
	visits.MulVec(inverse.T(), start)
	for kind, ends := range s.ends {
		var rates mat.VecDense
		rates.MulVec(&inverse, mat.NewVecDense(n, ends[1:]))
		rate := mat.Dot(start, &rates)
		with[kind] = rate
		for id := range s.names {
			without[kind][id] = rate
		}
		for i := range n {
			reached := visits.AtVec(i) / inverse.At(i, i)
			without[kind][s.touches[1+i][0]] = rate - reached*rates.AtVec(i)
		}
	}
	return with, without, nil
}

// nothing returns the rates of a chain that nobody entered.
func (s *solvable) nothing() (with []float64, without [][]float64) {
	with, without = make([]float64, len(s.ends)), make([][]float64, len(s.ends))
	for kind := range without {
		without[kind] = make([]float64, s.names)
	}
	return with, without
}

// waitFor does something that can't be stopped, and leaves it behind when ctx ends.
func waitFor(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
