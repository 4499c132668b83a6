// Package sample makes sample data: three months of an invented website, to look at before one's own is there.
//
// It is data of a site of its own, whose id no configured site can have. So it is in no number of the real site, no rule has to leave
// it out, and taking it away takes away exactly that.
//
// Belongs here: what the invented visitors do, storing and removing it. Does not belong here: who may see it (console), and the
// demo year of tools/seed, which goes through the collector's front doors.
package sample

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

// prefix marks the site of sample data. Ids in the config file hold no colon.
const prefix = "sample:"

// SiteOf is the id of the sample data beside a site.
func SiteOf(site schema.SiteID) schema.SiteID { return prefix + site }

// RealOf returns the site that sample data stand beside; false where id is of no sample data.
func RealOf(id schema.SiteID) (schema.SiteID, bool) {
	real, is := strings.CutPrefix(string(id), prefix)
	return schema.SiteID(real), is
}

// Samples stores and removes sample data.
type Samples struct {
	store  *store.Store
	secret []byte
	now    func() time.Time
}

// New prepares it. secret is the installation's.
func New(s *store.Store, secret []byte, now func() time.Time) *Samples {
	return &Samples{store: s, secret: secret, now: now}
}

// tables are where sample data may be, what is made of other tables last.
var tables = []string{"touches", "submissions", "submission_fields", "contacts", "companies", "deals", "spend", "rates", "desk",
	"changes", "settled_touches", "settled_journeys", "settled_paths", "settled_credits", "settlements"}

// timeout bounds filling and removing.
const timeout = 2 * time.Minute

// Fill stores sample data beside a site, up to now, in place of what there may be.
func (s *Samples) Fill(ctx context.Context, site *schema.Site) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := s.Remove(ctx, site.ID); err != nil {
		return err
	}
	records, err := recordsOf(site, s.secret, s.now())
	if err != nil {
		return err
	}
	type part struct{ table, month string }
	parts := map[part][]any{}
	for _, record := range records {
		table, known := tableOf[record.Kind()]
		if !known {
			return fmt.Errorf("sample data: no table for %v", record.Kind())
		}
		at := part{table, record.PartitionTime().UTC().Format("200601")}
		parts[at] = append(parts[at], record)
	}
	for at, rows := range parts {
		if err := s.store.Insert(ctx, at.table, uuid.NewString(), rows); err != nil {
			return fmt.Errorf("store sample data in %s: %w", at.table, err)
		}
	}
	return nil
}

var tableOf = map[schema.Kind]string{
	schema.KindTouch: "touches", schema.KindSubmission: "submissions", schema.KindDeal: "deals", schema.KindSpend: "spend",
}

// Remove takes the sample data beside a site away, with all that was made of it and decided about it.
func (s *Samples) Remove(ctx context.Context, site schema.SiteID) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ctx = clickhouse.Context(ctx, clickhouse.WithParameters(clickhouse.Parameters{"site": string(SiteOf(site))}),
		clickhouse.WithSettings(clickhouse.Settings{"mutations_sync": 2}))
	there, err := s.present(ctx)
	if err != nil {
		return fmt.Errorf("remove sample data: %w", err)
	}
	for _, table := range tables {
		if !slices.Contains(there, table) {
			continue
		}
		var rows uint64
		if err := s.store.Conn().QueryRow(ctx, "SELECT count() FROM "+table+" WHERE site_id = {site:String}").Scan(&rows); err != nil {
			return fmt.Errorf("remove sample data from %s: %w", table, err)
		}
		if rows == 0 {
			continue
		}
		if err := s.store.Conn().Exec(ctx, "ALTER TABLE "+table+" DELETE WHERE site_id = '"+store.Quote(string(SiteOf(site)))+"'"); err != nil {
			return fmt.Errorf("remove sample data from %s: %w", table, err)
		}
	}
	return nil
}

// present are the tables of the database.
func (s *Samples) present(ctx context.Context) ([]string, error) {
	rows, err := s.store.Conn().Query(ctx, "SELECT name FROM system.tables WHERE database = currentDatabase()")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
