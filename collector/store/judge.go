package store

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/headwater/headwater/schema"
)

// Judgement says which records of a site an operator means, and what of them. Members that are empty narrow nothing.
type Judgement struct {
	Site schema.SiteID
	// Verdict is schema.VerdictClear, for records under suspicion, or a suspicion, for those that are not.
	Verdict string
	// Tables are touches, submissions or both.
	Tables         []string
	IDs            []string // canonical UUIDs
	Reason         schema.Suspicion
	Since, Until   time.Time // the range of their times, half open
	Source         string
	ReferrerDomain string
	Form           schema.FormID
}

// The widest range of a Judgement.
var (
	earliest = time.Unix(0, 0).UTC()
	latest   = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Judge gives the verdict as of now, and returns how many records of each table it is about. The same verdict again is about none.
func (s *Store) Judge(ctx context.Context, j Judgement, now time.Time) (map[string]uint64, error) {
	if j.Since.IsZero() {
		j.Since = earliest
	}
	if j.Until.IsZero() {
		j.Until = latest
	}
	judgedAt := now.UTC().Truncate(10 * time.Millisecond) // as fine as keep in the tables tells verdicts apart
	counts := map[string]uint64{}
	for _, table := range j.Tables {
		text, err := fs.ReadFile(schema.Judging, "suspects/judge_"+table+".sql")
		if err != nil {
			return counts, fmt.Errorf("judge %s: %w", table, err)
		}
		insert := clickhouse.Context(ctx,
			clickhouse.WithParameters(j.parameters(judgedAt)),
			clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0, "insert_deduplicate": 0, "optimize_move_to_prewhere_if_final": 0}))
		if err := s.conn.Exec(insert, string(text)); err != nil {
			return counts, fmt.Errorf("judge %s: %w", table, err)
		}
		var n uint64
		count := clickhouse.Context(ctx, clickhouse.WithParameters(j.parameters(judgedAt)))
		query := "SELECT count() FROM " + table + " FINAL WHERE site_id = {site:String} AND judged_at = {judged_at:DateTime64(3, 'UTC')}"
		if err := s.conn.QueryRow(count, query).Scan(&n); err != nil {
			return counts, fmt.Errorf("count what was judged in %s: %w", table, err)
		}
		counts[table] = n
	}
	return counts, nil
}

func (j Judgement) parameters(judgedAt time.Time) clickhouse.Parameters {
	return clickhouse.Parameters{
		"site": schema.Bind(j.Site), "verdict": schema.Bind(j.Verdict), "judged_at": schema.BindTime(judgedAt),
		"since": schema.BindTime(j.Since), "until": schema.BindTime(j.Until),
		"reason": schema.Bind(j.Reason), "source": schema.Bind(j.Source), "referrer_domain": schema.Bind(j.ReferrerDomain),
		"form": schema.Bind(j.Form), "ids": schema.BindAll(j.IDs),
	}
}
