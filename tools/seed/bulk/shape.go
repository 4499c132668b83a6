package bulk

import "time"

// counts is how many touches visitors have: most come once or twice, few often. 20 of them have 100.
var counts = []uint32{1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 8, 10, 12, 30}

// momentSlots divide the visitors: moments says when each part of them has come.
const momentSlots = 1024

// moments returns the seconds after from by which 0, 1, 2, … 1024 of 1024 parts of the visitors have come first: more on working
// days and in the planning season, and the site grows by half within the year.
func moments(from, until time.Time) []uint32 {
	days := int(until.Sub(from).Hours()) / 24
	sums := make([]float64, days+1)
	for day := range days {
		at := from.AddDate(0, 0, day)
		weight := 1 + 0.5*float64(day)/float64(days)
		switch at.Weekday() {
		case time.Saturday, time.Sunday:
			weight *= 0.35
		case time.Monday:
			weight *= 1.2
		}
		if at.Month() >= time.February && at.Month() <= time.June {
			weight *= 1.4
		}
		sums[day+1] = sums[day] + weight
	}
	result := make([]uint32, 0, momentSlots+2)
	day := 0
	for slot := range momentSlots + 1 {
		wanted := sums[days] * float64(slot) / momentSlots
		for day < days-1 && sums[day+1] < wanted {
			day++
		}
		within := (wanted - sums[day]) / (sums[day+1] - sums[day])
		result = append(result, uint32(86400*(float64(day)+within)))
	}
	// The last moment is before the end, and there once more, so that what is interpolated has a neighbour.
	last := uint32(86400*days - 1)
	result[momentSlots] = last
	return append(result, last)
}

// hours are 64 hours of the day, as often as people come in them.
func hours() []uint32 {
	weights := [24]int{1, 1, 0, 0, 0, 1, 1, 2, 4, 5, 5, 4, 3, 4, 5, 5, 4, 3, 3, 3, 3, 3, 2, 2}
	var result []uint32
	for hour, weight := range weights {
		for range weight {
			result = append(result, uint32(hour))
		}
	}
	return result
}
