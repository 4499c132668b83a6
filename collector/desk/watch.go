package desk

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/headwater/headwater/schema"
)

// Copy is what a node remembers of some kinds, so that a request need not ask ClickHouse, and none waits while it is away.
// It follows what other nodes write within Every, and what this node writes at once (Refresh).
type Copy struct {
	desk  *Desk
	kinds []schema.EntryKind
	log   *slog.Logger

	refreshing sync.Mutex
	stamp      stamp // of known; guarded by refreshing
	known      atomic.Pointer[copied]
	changed    []func() // called after known was replaced
}

// Every is how often a node looks whether others wrote something.
const Every = 2 * time.Second

// copied is all entries of the kinds, by site and kind, each list by id.
type copied map[Key][]schema.Entry

type stamp struct {
	count  uint64
	latest int64
}

// Copy prepares a copy of some kinds. It is empty until the first Refresh.
func (d *Desk) Copy(log *slog.Logger, kinds ...schema.EntryKind) *Copy {
	return &Copy{desk: d, kinds: kinds, log: log}
}

// OnChange has f called whenever the copy is another one. Call it before Follow.
func (c *Copy) OnChange(f func()) { c.changed = append(c.changed, f) }

// Ready tells whether the copy was read once.
func (c *Copy) Ready() bool { return c.known.Load() != nil }

// Follow refreshes until ctx ends. While ClickHouse is away the copy stays as it is; that is logged once.
func (c *Copy) Follow(ctx context.Context) {
	ticker := time.NewTicker(Every)
	defer ticker.Stop()
	failing := false
	for {
		err := c.Refresh(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !failing {
			c.log.Warn("what people decided cannot be read; what was known goes on to count", "kinds", c.kinds, "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Refresh reads what has changed. After this node wrote something, it makes the copy know of it.
func (c *Copy) Refresh(ctx context.Context) error {
	c.refreshing.Lock()
	defer c.refreshing.Unlock()
	now, err := c.readStamp(ctx)
	if err != nil {
		return err
	}
	if c.Ready() && now == c.stamp {
		return nil
	}
	known := copied{}
	for _, kind := range c.kinds {
		rows, err := c.desk.everywhere(ctx, kind)
		if err != nil {
			return err
		}
		for _, row := range rows {
			at := Key{Site: row.SiteID, Kind: kind}
			known[at] = append(known[at], row)
		}
	}
	c.stamp = now // read before the rows: what came between is read again
	c.known.Store(&known)
	for _, f := range c.changed {
		f()
	}
	return nil
}

func (c *Copy) readStamp(ctx context.Context) (stamp, error) {
	query, err := question("stamp")
	if err != nil {
		return stamp{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	var now stamp
	err = c.desk.store.Conn().QueryRow(private(ctx, clickhouse.Parameters{"kinds": schema.BindAll(c.kinds)}), query).Scan(&now.count, &now.latest)
	if err != nil {
		return now, fmt.Errorf("look for changes: %w", explained(err))
	}
	return now, nil
}

// everywhere reads a kind of all sites.
func (d *Desk) everywhere(ctx context.Context, kind schema.EntryKind) ([]schema.Entry, error) {
	rows, err := d.entries(ctx, "everywhere", clickhouse.Parameters{"kind": schema.Bind(kind)}, func(row *schema.Entry) []any {
		row.Kind = kind
		return []any{(*string)(&row.SiteID), &row.EntryID, &row.Version, &row.ChangeID, (*string)(&row.ContactID), &row.Removed, &row.Body,
			&row.Summary, &row.ChangedBy, &row.ChangedAt}
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", kind, err)
	}
	return rows, nil
}

// Copied returns the entries of a site and a kind that exist, by id, as the copy knows them. An entry that this version of
// Headwater cannot read is left out, and logged.
func Copied[T any](c *Copy, site schema.SiteID, kind schema.EntryKind) []Entry[T] {
	known := c.known.Load()
	if known == nil {
		return nil
	}
	var entries []Entry[T]
	for i := range (*known)[Key{Site: site, Kind: kind}] {
		if entry, ok := decodeLogged[T](c, &(*known)[Key{Site: site, Kind: kind}][i]); ok {
			entries = append(entries, entry)
		}
	}
	return entries
}

// CopiedOne returns one entry as the copy knows it, false where there is none.
func CopiedOne[T any](c *Copy, key Key) (Entry[T], bool) {
	known := c.known.Load()
	if known == nil {
		return Entry[T]{Key: key}, false
	}
	rows := (*known)[Key{Site: key.Site, Kind: key.Kind}]
	at, found := slices.BinarySearchFunc(rows, key.ID, func(row schema.Entry, id string) int {
		switch {
		case row.EntryID < id:
			return -1
		case row.EntryID > id:
			return 1
		}
		return 0
	})
	if !found {
		return Entry[T]{Key: key}, false
	}
	return decodeLogged[T](c, &rows[at])
}

func decodeLogged[T any](c *Copy, row *schema.Entry) (Entry[T], bool) {
	entry, err := decode[T](row)
	if err != nil {
		c.log.Error("an entry cannot be read and does not count", "error", err)
	}
	return entry, err == nil && !entry.Removed
}
