package models

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

// file makes paths of lines such as "a > b, 3, 30.00, 2".
func file(t *testing.T, lines string) *Paths {
	t.Helper()
	paths, err := Read(context.Background(), strings.NewReader("path,conversions,value,nulls\n"+strings.TrimSpace(lines)+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func credit(t *testing.T, paths *Paths, model Model, o Options) map[string]Credit {
	t.Helper()
	credits, err := paths.Credit(context.Background(), model, o)
	if err != nil {
		t.Fatal(err)
	}
	checkSums(t, paths, credits, string(model))
	byName := map[string]Credit{}
	for _, credit := range credits.Credits {
		byName[credit.Name] = credit
	}
	return byName
}

func checkSums(t *testing.T, paths *Paths, credits *Credits, what string) {
	t.Helper()
	conversions, value := paths.Totals()
	sum, worth := decimal.Zero, decimal.Zero
	for _, credit := range credits.Credits {
		sum, worth = sum.Add(credit.Conversions), worth.Add(credit.Value)
	}
	if !sum.Equal(conversions) || !worth.Equal(value) {
		t.Errorf("%s: credits sum to %s and %s, the paths to %s and %s", what, sum, worth, conversions, value)
	}
}

const journeys = `
direct,2,200,1
search > email,3,300,2
search > social > email,5,500,4`

func TestKnownCases(t *testing.T) {
	position := Options{Weights: Weights{decimal.NewFromInt(40), decimal.NewFromInt(20), decimal.NewFromInt(40)}}
	for name, c := range map[string]struct {
		paths string
		model Model
		o     Options
		want  map[string]float64
	}{
		"first":               {journeys, First, Options{}, map[string]float64{"direct": 2, "search": 8, "email": 0, "social": 0}},
		"last":                {journeys, Last, Options{}, map[string]float64{"direct": 2, "email": 8, "search": 0, "social": 0}},
		"last, direct alone":  {journeys, LastNonDirect, Options{}, map[string]float64{"direct": 2, "email": 8, "search": 0, "social": 0}},
		"linear":              {journeys, Linear, Options{}, map[string]float64{"direct": 2, "search": 19. / 6, "email": 19. / 6, "social": 5. / 3}},
		"position":            {journeys, Position, Options{}, map[string]float64{"direct": 2, "search": 3.5, "email": 3.5, "social": 1}},
		"position, said":      {journeys, Position, position, map[string]float64{"direct": 2, "search": 3.5, "email": 3.5, "social": 1}},
		"repeats":             {"a>a>b,6,0,0", Linear, Options{}, map[string]float64{"a": 4, "b": 2}},
		"decay":               {"a>b>c,7,0,0", TimeDecay, Options{}, map[string]float64{"a": 1, "b": 2, "c": 4}},
		"decay, slow":         {"a>b>c>d>e,7,0,0", TimeDecay, Options{HalfLife: 2}, map[string]float64{"a": 7 * .25 / decaySum, "b": 7 * math.Sqrt(.125) / decaySum, "c": 7 * .5 / decaySum, "d": 7 * math.Sqrt(.5) / decaySum, "e": 7 / decaySum}},
		"last non-direct":     {"a>b>Direct>(direct),6,0,0", LastNonDirect, Options{}, map[string]float64{"a": 0, "b": 6, "Direct": 0, "(direct)": 0}},
		"other name":          {"a>none,6,0,0", LastNonDirect, Options{Direct: "none"}, map[string]float64{"a": 6, "none": 0}},
		"shapley":             {"a,4,0,0\na>b,6,0,0", Shapley, Options{}, map[string]float64{"a": 7, "b": 3}},
		"shapley of four":     {"a>b>c>d,10,0,0", Shapley, Options{}, map[string]float64{"a": 2.5, "b": 2.5, "c": 2.5, "d": 2.5}},
		"shapley of repeats":  {"a>b>a>a,10,0,0", Shapley, Options{}, map[string]float64{"a": 5, "b": 5}},
		"markov, no losses":   {"A>B>A>B>B>A,1,0,0\nA>B>B>A>A,1,0,0\nA>A,1,0,0", Markov, Options{}, map[string]float64{"A": 2, "B": 1}},
		"markov, with losses": {"C1>C2>C3,1,0,0\nC1,0,0,1\nC2>C3,0,0,1", Markov, Options{}, map[string]float64{"C1": .2, "C2": .4, "C3": .4}},
		"nothing converts":    {"a>b,0,0,3", Markov, Options{}, map[string]float64{"a": 0, "b": 0}},
	} {
		got := credit(t, file(t, c.paths), c.model, c.o)
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		for channel, want := range c.want {
			if diff := got[channel].Conversions.InexactFloat64() - want; math.Abs(diff) > 1e-8 {
				t.Errorf("%s: %s gets %s, want %g", name, channel, got[channel].Conversions, want)
			}
		}
	}
}

var decaySum = .25 + math.Sqrt(.125) + .5 + math.Sqrt(.5) + 1

func TestRemovalEffects(t *testing.T) {
	for paths, want := range map[string]map[string]float64{
		"A>B>A>B>B>A,1,0,0\nA>B>B>A>A,1,0,0\nA>A,1,0,0": {"A": 1, "B": .5},
		"C1>C2>C3,1,0,0\nC1,0,0,1\nC2>C3,0,0,1":         {"C1": .5, "C2": 1, "C3": 1},
		// Half of the value is lost without a, three quarters of the conversions.
		"a,3,100,0\nb,1,100,0": {"a": .75, "b": .25},
	} {
		got := credit(t, file(t, paths), Markov, Options{})
		for name, effect := range want {
			if math.Abs(got[name].RemovalEffect-effect) > 1e-12 {
				t.Errorf("%q: the removal effect of %s is %v, want %v", paths, name, got[name].RemovalEffect, effect)
			}
		}
	}
	got := credit(t, file(t, "a,3,100,0\nb,1,100,0"), Markov, Options{})
	if got["a"].Value.String() != "100" || got["b"].Value.String() != "100" {
		t.Errorf("the value is shared by what would be lost of it: %v", got)
	}
}

// TestMoney: 140.00 among three touches by position is 56 + 28 + 56.
func TestMoney(t *testing.T) {
	got := credit(t, file(t, "a>b>c,1,140.00,0"), Position, Options{})
	for name, want := range map[string]string{"a": "56", "b": "28", "c": "56"} {
		if got[name].Value.String() != want {
			t.Errorf("%s gets %s, want %s", name, got[name].Value, want)
		}
	}
	got = credit(t, file(t, "a>b>c,1,0.0000000001,0"), Linear, Options{})
	if got["a"].Value.String() != "0.0000000001" {
		t.Errorf("a value with more decimals than credits have is lost: %v", got)
	}
}

func TestTransforms(t *testing.T) {
	const path = "a>a>a>Direct>a>Direct>Direct"
	for want, transforms := range map[string]Transforms{
		"a>Direct>a>Direct":            {CollapseRepeats: true},
		"a>Direct":                     {FirstOnly: true},
		"a>a>a>a":                      {DropDirect: true},
		"a>a>a>Direct>a":               {DropLastDirect: true},
		"a":                            {DropDirect: true, CollapseRepeats: true},
		"a>a>a>Direct>a>Direct>Direct": {Direct: "direct"},
	} {
		if got := transformed(t, path, transforms); got != want {
			t.Errorf("%+v: %s, want %s", transforms, got, want)
		}
	}
	for want, transforms := range map[string]Transforms{
		"Direct>direct>Direct": {DropDirect: true, DropLastDirect: true},
		"Direct>direct":        {FirstOnly: true},
	} {
		if got := transformed(t, "Direct>direct>Direct", transforms); got != want {
			t.Errorf("%+v: %s, want %s", transforms, got, want)
		}
	}
}

func transformed(t *testing.T, path string, transforms Transforms) string {
	t.Helper()
	changed := file(t, path+",1,0,0").Transform(transforms)
	var names []string
	for _, id := range changed.rows[0].touches {
		names = append(names, changed.names[id])
	}
	return strings.Join(names, ">")
}

func TestWrongOptions(t *testing.T) {
	paths := file(t, "a>b,1,0,0")
	for _, o := range []Options{{Order: -1}, {Order: 11}, {HalfLife: -1}, {HalfLife: math.NaN()}, {HalfLife: math.Inf(1)}, {Samples: -1}} {
		wrong := new(ParamError)
		if _, err := paths.Credit(context.Background(), Linear, o); !errors.As(err, &wrong) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := paths.Credit(context.Background(), "best", Options{}); err == nil || !strings.Contains(err.Error(), "time_decay") {
		t.Errorf("an unknown model: %v", err)
	}
	for _, text := range []string{"", "40", "40/20", "40/20/40/0", "a/b/c", "-1/2/3", "0/0/0", "1/1/0.0000001", "1/1/9999999999"} {
		if _, err := ParseWeights(text); err == nil {
			t.Errorf("weights %q are taken", text)
		}
	}
}

func TestStops(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	paths := file(t, journeys)
	for _, model := range All() {
		for _, o := range []Options{{}, {Order: 2, Samples: 5}} {
			if _, err := paths.Credit(ctx, model, o); !errors.Is(err, context.Canceled) {
				t.Errorf("%s %+v: %v", model, o, err)
			}
		}
	}
}

// TestTooMuch: what can't be solved in minutes is refused with a way out.
func TestTooMuch(t *testing.T) {
	chain := NewChain(2, 40_000, 0)
	for id := range 40_000 {
		chain.Step(nil, id, 1)
		chain.End([]int{id}, 1, 0)
	}
	if _, err := chain.RemovalEffects(context.Background()); err == nil || !strings.Contains(err.Error(), "lower order") {
		t.Errorf("%v", err)
	}
}
