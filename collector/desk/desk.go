package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

const (
	queryTimeout = 10 * time.Second
	maxBody      = 1 << 20 // bytes of an entry's JSON
	maxSummary   = 512     // bytes, as in schema.Entry
)

// Desk reads and writes entries. All methods may be called concurrently, on any number of nodes.
type Desk struct {
	store *store.Store
	now   func() time.Time
}

// New returns the desk in a migrated database. now is time.Now but in tests.
func New(s *store.Store, now func() time.Time) *Desk { return &Desk{store: s, now: now} }

// Key names an entry.
type Key struct {
	Site schema.SiteID // "" for what belongs to the installation
	Kind schema.EntryKind
	ID   string
}

func (k Key) String() string { return fmt.Sprintf("%s %q", k.Kind, k.ID) }

// Entry is an entry as it is now.
type Entry[T any] struct {
	Key
	Value T
	// Version is what a Draft must be made over: 0 where there was never such an entry.
	Version   uint64
	Removed   bool
	Contact   schema.ContactID
	ChangedBy string
	ChangedAt time.Time
}

// Exists tells whether there is such an entry now.
func (e *Entry[T]) Exists() bool { return e.Version > 0 && !e.Removed }

// Read returns an entry; where there is none, Exists of it says so.
func Read[T any](ctx context.Context, d *Desk, key Key) (Entry[T], error) {
	rows, err := d.current(ctx, key)
	if err != nil {
		return Entry[T]{}, err
	}
	if len(rows) == 0 {
		return Entry[T]{Key: key}, nil
	}
	return decode[T](&rows[0])
}

// List returns the entries of a site and a kind that exist, by id.
func List[T any](ctx context.Context, d *Desk, site schema.SiteID, kind schema.EntryKind) ([]Entry[T], error) {
	rows, err := d.current(ctx, Key{Site: site, Kind: kind})
	if err != nil {
		return nil, err
	}
	return decodeAll[T](rows)
}

func decodeAll[T any](rows []schema.Entry) ([]Entry[T], error) {
	entries := make([]Entry[T], 0, len(rows))
	for i := range rows {
		if rows[i].Removed != 0 {
			continue
		}
		entry, err := decode[T](&rows[i])
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

func decode[T any](row *schema.Entry) (Entry[T], error) {
	entry := Entry[T]{
		Key: Key{row.SiteID, row.Kind, row.EntryID}, Version: row.Version, Removed: row.Removed != 0,
		Contact: row.ContactID, ChangedBy: row.ChangedBy, ChangedAt: row.ChangedAt,
	}
	if entry.Removed {
		return entry, nil
	}
	if err := json.Unmarshal([]byte(row.Body), &entry.Value); err != nil {
		return entry, fmt.Errorf("read %s: version %d is not what this version of Headwater writes: %w", entry.Key, row.Version, err)
	}
	return entry, nil
}

// current reads the latest versions of a kind, or of one entry where the key has an ID.
func (d *Desk) current(ctx context.Context, key Key) ([]schema.Entry, error) {
	rows, err := d.entries(ctx, "current", clickhouse.Parameters{"kind": schema.Bind(key.Kind), "entry_id": schema.Bind(key.ID), "site": schema.Bind(key.Site)},
		func(row *schema.Entry) []any {
			row.SiteID, row.Kind = key.Site, key.Kind
			return []any{&row.EntryID, &row.Version, &row.ChangeID, (*string)(&row.ContactID), &row.Removed, &row.Body, &row.Summary, &row.ChangedBy, &row.ChangedAt}
		})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key.Kind, err)
	}
	return rows, nil
}

// entries asks one of the questions in schema/desk that are answered with entries.
func (d *Desk) entries(ctx context.Context, name string, parameters clickhouse.Parameters, columns func(*schema.Entry) []any) ([]schema.Entry, error) {
	query, err := question(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	rows, err := d.store.Conn().Query(private(ctx, parameters), query)
	if err != nil {
		return nil, explained(err)
	}
	defer func() { _ = rows.Close() }()
	var list []schema.Entry
	for rows.Next() {
		var row schema.Entry
		if err := rows.Scan(columns(&row)...); err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, explained(rows.Err())
}

func question(name string) (string, error) {
	query, err := fs.ReadFile(schema.Desk, "desk/"+name+".sql")
	return string(query), err
}

// ErrNoTable says that the database is not migrated yet.
var ErrNoTable = errors.New("the tables are not there yet: headwater serve makes them at its start, headwater migrate does it now")

func explained(err error) error {
	if code := store.Code(err); code == 60 || code == 81 { // UNKNOWN_TABLE, UNKNOWN_DATABASE
		return fmt.Errorf("%w: %w", ErrNoTable, err)
	}
	return err
}

// private keeps a query out of the server's log of queries, since it may name people.
func private(ctx context.Context, parameters clickhouse.Parameters) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithParameters(parameters), clickhouse.WithSettings(clickhouse.Settings{
		"log_queries": 0, "max_execution_time": int(queryTimeout.Seconds()),
	}))
}

// NewID makes the id of a new entry that has no natural one.
func NewID() string { return uuid.NewString() }
