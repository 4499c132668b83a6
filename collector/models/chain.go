package models

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// MaxOrder bounds Options.Order.
const MaxOrder = 10

// Chain is a Markov chain of paths: a state is the touches of a path so far, of which only the last Order count; from it leads a step to
// the next touch, or the end, in a conversion or in nothing. It is made of counts, in any order, and solved by RemovalEffects.
type Chain struct {
	order  int
	worths int // how many kinds of value a conversion has
	names  int
	keys   []string // of the states: the ids of their touches, four bytes each
	states map[string]int
	nodes  []node
	key    []byte
}

// node is a state with what leads out of it.
type node struct {
	steps       map[int]float64 // to the next touch, by its id
	conversions float64
	losses      float64
	worth       []float64 // of the conversions
}

// NewChain returns an empty chain over names with ids from 0 to names-1. worths is the number of kinds of value, such as currencies.
func NewChain(order, names, worths int) *Chain {
	c := &Chain{order: order, worths: worths, names: names, states: map[string]int{}}
	c.state(nil) // the start
	return c
}

// state returns the state in which the touches have happened.
func (c *Chain) state(touches []int) int {
	touches = touches[max(0, len(touches)-c.order):]
	c.key = c.key[:0]
	for _, id := range touches {
		c.key = binary.BigEndian.AppendUint32(c.key, uint32(id))
	}
	if state, known := c.states[string(c.key)]; known {
		return state
	}
	state := len(c.nodes)
	c.states[string(c.key)] = state
	c.keys = append(c.keys, string(c.key))
	c.nodes = append(c.nodes, node{steps: map[int]float64{}, worth: make([]float64, c.worths)})
	return state
}

// Step counts that after the touches, none at the start, the touch next followed, so many times.
func (c *Chain) Step(touches []int, next int, times float64) {
	c.nodes[c.state(touches)].steps[next] += times
	c.state(append(slices.Clone(touches), next))
}

// End counts that paths with these last touches ended: how often in a conversion, how often in nothing, and what the conversions were worth.
func (c *Chain) End(touches []int, conversions, losses float64, worth ...float64) {
	end := &c.nodes[c.state(touches)]
	end.conversions += conversions
	end.losses += losses
	for i, value := range worth {
		end.worth[i] += value
	}
}

// solvable is a chain as a sparse matrix: the states in the order of their keys, the start first.
type solvable struct {
	names   int
	touches [][]int     // of each state
	first   []int       // where a state's steps begin in to and part; one more at the end
	to      []int       // state
	part    []float64   // probability of the step
	touch   []int       // the touch that the step adds
	ends    [][]float64 // for conversions, then each kind of value: what a path that ends here brings, times the probability
}

// compile turns counts into probabilities. The order in which things were counted makes no difference.
func (c *Chain) compile() *solvable {
	order := make([]int, len(c.keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if len(c.keys[a]) != len(c.keys[b]) {
			return len(c.keys[a]) - len(c.keys[b])
		}
		return slices.Compare([]byte(c.keys[a]), []byte(c.keys[b]))
	})
	rank := make([]int, len(order))
	for i, state := range order {
		rank[state] = i
	}
	s := &solvable{names: c.names, first: []int{0}, ends: make([][]float64, 1+c.worths)}
	for i := range s.ends {
		s.ends[i] = make([]float64, len(order))
	}
	for i, state := range order {
		n := &c.nodes[state]
		touches := touchesOf(c.keys[state])
		s.touches = append(s.touches, touches)
		nexts := make([]int, 0, len(n.steps))
		total := n.conversions + n.losses
		for next := range n.steps {
			nexts = append(nexts, next)
		}
		slices.Sort(nexts)
		for _, next := range nexts {
			total += n.steps[next]
		}
		if total > 0 {
			for _, next := range nexts {
				if n.steps[next] > 0 {
					s.to = append(s.to, rank[c.state(append(slices.Clone(touches), next))])
					s.part = append(s.part, n.steps[next]/total)
					s.touch = append(s.touch, next)
				}
			}
			s.ends[0][i] = n.conversions / total
			for kind, worth := range n.worth {
				s.ends[1+kind][i] = worth / total
			}
		}
		s.first = append(s.first, len(s.to))
	}
	return s
}

func touchesOf(key string) []int {
	touches := make([]int, len(key)/4)
	for i := range touches {
		touches[i] = int(binary.BigEndian.Uint32([]byte(key[4*i:])))
	}
	return touches
}

// RemovalEffects are, by name, the parts of all conversions, and of each kind of value, that would be lost without the name.
type RemovalEffects struct {
	Conversions []float64
	Worth       [][]float64 // by kind, then by name
}

// RemovalEffects solves the chain. It is exact, to the precision of floating-point numbers at first order, to 1e-9 at higher ones. The
// conversion rate is the probability to get from the start to a conversion. Without a name, every step to it leads to nothing; the effect of
// the removal is the part of the rate that is lost.
func (c *Chain) RemovalEffects(ctx context.Context) (*RemovalEffects, error) {
	s := c.compile()
	var with []float64
	var without [][]float64 // by what ends, then by name
	var err error
	if c.order == 1 && c.names <= maxDense {
		with, without, err = s.dense(ctx)
	} else {
		with, without, err = s.sparse(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("solve the Markov chain: %w", err)
	}
	effects := make([][]float64, len(with))
	for kind, rate := range with {
		effects[kind] = make([]float64, c.names)
		for id := range c.names {
			if rate > 0 {
				// Names that play the same part differ in the last bits only by the order of the arithmetic.
				effects[kind][id] = math.Round(min(1, max(0, 1-without[kind][id]/rate))*1e12) / 1e12
			}
		}
	}
	return &RemovalEffects{Conversions: effects[0], Worth: effects[1:]}, nil
}

// markov credits in the ratio of the removal effects.
func (p *Paths) markov(ctx context.Context, o Options) (*Credits, error) {
	chain := NewChain(o.Order, len(p.names), 1)
	for i, row := range p.rows {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		conversions, losses := row.conversions.InexactFloat64(), row.losses.InexactFloat64()
		times := conversions + losses
		for at, next := range row.touches {
			chain.Step(row.touches[:at], next, times)
		}
		chain.End(row.touches, conversions, losses, row.value.InexactFloat64())
	}
	effects, err := chain.RemovalEffects(ctx)
	if err != nil {
		return nil, err
	}
	total, worth := p.Totals()
	if worth.IsPositive() && slices.Max(effects.Worth[0]) == 0 {
		return nil, paramErrorf("paths", "they have a value but no conversions, so there is nothing by which Markov could share it")
	}
	credits := p.round(InRatio(total.Rat(), effects.Conversions), InRatio(worth.Rat(), effects.Worth[0]))
	for id := range credits.Credits {
		credits.Credits[id].RemovalEffect = effects.Conversions[id]
	}
	return credits, nil
}
