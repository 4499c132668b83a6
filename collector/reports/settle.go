package reports

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/schema"
)

const (
	// maxChanges is how many changed records are settled one by one: beyond it, everything is settled at once.
	maxChanges = 200_000
	// maxSubjects bounds the contacts and companies that are settled together because they have to do with each other.
	maxSubjects = 50_000
	// quickAnyway is how many touches and submissions a site may have whose records are read as quickly as changes are settled.
	quickAnyway = 200_000
)

// Margins of time: how long before the last settlement changes are considered again. Whoever waits for a report has
// sent records that are there; in the background a server that is slow to show a record gets more time.
const (
	readMargin       = time.Second
	backgroundMargin = 20 * time.Second
)

// Settle brings the settled tables of a site up to date with its records, from nothing where that is needed or where rebuild says so.
// Reports are right without: then they read the records, which takes longer. It may run any number of times, also at once.
func Settle(ctx context.Context, conn driver.Conn, site schema.SiteID, rebuild bool) error {
	s := settler{conn: conn, site: site, margin: backgroundMargin, background: true, rebuild: rebuild}
	_, err := s.settle(ctx)
	return err
}

// settleForReport settles what has changed where that is quicker than to read the records, and tells whether the settled tables may
// be read.
func settleForReport(ctx context.Context, conn driver.Conn, site schema.SiteID) (bool, error) {
	s := settler{conn: conn, site: site, margin: readMargin, quickAnyway: quickAnyway}
	current, err := s.settle(ctx)
	var exception *clickhouse.Exception
	if errors.As(err, &exception) && mayNotSettle[exception.Code] {
		return false, nil
	}
	return current, err
}

// mayNotSettle are the codes of a database in which this user may read only, or that has no settled tables yet:
// UNKNOWN_TABLE, READONLY, ACCESS_DENIED, TABLE_IS_READ_ONLY.
var mayNotSettle = map[int32]bool{60: true, 164: true, 497: true, 242: true}

// settling has the locks of each site: settling it twice at once is right, and a waste.
var settling sync.Map

// siteLocks are changes, for who looks for changes and settles them, and all, for who settles a site from nothing: that takes
// minutes on tens of millions of touches, in which what changes is settled as ever.
type siteLocks struct{ changes, all sync.Mutex }

type settler struct {
	conn       driver.Conn
	site       schema.SiteID
	margin     time.Duration
	background bool // nobody waits
	rebuild    bool
	// quickAnyway is for how many records nothing is settled, while somebody waits.
	quickAnyway uint64

	state           settlementState
	all             bool   // from nothing
	records         uint64 // touches and submissions of the site, also those sent twice
	bucket, buckets uint64 // of the visitors or contacts that are settled from nothing
}

// settlementState is how far the settled tables follow the records (settling/state.sql).
type settlementState struct {
	complete        bool
	fromBlock       uint64
	since           time.Time
	touches, others uint64 // that have changed
	toBlock         uint64
	settlement      uint64
	beganAt         time.Time
}

func (s *settler) settle(ctx context.Context) (bool, error) {
	found, _ := settling.LoadOrStore(s.site, &siteLocks{})
	locks := found.(*siteLocks)
	if s.background {
		locks.all.Lock()
		defer locks.all.Unlock()
	}
	current, err := s.changes(ctx, locks)
	if errors.Is(err, errTooMuch) {
		current, err = s.fromNothing(ctx)
	}
	if err != nil {
		return false, fmt.Errorf("settle %s: %w", s.site, err)
	}
	return current, nil
}

// errTooMuch says that more has changed than is settled one by one.
var errTooMuch = errors.New("too much has changed")

// changes settles what has changed.
func (s *settler) changes(ctx context.Context, locks *siteLocks) (bool, error) {
	locks.changes.Lock()
	defer locks.changes.Unlock()
	if err := s.readState(ctx); err != nil {
		return false, err
	}
	changes := s.state.touches + s.state.others
	if s.state.complete && changes == 0 && !s.rebuild {
		return true, s.touchUp(ctx)
	}
	if err := s.count(ctx); err != nil || !s.background && s.records <= s.quickAnyway {
		return false, err
	}
	if s.rebuild || !s.state.complete || changes > maxChanges {
		return false, errTooMuch
	}
	scope, err := s.scope(ctx)
	if err != nil {
		return false, err
	}
	if len(scope) > maxSubjects {
		return false, errTooMuch
	}
	if s.state.touches > 0 {
		if err := s.exec(ctx, "write_touches", forSettlingSome, nil); err != nil {
			return false, err
		}
		if err := s.exec(ctx, "remove_touches", forSettlingSome, nil); err != nil {
			return false, err
		}
	}
	if len(scope) > 0 {
		for _, statement := range []string{"write_credits", "write_journeys", "remove_journeys", "write_paths", "remove_paths"} {
			if err := s.exec(ctx, statement, forSettlingSome, scope); err != nil {
				return false, err
			}
		}
	}
	return true, s.record(ctx, true)
}

// touchUp keeps a quiet site's settlement from growing so old that nobody knows whether changes have left the log meanwhile.
func (s *settler) touchUp(ctx context.Context) error {
	if !s.background || s.state.beganAt.Sub(s.state.since) < time.Hour {
		return nil
	}
	return s.record(ctx, true)
}

// bucketSize is about how many touches are settled by one statement, whose memory grows with it.
const bucketSize = 10_000_000

// inParts are the statements that settle a part of the visitors or contacts at a time.
var inParts = map[string]bool{"write_touches": true, "write_credits": true, "write_paths": true}

// count finds out how many records the site has.
func (s *settler) count(ctx context.Context) error {
	return s.conn.QueryRow(s.context(ctx, nil), `SELECT (SELECT count() FROM touches WHERE site_id = {site:String})
		+ (SELECT count() FROM submissions WHERE site_id = {site:String})`).Scan(&s.records)
}

// fromNothing settles all that the site has, unless somebody waits. Meanwhile what was settled before is as good as it was, and what
// changes is settled over it, unless somebody said that it is not.
func (s *settler) fromNothing(ctx context.Context) (bool, error) {
	if !s.background {
		return false, nil
	}
	s.all = true
	if s.rebuild || !s.state.complete {
		if err := s.record(ctx, false); err != nil {
			return false, err
		}
	}
	for _, statement := range []string{"write_touches", "remove_touches", "write_credits", "write_journeys", "remove_journeys", "write_paths", "remove_paths"} {
		s.buckets = 1
		if inParts[statement] {
			s.buckets += s.records / bucketSize
		}
		for s.bucket = range s.buckets {
			if err := s.exec(ctx, statement, forSettling, nil); err != nil {
				return false, err
			}
		}
	}
	if err := s.record(ctx, true); err != nil {
		return true, err
	}
	return true, s.merge(ctx)
}

// merge makes one part of each partition, which is read without comparing rows of several.
func (s *settler) merge(ctx context.Context) error {
	for _, table := range []string{"settled_touches", "settled_journeys", "settled_paths"} {
		var partitions []string
		err := s.conn.QueryRow(ctx, "SELECT groupUniqArray(partition_id) FROM system.parts WHERE active AND database = currentDatabase() AND table = '"+table+"'").Scan(&partitions)
		if err != nil {
			return fmt.Errorf("ask for the partitions of %s: %w", table, err)
		}
		for _, partition := range partitions {
			if err := s.conn.Exec(ctx, "OPTIMIZE TABLE "+table+" PARTITION ID '"+partition+"' FINAL"); err != nil {
				return fmt.Errorf("merge partition %s of %s: %w", partition, table, err)
			}
		}
	}
	return nil
}

func (s *settler) readState(ctx context.Context) error {
	text, err := composeFrom(schema.Attribution, "state", forSettling)
	if err != nil {
		return err
	}
	to := &s.state
	return s.conn.QueryRow(s.context(ctx, nil), text).Scan(&to.complete, &to.fromBlock, &to.since, &to.touches, &to.others, &to.toBlock, &to.settlement, &to.beganAt)
}

// subject is a contact, a company or a deal.
type subject struct{ kind, id string }

// scope finds all whose journeys may be others now: who has changed, and who has to do with them.
func (s *settler) scope(ctx context.Context) (map[subject]bool, error) {
	scope := map[subject]bool{}
	found, err := s.subjects(ctx, "changed_subjects", scope)
	for err == nil && found > 0 && len(scope) <= maxSubjects {
		found, err = s.subjects(ctx, "connected_subjects", scope)
	}
	return scope, err
}

// subjects adds to scope what the statement finds, and returns how many that are.
func (s *settler) subjects(ctx context.Context, statement string, scope map[subject]bool) (int, error) {
	text, err := composeFrom(schema.Attribution, statement, forSettlingSome)
	if err != nil {
		return 0, err
	}
	rows, err := s.conn.Query(s.context(ctx, scope), text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", statement, err)
	}
	defer func() { _ = rows.Close() }()
	before := len(scope)
	for rows.Next() {
		var one subject
		if err := rows.Scan(&one.kind, &one.id); err != nil {
			return 0, fmt.Errorf("%s: %w", statement, err)
		}
		scope[one] = true
	}
	return len(scope) - before, rows.Err()
}

func (s *settler) exec(ctx context.Context, statement string, from source, scope map[subject]bool) error {
	text, err := composeFrom(schema.Attribution, statement, from)
	if err != nil {
		return err
	}
	ctx = s.context(ctx, scope)
	if !strings.HasSuffix(statement, "_touches") { // whose blocks go to many partitions, and are narrow
		settings := s.settings()
		settings["max_bytes_before_external_sort"] = spillAt / 4 // several sorts at once, of wide rows
		settings["max_block_size"], settings["min_insert_block_size_rows"], settings["min_insert_block_size_bytes"] = 1<<13, 1<<16, insertAtOnce
		ctx = clickhouse.Context(ctx, clickhouse.WithSettings(settings))
	}
	if err := s.conn.Exec(ctx, text); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func (s *settler) record(ctx context.Context, complete bool) error {
	text, err := composeFrom(schema.Attribution, "record", forSettling)
	if err != nil {
		return err
	}
	parameters := s.parameters()
	parameters["complete"] = strconv.FormatBool(complete)
	if err := s.conn.Exec(clickhouse.Context(s.context(ctx, nil), clickhouse.WithParameters(parameters)), text); err != nil {
		return fmt.Errorf("write a settlement down: %w", err)
	}
	return nil
}

// context binds the parameters and settings of every statement, and the contacts, companies and deals in scope.
func (s *settler) context(ctx context.Context, scope map[subject]bool) context.Context {
	options := []clickhouse.QueryOption{clickhouse.WithParameters(s.parameters()), clickhouse.WithSettings(s.settings())}
	if scope != nil {
		options = append(options, clickhouse.WithExternalTable(scopeTable(scope)))
	}
	return clickhouse.Context(ctx, options...)
}

// insertAtOnce is how many bytes become a part of a table: what is worked out from wide rows takes several times as much memory.
const insertAtOnce = 64 << 20

// settings make everything of any size fit into 1 GiB: joins, groups and sorting go on with files.
func (s *settler) settings() clickhouse.Settings {
	settings := querySettings()
	if !s.all {
		byKey(settings)
	}
	settings["insert_deduplicate"] = 0
	settings["join_algorithm"] = "grace_hash"
	settings["max_bytes_in_join"] = spillAt / 4
	settings["max_bytes_before_external_group_by"], settings["max_bytes_before_external_sort"] = spillAt/2, spillAt/2
	return settings
}

func scopeTable(scope map[subject]bool) *ext.Table {
	table, err := ext.NewTable("scope", ext.Column("kind", "String"), ext.Column("subject", "String"))
	if err != nil {
		panic(err) // two columns of texts
	}
	for one := range scope {
		if err := table.Append(one.kind, one.id); err != nil {
			panic(err)
		}
	}
	return table
}

func (s *settler) parameters() clickhouse.Parameters {
	a := asked{Params: Params{Site: s.site, By: wholeTouch(), Credit: openCredit, LookbackDays: 1, Suspects: ExcludeSuspects}, since: earliest, until: latest}
	parameters := a.parameters()
	parameters["bucket"] = strconv.FormatUint(s.bucket, 10)
	parameters["buckets"] = strconv.FormatUint(max(1, s.buckets), 10)
	parameters["margin"] = strconv.FormatInt(s.margin.Milliseconds(), 10)
	parameters["from_block"] = strconv.FormatUint(s.state.fromBlock, 10)
	parameters["to_block"] = strconv.FormatUint(s.state.toBlock, 10)
	parameters["changed_since"] = schema.BindTime(s.state.since)
	parameters["began_at"] = schema.BindTime(s.state.beganAt)
	parameters["settlement"] = strconv.FormatUint(s.state.settlement, 10)
	return parameters
}

// openCredit leaves the choice of the touch that gets the credit to who reads the settled tables (facts/attributed.sql).
const openCredit Credit = "open"
