package visitors

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/schema"
)

// benchmarkKeys is what the forwarder sends at most at once: a chunk of the spool.
const benchmarkKeys = 20_000

// The benchmarks below are to be read against BenchmarkPlainSets of the same run: as many keys and values of the same
// lengths, sent by go-redis as a person would write it.
//
//	go test -run '^$' -bench . -benchmem ./collector/visitors

func BenchmarkPlainSets(b *testing.B) {
	server := collectortest.StartRedis(b)
	options, err := redis.ParseURL(server.URL())
	if err != nil {
		b.Fatal(err)
	}
	client := redis.NewClient(options)
	b.Cleanup(func() { client.Close() })
	records := benchmarkSeen()
	perKey(b, server, true, func(ctx context.Context) error {
		for start := 0; start < len(records); start += 1000 {
			pipeline := client.Pipeline()
			for i := range records[start : start+1000] {
				record := &records[start+i]
				pipeline.Set(ctx, "d:{"+string(record.Site)+"}:t:"+record.ID, record.Identity, DuplicateTTL)
			}
			if _, err := pipeline.Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

func BenchmarkDuplicates(b *testing.B) {
	for _, sites := range []int{1, 20} {
		b.Run(fmt.Sprintf("sites=%d", sites), func(b *testing.B) {
			server := collectortest.StartRedis(b)
			v := openPatient(b, server.URL())
			records := benchmarkSeen()
			for i := range records {
				records[i].Site = schema.SiteID(fmt.Sprint("shop", i%sites))
			}
			perKey(b, server, true, func(ctx context.Context) error {
				_, err := v.Duplicates(ctx, records)
				return err
			})
		})
	}
}

// Every visitor is new: the claim sets.
func BenchmarkClaimFirstTouches(b *testing.B) {
	server := collectortest.StartRedis(b)
	v, arrivals := openPatient(b, server.URL()), benchmarkArrivals()
	perKey(b, server, true, func(ctx context.Context) error { return v.ClaimFirstTouches(ctx, arrivals) })
}

// Every visitor is known and came earlier: the claim compares.
func BenchmarkClaimOfKnown(b *testing.B) {
	server := collectortest.StartRedis(b)
	v, arrivals := openPatient(b, server.URL()), benchmarkArrivals()
	if err := v.ClaimFirstTouches(b.Context(), arrivals); err != nil {
		b.Fatal(err)
	}
	for i := range arrivals {
		arrivals[i].Touch.OccurredAt = arrivals[i].Touch.OccurredAt.Add(time.Minute)
	}
	perKey(b, server, false, func(ctx context.Context) error { return v.ClaimFirstTouches(ctx, arrivals) })
}

// perKey runs what with benchmarkKeys keys, on a server that was emptied each time if new is set. Beside the time it gives
// the processor time of this process and of Redis, which other work on the machine disturbs less.
func perKey(b *testing.B, server *collectortest.RedisServer, new bool, what func(context.Context) error) {
	b.ReportAllocs()
	b.ResetTimer()
	var own, redis time.Duration
	for range b.N {
		b.StopTimer()
		if new {
			server.Do("FLUSHALL")
		}
		ownBefore, redisBefore := ownProcessorTime(b), server.ProcessorTime()
		b.StartTimer()
		if err := what(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		own += ownProcessorTime(b) - ownBefore
		redis += server.ProcessorTime() - redisBefore
		b.StartTimer()
	}
	keys := float64(b.N) * benchmarkKeys
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/keys, "ns/key")
	b.ReportMetric(float64(own.Nanoseconds())/keys, "own-cpu-ns/key")
	b.ReportMetric(float64(redis.Nanoseconds())/keys, "redis-cpu-ns/key")
}

func ownProcessorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// openPatient waits longer than the collector does: a busy machine shall not end what measures or counts.
func openPatient(tb testing.TB, redisURL string) *Visitors {
	tb.Helper()
	return openFor(tb, redisURL, time.Minute)
}

func openFor(tb testing.TB, redisURL string, timeout time.Duration) *Visitors {
	tb.Helper()
	v, err := openWith(redisURL, timeout)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { v.Close() })
	return v
}

func benchmarkSeen() []Seen {
	records, segment := make([]Seen, benchmarkKeys), uuid.NewString()
	for i := range records {
		records[i] = Seen{Site: "shop", Kind: schema.KindTouch, ID: uuid.NewString(), Identity: fmt.Sprintf("%s:%d", segment, i)}
	}
	return records
}

// benchmarkArrivals are touches as browsers send them, each of another visitor.
func benchmarkArrivals() []Arrival {
	arrivals := make([]Arrival, benchmarkKeys)
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for i := range arrivals {
		campaign := fmt.Sprint("spring-", i%50)
		arrivals[i] = Arrival{Site: "shop", Visitor: schema.VisitorID(uuid.NewString()), Touch: &schema.Touch{
			TouchID: schema.TouchID(uuid.NewString()), OccurredAt: at.Add(time.Duration(i) * time.Millisecond),
			UTMSource: "linkedin", UTMMedium: "paid_social", UTMCampaign: campaign, Gclid: uuid.NewString(),
			LandingPage: "https://www.example.com/pricing?utm_source=linkedin&utm_campaign=" + campaign,
			Referrer:    "https://www.linkedin.com/", ReferrerDomain: "linkedin.com",
			Source: "linkedin", Medium: "paid_social", Campaign: campaign, Channel: "paid_social",
		}}
	}
	return arrivals
}
