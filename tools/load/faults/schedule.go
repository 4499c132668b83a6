package faults

import (
	"math/rand/v2"
	"time"
)

// step is one fault at its time.
type step struct {
	at    time.Duration // since the visitors came
	fault *fault
	hold  time.Duration // how long it lasts
	seed  uint64        // of what is random about it
}

// calm is how long visitors come undisturbed at the beginning and at the end.
const calm = 2 * time.Second

// schedule plans faults for a run of that length; the same seed and length give the same plan. Each kind comes once in
// random order, then again, and each lasts as long as lets all of them come in one round, within its own bounds. Where not
// even one round fits, some kinds are left out. steady bounds the part in which no fault ends the collector, so that one
// process can be watched for long.
func schedule(seed uint64, length time.Duration, kinds []*fault, steady func(time.Duration) bool) []step {
	r := rand.New(rand.NewPCG(seed, uint64(length)))
	var steps []step
	share := (length - 2*calm) / time.Duration(len(kinds))
	for at := calm; ; {
		before := len(steps)
		for _, i := range r.Perm(len(kinds)) {
			kind := kinds[i]
			longest := min(max(share-kind.recovery, kind.least), kind.most)
			hold := kind.least + time.Duration(r.Float64()*float64(longest-kind.least))
			seed := r.Uint64()
			if length < kind.needs || kind.endsCollector && steady(at) || at+hold+kind.recovery > length-calm {
				continue
			}
			steps = append(steps, step{at: at, fault: kind, hold: hold.Round(10 * time.Millisecond), seed: seed})
			at += hold + kind.recovery
		}
		if len(steps) == before {
			return steps
		}
	}
}

// never is for runs without a steady part.
func never(time.Duration) bool { return false }
