package visitors

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/schema"
)

// open returns what asks as the collector does, but is not hurried.
func open(t *testing.T, redisURL string) *Visitors {
	t.Helper()
	return openFor(t, redisURL, 10*time.Second)
}

func seen(site schema.SiteID, kind schema.Kind, id, identity string) Seen {
	return Seen{Site: site, Kind: kind, ID: id, Identity: identity}
}

func wantDuplicates(t *testing.T, v *Visitors, records []Seen, want ...bool) {
	t.Helper()
	got, err := v.Duplicates(t.Context(), records)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("duplicates %v, want %v", got, want)
	}
}

func TestDuplicatesAreOtherCopiesOnly(t *testing.T) {
	v := open(t, collectortest.Redis(t))
	first := []Seen{
		seen("a", schema.KindTouch, "1", "seg:1"),
		seen("a", schema.KindTouch, "1", "seg:2"),
		seen("a", schema.KindSubmission, "1", "seg:3"),
		seen("b", schema.KindTouch, "1", "seg:4"),
		seen("a", schema.KindTouch, "2", "seg:5"),
	}
	wantDuplicates(t, v, first, false, true, false, false, false)
	wantDuplicates(t, v, first, false, true, false, false, false) // the same segment again: its own identities
	wantDuplicates(t, v, []Seen{seen("a", schema.KindTouch, "2", "other:1")}, true)
	if stats := v.Stats(); stats.Checked != 11 || stats.Duplicates != 3 || stats.Failures != 0 {
		t.Errorf("stats %+v", stats)
	}
}

func TestDuplicatesOfManyRecords(t *testing.T) {
	v := open(t, collectortest.Redis(t))
	records := make([]Seen, 2*1000+7)
	for i := range records {
		records[i] = seen("a", schema.KindTouch, fmt.Sprint(i%(1000+3)), fmt.Sprint("seg:", i))
	}
	got, err := v.Duplicates(t.Context(), records)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if got[i] != (i >= 1000+3) {
			t.Fatalf("record %d: duplicate is %v", i, got[i])
		}
	}
}

func TestKeyPrefixSeparates(t *testing.T) {
	server := collectortest.StartRedis(t)
	record := []Seen{seen("a", schema.KindTouch, "1", "seg:1")}
	wantDuplicates(t, open(t, server.URL()+"?key_prefix=one:"), record, false)
	record[0].Identity = "seg:2"
	wantDuplicates(t, open(t, server.URL()+"?key_prefix=two:"), record, false)
	if answer := server.Do("EXISTS one:d:{a}:t:1"); answer != ":1" {
		t.Errorf("key one:d:{a}:t:1 does not exist: %q", answer)
	}
	if answer := server.Do("TTL one:d:{a}:t:1"); answer != ":691200" && answer != ":691199" {
		t.Errorf("TTL of the key is %q, want 8 days", answer)
	}
}

// eventually waits until what returns no error, for at most 60 seconds.
func eventually(t *testing.T, what func() error) {
	t.Helper()
	deadline := time.NewTimer(60 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for err := what(); err != nil; err = what() {
		select {
		case <-deadline.C:
			t.Fatalf("still: %v", err)
		case <-tick.C:
		}
	}
}

func arrival(site schema.SiteID, visitor schema.VisitorID, at time.Time, id schema.TouchID) Arrival {
	return Arrival{Site: site, Visitor: visitor, Touch: &schema.Touch{TouchID: id, OccurredAt: at, UTMSource: "source of " + string(id)}}
}

// Whatever the order, the repetitions and the batches: the earliest stays, and ties go to the smaller id.
func TestFirstTouchIsTheEarliest(t *testing.T) {
	v := open(t, collectortest.Redis(t))
	base := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 30 {
		visitor := schema.VisitorID(uuid.NewString())
		arrivals := make([]Arrival, 1+random.IntN(8))
		for i := range arrivals {
			arrivals[i] = arrival("a", visitor, base.Add(time.Duration(random.IntN(3))*time.Millisecond), schema.TouchID(uuid.NewString()))
		}
		want := slices.MinFunc(arrivals, func(a, b Arrival) int {
			if n := a.Touch.OccurredAt.Compare(b.Touch.OccurredAt); n != 0 {
				return n
			}
			return strings.Compare(string(a.Touch.TouchID), string(b.Touch.TouchID))
		})
		sent := append(slices.Clone(arrivals), arrivals...)
		random.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
		for len(sent) > 0 {
			n := 1 + random.IntN(len(sent))
			if err := v.ClaimFirstTouches(t.Context(), sent[:n]); err != nil {
				t.Fatal(err)
			}
			sent = sent[n:]
		}
		got, known, err := v.FirstTouch(t.Context(), "a", visitor)
		if err != nil || !known || !reflect.DeepEqual(got, *want.Touch) {
			t.Fatalf("round %d: first touch %+v (%v, %v), want %+v", round, got, known, err, want.Touch)
		}
	}
}

func TestFirstTouchOfNobody(t *testing.T) {
	v := open(t, collectortest.Redis(t))
	if err := v.ClaimFirstTouches(t.Context(), []Arrival{
		arrival("a", "", time.Now(), "1"), // no visitor
		{Site: "a", Visitor: "v"},         // no touch
	}); err != nil {
		t.Fatal(err)
	}
	if _, known, err := v.FirstTouch(context.Background(), "a", "v"); known || err != nil {
		t.Errorf("known %v, error %v", known, err)
	}
	if stats := v.Stats(); stats.Claims != 0 {
		t.Errorf("%d claims", stats.Claims)
	}
}

func FuzzFirstTouch(f *testing.F) {
	touch := schema.Touch{TouchID: "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e", OccurredAt: time.UnixMilli(1).UTC()}
	value, err := appendFirstTouch(nil, &touch)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(value))
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		if _, known, err := decodeFirstTouch(value); known == (err != nil) {
			t.Errorf("known %v with error %v", known, err)
		}
	})
}
