package models

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/shopspring/decimal"
)

// BenchmarkModels credits 10,000 paths of up to 100 touches.
func BenchmarkModels(b *testing.B) {
	for _, channels := range []int{12, 300} {
		paths := manyPaths(10_000, 100, channels)
		for _, model := range All() {
			b.Run(fmt.Sprintf("%s/channels=%d", model, channels), func(b *testing.B) { run(b, paths, model, Options{}) })
		}
		for order := 2; order <= 4; order++ {
			b.Run(fmt.Sprintf("markov/channels=%d/order=%d", channels, order), func(b *testing.B) { run(b, paths, Markov, Options{Order: order}) })
		}
	}
	for _, channels := range []int{1000, 2000} {
		paths := manyPaths(10_000, 100, channels)
		b.Run(fmt.Sprintf("markov/channels=%d", channels), func(b *testing.B) { run(b, paths, Markov, Options{}) })
	}
}

func run(b *testing.B, paths *Paths, model Model, o Options) {
	for b.Loop() {
		if _, err := paths.Credit(context.Background(), model, o); err != nil {
			b.Fatal(err)
		}
	}
}

func manyPaths(n, longest, channels int) *Paths {
	random := rand.New(rand.NewPCG(1, 2))
	paths := &Paths{}
	for range n {
		touches := make([]string, 1+random.IntN(longest))
		for i := range touches {
			touches[i] = fmt.Sprint("channel ", min(random.IntN(channels), random.IntN(channels)))
		}
		conversions := random.Int64N(3)
		paths.Add(touches, decimal.NewFromInt(conversions), decimal.New(conversions*random.Int64N(100_000), -2), decimal.NewFromInt(random.Int64N(10)))
	}
	return paths
}
