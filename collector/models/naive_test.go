package models

import (
	"flag"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

var (
	seed   = flag.Uint64("seed", 0, "seed of the random journeys; 0: by the clock")
	rounds = flag.Int("rounds", 150, "how many files of random journeys")
)

// journey is one visitor's way, to a conversion or not: what a naive model walks over.
type journey struct {
	touches   []string
	converted bool
	value     float64
}

// TestAgainstNaive holds every model against one that is written from its definition, journey by journey.
func TestAgainstNaive(t *testing.T) {
	first := *seed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	for i := range uint64(*rounds) {
		random := rand.New(rand.NewPCG(first, i))
		paths, all := randomJourneys(t, random)
		weights := Weights{decimal.NewFromInt(random.Int64N(50)), decimal.NewFromInt(random.Int64N(50)), decimal.NewFromInt(1 + random.Int64N(50))}
		o := Options{HalfLife: .5 + 3*random.Float64(), Order: 1 + random.IntN(4), Weights: weights}
		for _, model := range All() {
			conversions, value := naive(model, all, o)
			got := credit(t, paths, model, o)
			for name := range conversions {
				if !near(got[name].Conversions, conversions[name]) || !near(got[name].Value, value[name]) {
					t.Errorf("-seed %d, file %d, %s %+v: %s gets %s worth %s, want %v worth %v", first, i, model, o,
						name, got[name].Conversions, got[name].Value, conversions[name], value[name])
				}
			}
			if len(got) != len(conversions) {
				t.Errorf("-seed %d, file %d, %s: %d names, want %d", first, i, model, len(got), len(conversions))
			}
		}
		if t.Failed() {
			return
		}
	}
}

func near(got decimal.Decimal, want float64) bool {
	return math.Abs(got.InexactFloat64()-want) < 2e-7*(1+math.Abs(want))
}

// randomJourneys returns the same journeys twice: as read from a file of paths with counts, and one by one.
func randomJourneys(t *testing.T, random *rand.Rand) (*Paths, []journey) {
	t.Helper()
	names := strings.Split("(direct) search email social display video", " ")[:2+random.IntN(5)]
	var all []journey
	type counted struct{ conversions, value, losses int64 }
	counts := map[string]*counted{}
	for range 1 + random.IntN(60) { // so short ones are there several times
		j := journey{converted: random.IntN(3) > 0}
		for range 1 + min(random.IntN(8), random.IntN(8)) {
			j.touches = append(j.touches, names[random.IntN(len(names))])
		}
		key := strings.Join(j.touches, " > ")
		if counts[key] == nil {
			counts[key] = &counted{}
		}
		if j.converted {
			cents := random.Int64N(10_000)
			j.value = float64(cents) / 100
			counts[key].conversions++
			counts[key].value += cents
		} else {
			counts[key].losses++
		}
		all = append(all, j)
	}
	if !slices.ContainsFunc(all, func(j journey) bool { return j.value > 0 }) {
		return randomJourneys(t, random)
	}
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		c := counts[key]
		first := *c // the rest is on a line of its own, as where two exports were put together
		if random.IntN(4) == 0 {
			first.conversions, first.value, first.losses = random.Int64N(c.conversions+1), random.Int64N(c.value+1), random.Int64N(c.losses+1)
			lines = append(lines, fmt.Sprintf("%s,%d,%.2f,%d", spaced(random, key), c.conversions-first.conversions, float64(c.value-first.value)/100, c.losses-first.losses))
		}
		lines = append(lines, fmt.Sprintf("%s,%d,%.2f,%d", spaced(random, key), first.conversions, float64(first.value)/100, first.losses))
	}
	random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	headers := []string{"path,conversions,value,nulls", "path,total_conversions,total_conversion_value,total_null"} // ours, and ChannelAttribution's
	paths, err := Read(t.Context(), strings.NewReader(headers[random.IntN(2)]+"\n"+strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return paths, all
}

// spaced writes a path with other blanks around its separators.
func spaced(random *rand.Rand, path string) string {
	return strings.ReplaceAll(path, " > ", []string{" > ", ">", " >", ">  ", "\t> "}[random.IntN(5)])
}

func naive(model Model, all []journey, o Options) (conversions, value map[string]float64) {
	conversions, value = map[string]float64{}, map[string]float64{}
	total, worth := 0.0, 0.0
	for _, j := range all {
		for _, name := range j.touches {
			conversions[name], value[name] = conversions[name]+0, value[name]+0
		}
		if !j.converted {
			continue
		}
		total, worth = total+1, worth+j.value
		for name, part := range naiveParts(model, j.touches, o) {
			conversions[name] += part
			value[name] += part * j.value
		}
	}
	switch model {
	case Markov:
		return naiveMarkov(all, o.Order, total, worth, conversions)
	case Shapley:
		return naiveShapley(all, conversions)
	}
	return conversions, value
}

// naiveParts are what one converted journey gives to each name.
func naiveParts(model Model, touches []string, o Options) map[string]float64 {
	parts := map[string]float64{}
	n := len(touches)
	switch model {
	case First:
		parts[touches[0]] = 1
	case Last:
		parts[touches[n-1]] = 1
	case LastNonDirect:
		credited := touches[n-1]
		for _, name := range touches {
			if name != "(direct)" {
				credited = name
			}
		}
		parts[credited] = 1
	case Linear:
		for _, name := range touches {
			parts[name] += 1 / float64(n)
		}
	case Position:
		a, b, c := o.Weights.First.InexactFloat64(), o.Weights.Between.InexactFloat64(), o.Weights.Last.InexactFloat64()
		switch n {
		case 1:
			parts[touches[0]] = 1
		case 2:
			parts[touches[0]] += a / (a + c)
			parts[touches[1]] += c / (a + c)
		default:
			parts[touches[0]] += a / (a + b + c)
			parts[touches[n-1]] += c / (a + b + c)
			for _, name := range touches[1 : n-1] {
				parts[name] += b / (a + b + c) / float64(n-2)
			}
		}
	case TimeDecay:
		sum := 0.0
		for i := range touches {
			sum += math.Pow(.5, float64(i)/o.HalfLife)
		}
		for i, name := range touches {
			parts[name] += math.Pow(.5, float64(n-1-i)/o.HalfLife) / sum
		}
	}
	return parts
}

// naiveMarkov lets a crowd walk over the chain, step by step, until nobody is left; once with all names, and once without each.
func naiveMarkov(all []journey, order int, total, worth float64, names map[string]float64) (conversions, value map[string]float64) {
	state := func(touches []string) string { return strings.Join(touches[max(0, len(touches)-order):], ">") }
	steps := map[string]map[string]float64{}
	out, won, valued := map[string]float64{}, map[string]float64{}, map[string]float64{}
	last := map[string]string{}
	for _, j := range all {
		for i := range j.touches {
			from, to := state(j.touches[:i]), state(j.touches[:i+1])
			if steps[from] == nil {
				steps[from] = map[string]float64{}
			}
			steps[from][to]++
			out[from]++
			last[to] = j.touches[i]
		}
		end := state(j.touches)
		out[end]++
		if j.converted {
			won[end]++
			valued[end] += j.value
		}
	}
	walk := func(without string) (conversions, value float64) {
		crowd := map[string]float64{"": 1}
		for left := 1.0; left > 1e-13; {
			next := map[string]float64{}
			left = 0
			for at, people := range crowd {
				conversions += people * won[at] / out[at]
				value += people * valued[at] / out[at]
				for to, times := range steps[at] {
					if last[to] != without {
						next[to] += people * times / out[at]
						left += people * times / out[at]
					}
				}
			}
			crowd = next
		}
		return conversions, value
	}
	rate, valueRate := walk("nobody")
	conversions, value = map[string]float64{}, map[string]float64{}
	sum, valueSum := 0.0, 0.0
	for name := range names {
		without, valueWithout := walk(name)
		conversions[name], value[name] = 1-without/rate, 1-valueWithout/valueRate
		sum, valueSum = sum+conversions[name], valueSum+value[name]
	}
	for name := range names {
		conversions[name] *= total / sum
		value[name] *= worth / valueSum
	}
	return conversions, value
}

// naiveShapley goes through every coalition of every name.
func naiveShapley(all []journey, names map[string]float64) (conversions, value map[string]float64) {
	list := slices.Sorted(maps.Keys(names))
	bit := map[string]int{}
	for i, name := range list {
		bit[name] = i
	}
	game, valueGame := make([]float64, 1<<len(list)), make([]float64, 1<<len(list))
	for coalition := range game {
		for _, j := range all {
			inside := j.converted
			for _, name := range j.touches {
				inside = inside && coalition&(1<<bit[name]) != 0
			}
			if inside {
				game[coalition]++
				valueGame[coalition] += j.value
			}
		}
	}
	conversions, value = map[string]float64{}, map[string]float64{}
	factorial := func(n int) float64 { return math.Gamma(float64(n + 1)) }
	for i, name := range list {
		for coalition := range game {
			if coalition&(1<<i) != 0 {
				continue
			}
			size := bits.OnesCount(uint(coalition))
			weight := factorial(size) * factorial(len(list)-size-1) / factorial(len(list))
			conversions[name] += weight * (game[coalition|1<<i] - game[coalition])
			value[name] += weight * (valueGame[coalition|1<<i] - valueGame[coalition])
		}
	}
	return conversions, value
}

// TestSampledShapley: the stated error holds, and the same seed gives the same.
func TestSampledShapley(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	paths, _ := randomJourneys(t, random)
	exact := credit(t, paths, Shapley, Options{})
	result, err := paths.Credit(t.Context(), Shapley, Options{Samples: 4000, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	checkSums(t, paths, result, "sampled")
	var samples int
	var within float64
	if _, err := fmt.Sscanf(result.Note, "sampled by %d orders of arrival: each credit is within %g", &samples, &within); err != nil || samples != 4000 || within <= 0 {
		t.Fatalf("note %q: %v", result.Note, err)
	}
	for _, c := range result.Credits {
		if off := c.Conversions.Sub(exact[c.Name].Conversions).Abs().InexactFloat64(); off > 2*within {
			t.Errorf("%s is off by %g, said to be within %g", c.Name, off, within)
		}
	}
	again, err := paths.Credit(t.Context(), Shapley, Options{Samples: 4000, Seed: 3})
	if err != nil || fmt.Sprint(again) != fmt.Sprint(result) {
		t.Errorf("the same seed gives something else: %v", err)
	}
}

// TestSolversAgree solves chains of first order both ways.
func TestSolversAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 13))
	for range 40 {
		chain := NewChain(1, 30, 1)
		for range 1 + random.IntN(200) {
			touches := make([]int, 1+random.IntN(40))
			for i := range touches {
				touches[i] = random.IntN(30)
				chain.Step(touches[:i], touches[i], 1)
			}
			won := float64(random.IntN(2))
			chain.End(touches, won, 1-won, won*random.Float64())
		}
		s := chain.compile()
		with, without, err := s.dense(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		otherWith, otherWithout, err := s.sparse(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for kind := range with {
			checkNear(t, with[kind], otherWith[kind])
			for id := range without[kind] {
				checkNear(t, without[kind][id], otherWithout[kind][id])
			}
		}
	}
}

func checkNear(t *testing.T, a, b float64) {
	t.Helper()
	if math.Abs(a-b) > 1e-10 {
		t.Errorf("a dense matrix says %g, a sparse one %g", a, b)
	}
}
