package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/seed/bulk"
)

const site schema.SiteID = "seed"

// smaller is how many times fewer touches the growth is measured against.
const smaller = 10

// maxGrowth and maxMemory are the bounds that are no ratio to a bare query.
const (
	maxGrowth = 11
	maxMemory = 2 << 30
)

// dataset is a filled database.
type dataset struct {
	db      *store.Store
	touches uint64
	until   time.Time
}

func (d *dataset) conn() driver.Conn { return d.db.Conn() }

// year are the parameters of a report over the year of data.
func (d *dataset) year() reports.Params {
	return reports.Params{Site: site, From: d.until.AddDate(-1, 0, 0).Format(time.DateOnly), To: d.until.Format(time.DateOnly)}
}

// datasets are those of a run: of all touches, of a tenth, and of none.
type datasets struct{ large, small, empty *dataset }

// run measures everything and tells whether all bounds are held.
func run(ctx context.Context, c config) (bool, error) {
	data := c.data
	if data == "" {
		var err error
		if data, err = os.MkdirTemp("", "headwater-benchsql-"); err != nil {
			return false, err
		}
		defer func() { _ = os.RemoveAll(data) }()
	}
	data, err := filepath.Abs(data)
	if err != nil {
		return false, err
	}
	server, err := startEngine(ctx, data)
	if err != nil {
		return false, err
	}
	defer server.stop()
	large, err := c.fill(ctx, server, c.touches)
	if err != nil {
		return false, err
	}
	defer large.db.Close()
	small, err := c.fill(ctx, server, c.touches/smaller)
	if err != nil {
		return false, err
	}
	defer small.db.Close()
	empty, err := c.fill(ctx, server, 0)
	if err != nil {
		return false, err
	}
	defer empty.db.Close()
	return c.measureAll(ctx, datasets{large, small, empty})
}

// fill makes a database of so many touches, unless an earlier run left it in the folder of the data.
func (c config) fill(ctx context.Context, server *engine, touches uint64) (*dataset, error) {
	until := monthBegin(time.Now())
	db, err := store.Open(ctx, fmt.Sprintf("%s/touches_%d_until_%s", server.url, touches, until.Format("200601")))
	if err != nil {
		return nil, err
	}
	d := &dataset{db: db, touches: touches, until: until}
	if err := d.make(ctx, c); err != nil {
		db.Close()
		return nil, err
	}
	return d, nil
}

func (d *dataset) make(ctx context.Context, c config) error {
	if err := d.db.Migrate(ctx, store.MigrateConfig{}); err != nil {
		return err
	}
	var there bool
	if err := d.conn().QueryRow(ctx, "SELECT count() > 0 FROM deals").Scan(&there); err != nil {
		return err
	}
	if there || d.touches == 0 { // deals are made last
		return reports.Settle(ctx, d.db.PatientConn(), site, false)
	}
	fmt.Fprintf(c.progress, "%d touches …\n", d.touches)
	begun := time.Now()
	if _, err := bulk.Run(ctx, d.db.PatientConn(), bulk.Config{Site: site, Touches: d.touches, Seed: 1, Until: d.until, Out: c.progress}); err != nil {
		return err
	}
	fmt.Fprintf(c.progress, "… made in %s\n", time.Since(begun).Round(time.Second))
	begun = time.Now()
	if err := d.settleDown(ctx); err != nil {
		return err
	}
	if err := reports.Settle(ctx, d.db.PatientConn(), site, true); err != nil {
		return err
	}
	fmt.Fprintf(c.progress, "… merged and settled in %s\n", time.Since(begun).Round(time.Second))
	return nil
}

// settleDown waits until the server has merged what was inserted: a year of data was not inserted in the last minute.
func (d *dataset) settleDown(ctx context.Context) error {
	for quiet := 0; quiet < 5; {
		var merges uint64
		if err := d.conn().QueryRow(ctx, "SELECT count() FROM system.merges").Scan(&merges); err != nil {
			return err
		}
		quiet++
		if merges > 0 {
			quiet = 0
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return nil
}

func (c config) measureAll(ctx context.Context, all datasets) (bool, error) {
	fmt.Fprintf(c.out, "%d touches of one year; medians of %d rounds, report and bare query in turns.\n\n", all.large.touches, c.rounds)
	list, err := all.large.comparisons(ctx, c.rounds)
	if err != nil {
		return false, err
	}
	allHeld := true
	for _, one := range list {
		got, err := one.measure(ctx)
		if err != nil {
			return false, err
		}
		held := one.limit == 0 || got.ratio() <= one.limit
		allHeld = allHeld && held
		said := verdict(held, fmt.Sprintf("at most %g", one.limit))
		if one.limit == 0 {
			said = "no bound"
		}
		fmt.Fprintf(c.out, "%-64s %8s / %8s = %6.2f   %s\n", one.name, shortTime(got.ours), shortTime(got.bare), got.ratio(), said)
	}
	for _, step := range []func(context.Context, datasets) (bool, error){c.dashboard, c.memory, c.growth, c.planning, c.size} {
		held, err := step(ctx, all)
		if err != nil {
			return false, err
		}
		allHeld = allHeld && held
	}
	return allHeld, nil
}

func verdict(held bool, bound string) string {
	if held {
		return "held: " + bound
	}
	return "NOT held: " + bound
}

func shortTime(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// reportNames are the reports whose memory and growth are measured.
var reportNames = []string{
	"source_breakdown", "conversion_rate", "leads_over_time", "top_forms", "top_referrers", "totals", "compare_models", "model_breakdown", "paths", "assisted",
}

func (d *dataset) asking(name string) work {
	return func(ctx context.Context) error {
		_, err := reports.Run(ctx, d.conn(), name, d.year())
		return err
	}
}

// rows asks for a report without its totals.
func (d *dataset) rows(name string) work {
	return func(ctx context.Context) error {
		_, err := reports.Rows(ctx, d.conn(), name, d.year())
		return err
	}
}

func (c config) memory(ctx context.Context, data datasets) (bool, error) {
	all := true
	for _, name := range reportNames {
		most, err := memoryOf(ctx, data.large.conn(), data.large.asking(name))
		var exception *clickhouse.Exception
		if errors.As(err, &exception) && exception.Code == 241 {
			most, err = maxMemory+1, nil
		}
		if err != nil {
			return false, err
		}
		all = all && most <= maxMemory
		fmt.Fprintf(c.out, "%-64s %8d MiB                       %s\n", "memory of "+name, most>>20, verdict(most <= maxMemory, "at most 2048 MiB"))
	}
	return all, nil
}

func (c config) growth(ctx context.Context, data datasets) (bool, error) {
	large, small := data.large, data.small
	all := true
	for _, name := range reportNames {
		got, err := comparison{name: "growth of " + name, bare: small.asking(name), ours: large.asking(name), quantile: 0.5, rounds: c.rounds}.measure(ctx)
		if err != nil {
			return false, err
		}
		held := got.ratio() <= maxGrowth
		all = all && held
		fmt.Fprintf(c.out, "%-64s %8s / %8s = %6.2f   %s\n", fmt.Sprintf("growth of %s from %d touches", name, small.touches),
			shortTime(got.ours), shortTime(got.bare), got.ratio(), verdict(held, fmt.Sprintf("at most %d", maxGrowth)))
	}
	return all, nil
}

// planning prints what a report costs where there is no data. It is no bound.
func (c config) planning(ctx context.Context, data datasets) (bool, error) {
	one := reading(data.empty.conn(), "SELECT count() FROM touches", nil)
	for _, name := range reportNames {
		got, err := comparison{name: "planning of " + name, bare: one, ours: data.empty.rows(name), quantile: 0.5, rounds: c.rounds}.measure(ctx)
		if err != nil {
			return false, err
		}
		fmt.Fprintf(c.out, "%-64s %8s / %8s = %6.2f   no bound\n", name+" on no touches, to counting them", shortTime(got.ours), shortTime(got.bare), got.ratio())
	}
	return true, nil
}

// size prints what a touch takes on disk, beside what the collector is sent. It is no bound.
func (c config) size(ctx context.Context, data datasets) (bool, error) {
	large := data.large
	var touches, everything uint64
	err := large.conn().QueryRow(ctx, "SELECT sumIf(bytes_on_disk, table = 'touches'), sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()").Scan(&touches, &everything)
	if err != nil {
		return false, err
	}
	raw, err := large.rawJSON(ctx)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(c.out, "%-64s %8.1f bytes, %.1f with all other tables; as JSON %.0f\n", "a touch on disk",
		float64(touches)/float64(large.touches), float64(everything)/float64(large.touches), raw)
	return true, nil
}

// rawJSON is the average length of a touch as a browser sends it: what is empty is not sent.
func (d *dataset) rawJSON(ctx context.Context) (float64, error) {
	rows, err := d.conn().Query(ctx, "SELECT * EXCEPT (received_at) FROM touches LIMIT 5000")
	if err != nil {
		return 0, fmt.Errorf("read some touches: %w", err)
	}
	defer func() { _ = rows.Close() }()
	touches, total := 0, 0
	for rows.Next() {
		values := make([]any, len(rows.Columns()))
		for i, column := range rows.ColumnTypes() {
			values[i] = reflect.New(column.ScanType()).Interface()
		}
		if err := rows.Scan(values...); err != nil {
			return 0, fmt.Errorf("read a touch: %w", err)
		}
		sent := map[string]any{}
		for i, name := range rows.Columns() {
			if value := reflect.ValueOf(values[i]).Elem(); !value.IsZero() && !(value.Kind() == reflect.Map && value.Len() == 0) {
				sent[name] = value.Interface()
			}
		}
		text, err := json.Marshal(sent)
		if err != nil {
			return 0, err
		}
		touches, total = touches+1, total+len(text)
	}
	return float64(total) / float64(max(1, touches)), rows.Err()
}
