package faults

import (
	"fmt"
	"testing"
	"time"
)

func TestScheduleFollowsFromTheSeed(t *testing.T) {
	for _, length := range []time.Duration{Shortest, time.Minute, 30 * time.Minute} {
		plans := map[string]bool{}
		for seed := range uint64(5) {
			text := describe(schedule(seed, length, kinds(), never))
			if again := describe(schedule(seed, length, kinds(), never)); again != text {
				t.Errorf("%s, seed %d: two plans:\n%s\n%s", length, seed, text, again)
			}
			plans[text] = true
		}
		if len(plans) != 5 {
			t.Errorf("%s: 5 seeds give %d plans", length, len(plans))
		}
	}
}

func describe(steps []step) string {
	text := ""
	for _, s := range steps {
		text += fmt.Sprintln(s.at, s.fault.name, s.hold, s.seed)
	}
	return text
}

// TestScheduleHasRoomForAll: a minute is enough for every kind that fits at all, in 20 s there are some, and none is early,
// late, or while another one lasts.
func TestScheduleHasRoomForAll(t *testing.T) {
	for length, fewest := range map[time.Duration]int{Shortest: 5, time.Minute: 17, 2 * time.Minute: 17, 10 * time.Minute: 19, 30 * time.Minute: 19} {
		for seed := range uint64(50) {
			steps := schedule(seed, length, kinds(), never)
			met, free := map[string]bool{}, calm
			for _, s := range steps {
				met[s.fault.name] = true
				if s.at < free || s.hold < s.fault.least || s.hold > s.fault.most || s.fault.needs > length {
					t.Fatalf("%s, seed %d: %s at %s for %s, the one before it lasts until %s", length, seed, s.fault.name, s.at, s.hold, free)
				}
				free = s.at + s.hold
			}
			if free > length-calm || len(met) < fewest {
				t.Errorf("%s, seed %d: %d kinds of %d, %d are needed; the last ends at %s", length, seed, len(met), len(kinds()), fewest, free)
			}
		}
	}
}

func TestScheduleLeavesTheCollectorAliveInTheSteadyPart(t *testing.T) {
	r := &run{Config: Config{Duration: 10 * time.Minute, Soak: true}}
	steady, inside := r.steadyPart(), 0
	for _, s := range schedule(1, r.Duration, kinds(), steady) {
		if !steady(s.at) {
			continue
		}
		inside++
		if s.fault.endsCollector {
			t.Errorf("%s at %s", s.fault.name, s.at)
		}
	}
	if inside < 20 {
		t.Errorf("%d faults in the steady part", inside)
	}
}
