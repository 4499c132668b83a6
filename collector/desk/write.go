package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

// Draft is an entry as somebody wants it to be.
type Draft struct {
	Key
	// Over is the version that the person saw: 0 for an entry that is to be new.
	Over uint64
	// Value is what becomes the entry's JSON; without a meaning where Remove is set.
	Value  any
	Remove bool
	// Contact is the person whom the entry is about: it is erased with them.
	Contact schema.ContactID
	// Summary says in words what is changed, for the audit. It holds no secret and names nobody's address.
	Summary string
}

// Conflict says that an entry is not any more what its draft was made over: somebody else changed it meanwhile.
type Conflict struct {
	Key
	Version   uint64 // that it has now
	ChangedBy string
	ChangedAt time.Time
}

func (c *Conflict) Error() string {
	return fmt.Sprintf("%s was changed by somebody else at %s: look at it again", c.Key, c.ChangedAt.Format(time.RFC3339))
}

// attempts bounds how often an insert is tried under another token, see Write.
const attempts = 4

// Write makes the drafts the next versions of their entries: all of them, or none where it returns a *Conflict. by is the id of
// the user. Once it has returned, every reader sees it. After another error nothing is known: read again.
//
// Two nodes that write the same version at once do so under one insert token, and ClickHouse takes the first only: then the
// change of the second is not there. A token is remembered longer than an entry that was forgotten, therefore another is tried
// where nobody's change is there.
func (d *Desk) Write(ctx context.Context, by string, drafts ...Draft) error {
	if len(drafts) == 0 {
		return nil
	}
	rows, err := d.rows(by, drafts)
	if err != nil {
		return err
	}
	for attempt := range attempts {
		if err := d.check(ctx, drafts); err != nil {
			return err
		}
		if err := d.insert(ctx, token(rows, attempt), rows); err != nil {
			return fmt.Errorf("write %s: %w", drafts[0].Key, err)
		}
		written, err := d.written(ctx, rows)
		if err != nil {
			return fmt.Errorf("write %s: look whether it is there: %w", drafts[0].Key, err)
		}
		if written > 0 {
			return d.beaten(ctx, rows)
		}
	}
	return fmt.Errorf("write %s: ClickHouse takes it for a copy of something that is not there; try again in some minutes", drafts[0].Key)
}

// rows are the versions that the drafts become.
func (d *Desk) rows(by string, drafts []Draft) ([]any, error) {
	change, at := uuid.NewString(), d.now().UTC().Truncate(time.Millisecond)
	seen := map[Key]bool{}
	rows := make([]any, len(drafts))
	for i := range drafts {
		draft := &drafts[i]
		if draft.Kind == "" || draft.ID == "" || by == "" || draft.Summary == "" || seen[draft.Key] {
			return nil, fmt.Errorf("write %s: a draft needs a kind, an id of its own, an author and a summary", draft.Key)
		}
		seen[draft.Key] = true
		row := &schema.Entry{
			SiteID: draft.Site, Kind: draft.Kind, EntryID: draft.ID, Version: draft.Over + 1, ChangeID: change, ContactID: draft.Contact,
			Summary: schema.CutText(draft.Summary, maxSummary), ChangedBy: by, ChangedAt: at,
		}
		if draft.Remove {
			row.Removed = 1
		} else {
			body, err := json.Marshal(draft.Value)
			if err != nil {
				return nil, fmt.Errorf("write %s: %w", draft.Key, err)
			}
			if len(body) > maxBody {
				return nil, fmt.Errorf("write %s: it has %d bytes, more than %d", draft.Key, len(body), maxBody)
			}
			row.Body = string(body)
		}
		rows[i] = row
	}
	return rows, nil
}

// check compares each draft with what is there.
func (d *Desk) check(ctx context.Context, drafts []Draft) error {
	groups := map[Key][]*Draft{} // by site and kind
	for i := range drafts {
		group := Key{Site: drafts[i].Site, Kind: drafts[i].Kind}
		groups[group] = append(groups[group], &drafts[i])
	}
	for group, members := range groups {
		if len(members) == 1 {
			group.ID = members[0].ID
		}
		rows, err := d.current(ctx, group)
		if err != nil {
			return err
		}
		now := make(map[string]*schema.Entry, len(rows))
		for i := range rows {
			now[rows[i].EntryID] = &rows[i]
		}
		for _, draft := range members {
			row := now[draft.ID]
			switch {
			case row == nil && draft.Over == 0, row != nil && row.Version == draft.Over:
			case row == nil:
				return &Conflict{Key: draft.Key}
			default:
				return &Conflict{Key: draft.Key, Version: row.Version, ChangedBy: row.ChangedBy, ChangedAt: row.ChangedAt}
			}
		}
	}
	return nil
}

// token names what the rows would be the next versions of.
func token(rows []any, attempt int) string {
	parts := []string{strconv.Itoa(attempt)}
	for _, row := range rows {
		e := row.(*schema.Entry)
		parts = append(parts, string(e.SiteID), string(e.Kind), e.EntryID, strconv.FormatUint(e.Version, 10))
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.Join(parts, "\x00"))).String()
}

// insert tries once more where the answer was lost: the token keeps a second one from adding anything.
func (d *Desk) insert(ctx context.Context, token string, rows []any) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	err := d.store.Insert(ctx, "desk", token, rows)
	if err != nil && ctx.Err() == nil && store.Classify(err) == store.Retry {
		err = d.store.Insert(ctx, "desk", token, rows)
	}
	return explained(err)
}

// changeParameters bind a change and where its entries are.
func changeParameters(rows []any) clickhouse.Parameters {
	var sites, kinds []string
	for _, row := range rows {
		e := row.(*schema.Entry)
		sites, kinds = append(sites, string(e.SiteID)), append(kinds, string(e.Kind))
	}
	slices.Sort(sites)
	slices.Sort(kinds)
	return clickhouse.Parameters{
		"sites": schema.BindAll(slices.Compact(sites)), "kinds": schema.BindAll(slices.Compact(kinds)), "change_id": rows[0].(*schema.Entry).ChangeID,
	}
}

func (d *Desk) written(ctx context.Context, rows []any) (uint64, error) {
	query, err := question("written")
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	var n uint64
	err = d.store.Conn().QueryRow(private(ctx, changeParameters(rows)), query).Scan(&n)
	return n, err
}

// beaten returns a *Conflict where another change came first under the number of one of the versions.
func (d *Desk) beaten(ctx context.Context, rows []any) error {
	lost, err := d.entries(ctx, "beaten", changeParameters(rows), func(row *schema.Entry) []any {
		return []any{(*string)(&row.SiteID), (*string)(&row.Kind), &row.EntryID}
	})
	if err != nil {
		return fmt.Errorf("write: look whether it counts: %w", err)
	}
	if len(lost) == 0 {
		return nil
	}
	key := Key{lost[0].SiteID, lost[0].Kind, lost[0].EntryID}
	now, err := d.current(ctx, key)
	if err != nil || len(now) == 0 {
		return errors.Join(&Conflict{Key: key}, err)
	}
	return &Conflict{Key: key, Version: now[0].Version, ChangedBy: now[0].ChangedBy, ChangedAt: now[0].ChangedAt}
}
