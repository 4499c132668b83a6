package visitors

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/schema"
)

// However records are divided into calls, lanes and trips: the answers are those of a map that is asked one by one.
func TestDuplicatesAreThoseOfAMap(t *testing.T) {
	v := openPatient(t, collectortest.Redis(t))
	random := rand.New(rand.NewPCG(3, 4))
	known, sequence := map[Seen]string{}, 0
	for _, count := range []int{0, 1, callKeys, callKeys + 1, tripKeys, 5*tripKeys + 3, 40, 3 * tripKeys} {
		sites := 1 + random.IntN(40)
		records, want := make([]Seen, count), make([]bool, count)
		for i := range records {
			site, kind := schema.SiteID(fmt.Sprint("s", random.IntN(sites))), [...]schema.Kind{schema.KindTouch, schema.KindSubmission}[random.IntN(2)]
			sequence++
			records[i] = seen(site, kind, fmt.Sprintf("%x", random.IntN(4000)), fmt.Sprint("seg:", sequence))
			key := seen(site, kind, records[i].ID, "")
			if first, isKnown := known[key]; !isKnown {
				known[key] = records[i].Identity
			} else if random.IntN(3) == 0 {
				records[i].Identity = first // sent again
			} else {
				want[i] = true
			}
		}
		wantDuplicates(t, v, records, want...)
	}
}

// A touch longer than a trip travels all the same.
func TestClaimsOfLongTouches(t *testing.T) {
	v := openPatient(t, collectortest.Redis(t))
	arrivals := make([]Arrival, 2*callKeys)
	for i := range arrivals {
		arrivals[i] = arrival("a", schema.VisitorID(fmt.Sprint(i)), time.UnixMilli(int64(i)).UTC(), "1")
		arrivals[i].Touch.LandingPage = strings.Repeat("x", i*8)
	}
	arrivals[7].Touch.LandingPage = strings.Repeat("y", tripBytes+1)
	if err := v.ClaimFirstTouches(t.Context(), arrivals); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 7, len(arrivals) - 1} {
		touch, known, err := v.FirstTouch(t.Context(), "a", arrivals[i].Visitor)
		if err != nil || !known || touch.LandingPage != arrivals[i].Touch.LandingPage || !touch.OccurredAt.Equal(arrivals[i].Touch.OccurredAt) {
			t.Errorf("first touch %d: %v, %v, a landing page of %d bytes", i, known, err, len(touch.LandingPage))
		}
	}
}

// The text that the script compares sorts as Earlier does.
func TestRankSortsAsEarlier(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var touches []*schema.Touch
	for range 60 {
		at := time.UnixMilli(1_772_000_000_000 + random.Int64N(3))
		touches = append(touches, &schema.Touch{TouchID: schema.TouchID(uuid.NewString()), OccurredAt: at})
	}
	touches = append(touches, &schema.Touch{TouchID: "short", OccurredAt: time.UnixMilli(-5)}, &schema.Touch{OccurredAt: time.UnixMilli(999)})
	for _, a := range touches {
		if rank := appendRank(nil, a); len(rank) != rankSize {
			t.Errorf("rank %q has %d bytes", rank, len(rank))
		}
		for _, b := range touches {
			if got := string(appendRank(nil, a)) < string(appendRank(nil, b)); got != Earlier(a, b) {
				t.Errorf("%+v before %+v: %v by rank", a, b, got)
			}
		}
	}
}
