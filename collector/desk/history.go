package desk

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/headwater/headwater/schema"
)

// Period says which changes are asked for; members that are empty narrow nothing.
type Period struct {
	Sites     []schema.SiteID
	Kinds     []schema.EntryKind
	Without   []schema.EntryKind
	ID        string // of an entry
	ChangedBy string
	// Before continues a page: the last change on it.
	Before *schema.Entry
	Limit  int // default 100
}

// History returns versions of entries, the latest first: who changed what, and when.
func (d *Desk) History(ctx context.Context, p Period) ([]schema.Entry, error) {
	if p.Limit == 0 {
		p.Limit = 100
	}
	parameters := clickhouse.Parameters{
		"sites": schema.BindAll(p.Sites), "kinds": schema.BindAll(p.Kinds), "without": schema.BindAll(p.Without), "entry_id": schema.Bind(p.ID),
		"changed_by": schema.Bind(p.ChangedBy), "limit": strconv.Itoa(p.Limit), "before_at": "0", "before_id": "",
	}
	if p.Before != nil {
		parameters["before_at"], parameters["before_id"] = strconv.FormatInt(p.Before.ChangedAt.UnixMilli(), 10), schema.Bind(p.Before.ChangeID)
	}
	rows, err := d.entries(ctx, "history", parameters, wholeEntry)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	return rows, nil
}

func wholeEntry(row *schema.Entry) []any {
	return []any{(*string)(&row.SiteID), (*string)(&row.Kind), &row.EntryID, &row.Version, &row.ChangeID, (*string)(&row.ContactID),
		&row.Removed, &row.Body, &row.Summary, &row.ChangedBy, &row.ChangedAt}
}

// Preceding returns the version before each of some, in no order: that of a first version, or one that was forgotten, is not there.
func (d *Desk) Preceding(ctx context.Context, versions []schema.Entry) ([]schema.Entry, error) {
	var wanted []string
	for i := range versions {
		if v := &versions[i]; v.Version > 1 {
			wanted = append(wanted, fmt.Sprintf("('%s','%s','%s',%d)", schema.Bind(v.SiteID), schema.Bind(v.Kind), schema.Bind(v.EntryID), v.Version-1))
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	rows, err := d.entries(ctx, "preceding", clickhouse.Parameters{"wanted": "[" + strings.Join(wanted, ",") + "]"}, wholeEntry)
	if err != nil {
		return nil, fmt.Errorf("read what was changed: %w", err)
	}
	return rows, nil
}

// ForgetBefore takes versions of an entry below one out of the database for good, such as a password that was changed.
func (d *Desk) ForgetBefore(ctx context.Context, key Key, version uint64) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	parameters := clickhouse.Parameters{
		"site": schema.Bind(key.Site), "kind": schema.Bind(key.Kind), "entry_id": schema.Bind(key.ID), "version": strconv.FormatUint(version, 10),
	}
	query, err := question("forget")
	if err != nil {
		return err
	}
	if err := d.store.Conn().Exec(private(ctx, parameters), query); err != nil {
		return fmt.Errorf("forget %s: %w", key, err)
	}
	return nil
}
