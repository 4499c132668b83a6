package store

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/headwater/headwater/schema"
)

// keptBy is the column of a TTL from which retention counts.
var keptBy = regexp.MustCompile(`^toDateTime\((?:addMonths\(toStartOfMonth\()?(\w+)`)

// Expire takes the rows of a site that are older than its own retention off ClickHouse's disk, from every table that has the
// installation's, and returns how many there were. Whole months go, as they do by the tables' own TTL: what happened in a month is kept until months
// later that month is over. It returns once the parts are rewritten, which may take long, and asks for nothing where no row is too
// old. Several collectors may do it at once.
func (s *Store) Expire(ctx context.Context, site schema.SiteID, months int, now time.Time) (uint64, error) {
	if months < 1 {
		return 0, fmt.Errorf("expire rows of %s: %d months are no retention", site, months)
	}
	known, err := migrations(schema.Tables)
	if err != nil {
		return 0, err
	}
	now = now.UTC()
	first := time.Date(now.Year(), now.Month()-time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	total := uint64(0)
	for _, m := range known {
		for _, found := range tableTTL.FindAllStringSubmatch(m.text, -1) {
			n, err := s.expireTable(ctx, found[1], found[2], site, first)
			if err != nil {
				return total, fmt.Errorf("expire rows of %s in %s: %w", site, found[1], err)
			}
			total += n
		}
	}
	return total, nil
}

func (s *Store) expireTable(ctx context.Context, table, ttl string, site schema.SiteID, first time.Time) (n uint64, err error) {
	column := keptBy.FindStringSubmatch(ttl)
	if column == nil {
		return 0, fmt.Errorf("its TTL %q does not begin with a time", ttl)
	}
	// The id of a site comes from the config file; it is quoted all the same.
	condition := fmt.Sprintf("site_id = '%s' AND %s < toDateTime64('%s', 3, 'UTC')", Quote(string(site)), column[1], first.Format(time.DateTime))
	if err := s.conn.QueryRow(ctx, "SELECT count() FROM "+table+" WHERE "+condition).Scan(&n); err != nil || n == 0 {
		return 0, err
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"mutations_sync": 1}))
	return n, s.patient.Exec(ctx, "ALTER TABLE "+table+" DELETE WHERE "+condition)
}

// Quote writes a text as it stands between the quotes of a literal, for mutations: they are kept as text, and bind nothing.
func Quote(text string) string { return literal.Replace(text) }

var literal = strings.NewReplacer(`\`, `\\`, `'`, `\'`)
