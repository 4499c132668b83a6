package forward

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

const benchmarkRows = 100_000

// benchmarkTouches are touches as browsers send them, about 600 bytes each in the spool.
func benchmarkTouches() []schema.Record {
	records := make([]schema.Record, benchmarkRows)
	for i := range records {
		record := touchAt(march.Add(time.Duration(i) * time.Millisecond))
		record.UTMMedium, record.UTMCampaign, record.Gclid = "paid_social", "spring-"+strconv.Itoa(i%50), uuid.NewString()
		record.LandingPage = "https://www.example.com/pricing?utm_source=linkedin&utm_campaign=spring-" + strconv.Itoa(i%50)
		record.Referrer, record.ReferrerDomain = "https://www.linkedin.com/", "linkedin.com"
		record.Medium, record.Campaign, record.SnippetVersion = record.UTMMedium, record.UTMCampaign, "1.0.0"
		records[i] = record
	}
	return records
}

// BenchmarkForward is the whole way from spool to acknowledged rows, Redis filter and claims included. Compare its rows/s
// with BenchmarkBareInsert of the same run.
func BenchmarkForward(b *testing.B) {
	records := benchmarkTouches()
	st, v := migratedStore(b), openVisitors(b, collectortest.Redis(b))
	for i := range b.N {
		b.StopTimer()
		for _, record := range records { // others than in the round before
			record.(*schema.TouchRecord).TouchID = schema.TouchID(uuid.NewString())
		}
		r := &rig{spool: openSpool(b, b.TempDir(), time.Hour), store: st, visitors: v}
		for start := 0; start < len(records); start += 1000 {
			r.keep(b, records[start:start+1000]...)
		}
		r.forward = New(Config{Spool: r.spool, Store: st, Visitors: v, Log: quiet()})
		if err := r.spool.Stop(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := r.forward.Run(context.Background()); err != nil {
			b.Fatal(err)
		}
		if rows := r.forward.Stats().Rows; rows != benchmarkRows {
			b.Fatalf("round %d forwarded %d rows", i, rows)
		}
	}
	b.ReportMetric(float64(b.N)*benchmarkRows/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkBareInsert is what clickhouse-go alone does with the same rows, already decoded, in batches of the same size.
func BenchmarkBareInsert(b *testing.B) {
	records := benchmarkTouches()
	st := migratedStore(b)
	fields := schema.Fields(schema.TouchRecord{})
	statement := "INSERT INTO touches ("
	for i, field := range fields {
		if i > 0 {
			statement += ", "
		}
		statement += field.Name
	}
	statement += ")"
	for i := range b.N {
		for start := 0; start < len(records); start += defaultLimits.rows {
			if err := bareInsert(st, statement, fields, records[start:start+defaultLimits.rows]); err != nil {
				b.Fatalf("round %d: %v", i, err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*benchmarkRows/b.Elapsed().Seconds(), "rows/s")
}

func bareInsert(st *store.Store, statement string, fields []schema.Field, records []schema.Record) error {
	batch, err := st.Conn().PrepareBatch(context.Background(), statement)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	for _, record := range records {
		if err := batch.Append(schema.Values(*record.(*schema.TouchRecord), fields)...); err != nil {
			return err
		}
	}
	return batch.Send()
}
