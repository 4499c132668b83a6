package models

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// maxWork bounds steps × names: for every name each pass of the solver looks at every step.
const maxWork = 500_000_000

// sparse solves a chain of any order: once as it is, and once for each name without it.
func (s *solvable) sparse(ctx context.Context) (with []float64, without [][]float64, err error) {
	if len(s.to)*(s.names+1) > maxWork {
		return nil, nil, paramErrorf("order", "%d states with %d steps among %d names are more than Markov can solve: take a lower order, or put rare names together",
			len(s.touches), len(s.to), s.names)
	}
	with, without = s.nothing()
	system := s.split()
	all, err := system.visits(ctx, none, make([]float64, len(system.leaves)), 1e-14)
	if err != nil {
		return nil, nil, err
	}
	system.rates(all, func(kind int, rate float64) { with[kind] = rate })
	if with[0] == 0 {
		return with, without, nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for id := range s.names {
		group.Go(func() error {
			// No state has a greater probability of a conversion than 1: so the rate is wrong by no more than the tolerance.
			visits, err := system.visits(ctx, id, all, with[0]*1e-10)
			if err == nil {
				system.rates(visits, func(kind int, rate float64) { without[kind][id] = rate })
			}
			return err
		})
	}
	return with, without, group.Wait()
}

// none is the name of no touch.
const none = -1

// system is a chain for the solver. States are in the order in which a depth-first walk leaves them, the start last, so that a step leads to
// a lower state, unless it closes a circle. Those that do are kept apart.
type system struct {
	last           []int     // name of the touch that leads to the state
	leaves         []float64 // the probability not to stay in the state
	ends           [][]float64
	ahead, circles steps
}

// steps are the steps of every state, one state after the other.
type steps struct {
	first []int32
	to    []int32
	part  []float64
}

func (s *solvable) split() *system {
	order, place := s.walk()
	y := &system{ends: make([][]float64, len(s.ends))}
	for _, state := range order {
		leaves := 1.0
		y.ahead.first = append(y.ahead.first, int32(len(y.ahead.to)))
		y.circles.first = append(y.circles.first, int32(len(y.circles.to)))
		for at := s.first[state]; at < s.first[state+1]; at++ {
			kept := &y.circles
			switch to := s.to[at]; {
			case to == state:
				leaves -= s.part[at]
				continue
			case place[to] < place[state]:
				kept = &y.ahead
			}
			kept.to = append(kept.to, int32(place[s.to[at]]))
			kept.part = append(kept.part, s.part[at])
		}
		name := none
		if touches := s.touches[state]; len(touches) > 0 {
			name = touches[len(touches)-1]
		}
		y.last, y.leaves = append(y.last, name), append(y.leaves, leaves)
		for kind, ends := range s.ends {
			y.ends[kind] = append(y.ends[kind], ends[state])
		}
	}
	y.ahead.first = append(y.ahead.first, int32(len(y.ahead.to)))
	y.circles.first = append(y.circles.first, int32(len(y.circles.to)))
	return y
}

// walk lists the states that can be reached in the order in which a depth-first walk leaves them, and returns the place of each.
func (s *solvable) walk() (order, place []int) {
	next := make([]int, len(s.touches))
	copy(next, s.first)
	place = make([]int, len(s.touches))
	seen := make([]bool, len(s.touches))
	way := []int{0}
	seen[0] = true
	for len(way) > 0 {
		state := way[len(way)-1]
		if next[state] == s.first[state+1] {
			place[state] = len(order)
			order = append(order, state)
			way = way[:len(way)-1]
			continue
		}
		to := s.to[next[state]]
		next[state]++
		if !seen[to] {
			seen[to] = true
			way = append(way, to)
		}
	}
	return order, place
}

// rates adds up what the ends bring.
func (y *system) rates(visits []float64, each func(kind int, rate float64)) {
	for kind, ends := range y.ends {
		each(kind, dot(visits, ends))
	}
}

// pass solves visits = p + visits × Q as if no step closed a circle, in one pass: so what it solves exactly is p less the visits that come
// by circles, which it writes to lacks. Nobody gets to the name that is taken away. p and lacks are not the same.
func (y *system) pass(p []float64, away int, visits, lacks []float64) {
	copy(visits, p)
	for i := len(p) - 1; i >= 0; i-- {
		if y.last[i] == away && away != none {
			visits[i] = 0
			continue
		}
		visits[i] /= y.leaves[i]
		x := visits[i]
		for at := y.ahead.first[i]; at < y.ahead.first[i+1]; at++ {
			visits[y.ahead.to[at]] += y.ahead.part[at] * x
		}
	}
	copy(lacks, p)
	for i, x := range visits {
		for at := y.circles.first[i]; at < y.circles.first[i+1]; at++ {
			lacks[y.circles.to[at]] -= y.circles.part[at] * x
		}
	}
	if away == none {
		return
	}
	for i, name := range y.last {
		if name == away {
			lacks[i] = 0
		}
	}
}

// Attempts and passes of the solver, far above what was ever needed.
const (
	maxAttempts = 200
	maxPasses   = 500
)

// visits returns how often each state is visited on average, with nobody ever at the name that is taken away. It begins with a guess. The
// equations are wrong by no more than the tolerance in sum, or than floating-point numbers are. It is BiCGSTAB (H. van der Vorst, SIAM J. Sci.
// Stat. Comput. 13, 1992), preconditioned by pass from the right and begun again where it stopped.
func (y *system) visits(ctx context.Context, away int, guess []float64, tolerance float64) ([]float64, error) {
	n := len(y.leaves)
	x, k := make([]float64, n), newKrylov(n)
	for i, name := range y.last {
		if name != away || away == none {
			x[i] = guess[i]
		}
	}
	y.residual(x, away, k.residual)
	for range maxAttempts {
		if err := k.improve(ctx, y, away, x, tolerance); err != nil {
			return nil, err
		}
		y.residual(x, away, k.residual)
		if size(k.residual) <= max(tolerance, 4e-15*size(x)) {
			return x, nil
		}
		// A single pass always leads nearer (it is that of Gauss and Seidel), so that the next attempt begins elsewhere.
		y.pass(k.residual, away, k.pHat, k.v)
		for i := range x {
			x[i] += k.pHat[i]
		}
		y.residual(x, away, k.residual)
	}
	return nil, fmt.Errorf("no solution for %d states after %d attempts: the error is still %g", n, maxAttempts, size(k.residual))
}

// residual writes by how much x is wrong.
func (y *system) residual(x []float64, away int, to []float64) {
	clear(to)
	to[len(to)-1] = 1
	for _, steps := range []*steps{&y.ahead, &y.circles} {
		for i, visits := range x {
			for at := steps.first[i]; at < steps.first[i+1]; at++ {
				to[steps.to[at]] += steps.part[at] * visits
			}
		}
	}
	for i, visits := range x {
		to[i] -= y.leaves[i] * visits
		if y.last[i] == away && away != none {
			to[i] = 0
		}
	}
}

type krylov struct{ residual, shadow, p, v, s, t, pHat, sHat []float64 }

func newKrylov(n int) *krylov {
	k := &krylov{}
	for _, vector := range []*[]float64{&k.residual, &k.shadow, &k.p, &k.v, &k.s, &k.t, &k.pHat, &k.sHat} {
		*vector = make([]float64, n)
	}
	return k
}

// improve adds to x until the residual is within tolerance, or until it gets no further.
func (k *krylov) improve(ctx context.Context, y *system, away int, x []float64, tolerance float64) error {
	copy(k.shadow, k.residual)
	clear(k.p)
	clear(k.v)
	rho, alpha, omega := 1.0, 1.0, 1.0
	for range maxPasses {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		next := dot(k.shadow, k.residual)
		beta := next / rho * alpha / omega
		rho = next
		for i := range k.p {
			k.p[i] = k.residual[i] + beta*(k.p[i]-omega*k.v[i])
		}
		y.pass(k.p, away, k.pHat, k.v)
		alpha = rho / dot(k.shadow, k.v)
		for i := range k.s {
			k.s[i] = k.residual[i] - alpha*k.v[i]
		}
		y.pass(k.s, away, k.sHat, k.t)
		omega = 0 // where s is zero: then alpha alone solved it
		if square := dot(k.t, k.t); square > 0 {
			omega = dot(k.t, k.s) / square
		}
		if wrong := alpha + beta + omega; math.IsNaN(wrong) || math.IsInf(wrong, 0) {
			return nil
		}
		for i := range x {
			x[i] += alpha*k.pHat[i] + omega*k.sHat[i]
			k.residual[i] = k.s[i] - omega*k.t[i]
		}
		if omega == 0 || size(k.residual) <= max(tolerance/2, 2e-15*size(x)) {
			return nil
		}
	}
	return nil
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}

// size is the sum of the absolute values.
func size(x []float64) float64 {
	sum := 0.0
	for _, value := range x {
		sum += math.Abs(value)
	}
	return sum
}
