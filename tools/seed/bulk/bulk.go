// Package bulk fills the tables with as many invented touches as are wanted, nearly all by INSERT SELECT from numbers(): the
// server makes the rows and nothing travels. A function of its configuration: the same call makes the same rows.
//
// Belongs here: invented data that is big. Does not belong here: the small year of tools/seed, which goes through the
// collector, and measuring.
package bulk

import (
	"context"
	"embed"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/schema"
)

//go:embed *.sql
var files embed.FS

// Ratios of the data, for each visitor: touches on average, and one in so many that sends a form.
const (
	touchesPerVisitor  = 5
	visitorsPerForm    = 8
	visitorsInPatterns = 40 // the smallest number in which the ratios are exact
)

// Config says what is made. The zero value of every member but Site, Touches and Until has a meaning.
type Config struct {
	Site    schema.SiteID
	Sites   int    // among how many sites the touches are divided, Site, Site-2, Site-3, …; 0: one
	Touches uint64 // in all, rounded up to 200 for each site
	Seed    uint64
	// Until is the end of the year of data, its first touch is a year earlier.
	Until time.Time
	// Out is where progress is shown, nil for nowhere.
	Out io.Writer
}

// atOnce is how many visitors one statement makes: a million touches, which fit into the engine's memory.
const atOnce = 200_000

// Run makes the data and returns how many touches there are now that have ids of their own.
func Run(ctx context.Context, conn driver.Conn, config Config) (uint64, error) {
	if config.Touches == 0 || config.Sites < 0 {
		return 0, fmt.Errorf("invent %d touches for %d sites: give at least one", config.Touches, config.Sites)
	}
	config.Sites = max(1, config.Sites)
	unit := uint64(visitorsInPatterns * touchesPerVisitor)
	visitors := (config.Touches/uint64(config.Sites) + unit - 1) / unit * visitorsInPatterns
	if err := prepare(ctx, conn, config); err != nil {
		return 0, err
	}
	defer cleanUp(ctx, conn)
	shown := newProgress(config.Out, visitors*touchesPerVisitor*uint64(config.Sites))
	for i := range config.Sites {
		site := SiteID(config, i)
		if err := oneSite(ctx, conn, config, site, visitors, shown); err != nil {
			return 0, fmt.Errorf("site %s: %w", site, err)
		}
	}
	shown.end()
	return visitors * touchesPerVisitor * uint64(config.Sites), nil
}

// SiteID is the id of the i-th site of a configuration.
func SiteID(config Config, i int) schema.SiteID {
	if i == 0 {
		return config.Site
	}
	return config.Site + schema.SiteID("-"+strconv.Itoa(i+1))
}

func oneSite(ctx context.Context, conn driver.Conn, config Config, site schema.SiteID, visitors uint64, shown *progress) error {
	parameters := clickhouse.Parameters{
		"site": string(site), "seed": strconv.FormatUint(config.Seed, 10), "visitors": strconv.FormatUint(visitors, 10),
		"since": schema.BindTime(since(config.Until)), "until": schema.BindTime(config.Until),
	}
	for first := uint64(0); first < visitors; first += atOnce {
		count := min(atOnce, visitors-first)
		parameters["first"], parameters["count"] = strconv.FormatUint(first, 10), strconv.FormatUint(count, 10)
		for _, step := range []struct{ file, of string }{{"touches", "everybody"}, {"touches", "again"}, {"submissions", "senders"}} {
			parameters["of"] = step.of
			if err := run(ctx, conn, step.file, parameters); err != nil {
				return err
			}
		}
		shown.add(count * touchesPerVisitor)
	}
	for _, file := range []string{"contacts", "companies", "deals"} {
		if err := run(ctx, conn, file, parameters); err != nil {
			return err
		}
	}
	return nil
}

// settings make large blocks, keep the memory of a statement far below the engine's, and never mistake one slice for another.
var settings = clickhouse.Settings{
	"max_block_size": 65536, "min_insert_block_size_rows": 1 << 20, "min_insert_block_size_bytes": 512 << 20, "max_insert_threads": 1,
	"insert_deduplicate": 0, "max_partitions_per_insert_block": 1000, "async_insert": 0,
}

func run(ctx context.Context, conn driver.Conn, file string, parameters clickhouse.Parameters) error {
	text, err := files.ReadFile(file + ".sql")
	if err != nil {
		return err
	}
	visits, err := files.ReadFile("visits.sql")
	if err != nil {
		return err
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithParameters(parameters), clickhouse.WithSettings(settings))
	if err := conn.Exec(ctx, strings.Replace(string(text), "-- visits\n", string(visits), 1)); err != nil {
		return fmt.Errorf("invent %s: %w", file, err)
	}
	return nil
}

// since is the beginning of the year of data.
func since(until time.Time) time.Time { return until.UTC().AddDate(-1, 0, 0) }

const dropNumbers, dropWays = "DROP TABLE IF EXISTS seed_numbers SYNC", "DROP TABLE IF EXISTS seed_ways SYNC"

// prepare makes the two tables that the statements read beside numbers().
func prepare(ctx context.Context, conn driver.Conn, config Config) error {
	for _, statement := range []string{
		dropNumbers, dropWays,
		"CREATE TABLE seed_numbers (name String, numbers Array(UInt32)) ENGINE = MergeTree ORDER BY name",
		"CREATE TABLE seed_ways (way UInt32, " + strings.Join(wayColumns, " String, ") + " String) ENGINE = MergeTree ORDER BY way",
	} {
		if err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
	}
	ways, err := allWays()
	if err != nil {
		return err
	}
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO seed_ways")
	if err != nil {
		return fmt.Errorf("prepare ways: %w", err)
	}
	for i, way := range ways {
		if err := batch.Append(append([]any{uint32(i)}, way.values()...)...); err != nil {
			return fmt.Errorf("prepare ways: %w", err)
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("prepare ways: %w", err)
	}
	batch, err = conn.PrepareBatch(ctx, "INSERT INTO seed_numbers")
	if err != nil {
		return fmt.Errorf("prepare numbers: %w", err)
	}
	from := since(config.Until)
	for name, numbers := range map[string][]uint32{"moments": moments(from, config.Until), "hours": hours(), "counts": counts, "ways": waySlots(ways, from)} {
		if err := batch.Append(name, numbers); err != nil {
			return fmt.Errorf("prepare numbers: %w", err)
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("prepare numbers: %w", err)
	}
	return nil
}

// cleanUp drops the two tables, also when ctx has ended meanwhile.
func cleanUp(ctx context.Context, conn driver.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for _, statement := range []string{dropNumbers, dropWays} {
		_ = conn.Exec(ctx, statement) // the next run drops them before it makes its own
	}
}
