package people

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// SelectionID names a selection within a site.
type SelectionID string

// Selection is a saved choice of contacts: dynamic, whoever meets the criteria now, or static, who did when it was saved. Everybody who
// may look at the site sees it.
type Selection struct {
	Name   string `json:"name"`
	Static bool   `json:"static,omitempty"`
	// Criteria are those that it was saved with; a static one keeps them to say where its members are from.
	Criteria Criteria `json:"criteria,omitempty"`
	Counts   Counts   `json:"counts,omitempty"`
	// Since and Until bound the range; zero for no bound.
	Since   time.Time `json:"since,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Members int       `json:"members,omitempty"` // of a static one, when it was saved
}

// Query is what the selection means.
func (s *Selection) Query(id SelectionID) Query {
	if s.Static {
		return Query{Members: id}
	}
	return Query{Criteria: s.Criteria, Counts: s.Counts, Since: s.Since, Until: s.Until}
}

// Saved is a selection as it is now.
type Saved = desk.Entry[Selection]

const (
	maxSelectionName = 120 // characters
	// MaxMembers bounds a static selection.
	MaxMembers    = 20_000
	maxSelections = 2_000
)

// What saving may refuse besides an *Error.
var (
	ErrName        = fmt.Errorf("give the selection a name of at most %d characters", maxSelectionName)
	ErrTaken       = errors.New("there is a selection of this name already")
	ErrTooMany     = fmt.Errorf("a static selection has at most %d contacts: narrow the criteria, or save it as a dynamic one", MaxMembers)
	ErrCredit      = errors.New("a dynamic selection places contacts by their last known source: save it as a static one")
	ErrNoSelection = errors.New("there is no such selection: somebody may have removed it")
	ErrFull        = fmt.Errorf("the site has %d selections already: remove some", maxSelections)
)

func selectionKey(site schema.SiteID, id SelectionID) desk.Key {
	return desk.Key{Site: site, Kind: KindSet, ID: string(id)}
}

// Selections lists the selections of a site, by name.
func (p *People) Selections(ctx context.Context, site schema.SiteID) ([]Saved, error) {
	list, err := desk.List[Selection](ctx, p.desk, site, KindSet)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b Saved) int {
		return strings.Compare(strings.ToLower(a.Value.Name)+a.ID, strings.ToLower(b.Value.Name)+b.ID)
	})
	return list, nil
}

// Selection returns one of them, or ErrNoSelection.
func (p *People) Selection(ctx context.Context, site schema.SiteID, id SelectionID) (Saved, error) {
	entry, err := desk.Read[Selection](ctx, p.desk, selectionKey(site, id))
	if err == nil && !entry.Exists() || id == "" {
		err = ErrNoSelection
	}
	return entry, err
}

// checkName says whether a selection may be called so.
func (p *People) checkName(ctx context.Context, site schema.SiteID, name string, except SelectionID) (string, error) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > maxSelectionName || !utf8.ValidString(name) {
		return name, ErrName
	}
	list, err := p.Selections(ctx, site)
	if err != nil {
		return name, err
	}
	for i := range list {
		if SelectionID(list[i].ID) != except && strings.EqualFold(list[i].Value.Name, name) {
			return name, ErrTaken
		}
	}
	if except == "" && len(list) >= maxSelections {
		return name, ErrFull
	}
	return name, nil
}

// Save keeps a query under a name, a dynamic one by the rule of credit that boards and cards have. Static freezes who meets it now.
func (p *People) Save(ctx context.Context, by string, site Site, name string, q Query, static bool) (SelectionID, error) {
	name, err := p.checkName(ctx, site.ID, name, "")
	if err != nil {
		return "", err
	}
	statuses, err := p.Statuses(ctx, site.ID)
	if err != nil {
		return "", err
	}
	if err := q.check(statuses.List); err != nil {
		return "", err
	}
	if !static && q.Credit == reports.Last {
		return "", ErrCredit
	}
	id := SelectionID(desk.NewID())
	s := Selection{Name: name, Static: static, Criteria: q.Criteria, Counts: q.Counts, Since: q.Since, Until: q.Until}
	drafts := []desk.Draft{}
	if static {
		members, err := p.IDs(ctx, site, q, MaxMembers+1)
		switch {
		case err != nil:
			return "", err
		case len(members) > MaxMembers:
			return "", ErrTooMany
		}
		s.Members = len(members)
		drafts = memberDrafts(site.ID, id, members)
	}
	return id, p.desk.Write(ctx, by, append(drafts, desk.Draft{Key: selectionKey(site.ID, id), Value: s, Summary: "Selection saved: " + name})...)
}

func memberDrafts(site schema.SiteID, id SelectionID, members []schema.ContactID) []desk.Draft {
	drafts := make([]desk.Draft, len(members), len(members)+1)
	for i, contact := range members {
		drafts[i] = desk.Draft{
			Key: desk.Key{Site: site, Kind: KindMember, ID: string(id) + "/" + string(contact)}, Contact: contact,
			Value: struct{}{}, Summary: "Member of a selection",
		}
	}
	return drafts
}

// Rename gives a selection another name. Who was too late gets a *desk.Conflict.
func (p *People) Rename(ctx context.Context, by string, site schema.SiteID, id SelectionID, over uint64, name string) error {
	name, err := p.checkName(ctx, site, name, id)
	if err != nil {
		return err
	}
	entry, err := p.Selection(ctx, site, id)
	if err != nil {
		return err
	}
	entry.Value.Name = name
	return p.desk.Write(ctx, by, desk.Draft{Key: entry.Key, Over: over, Value: entry.Value, Summary: "Selection renamed: " + name})
}

// Copy saves a selection once more under another name; a static one with the members that it has.
func (p *People) Copy(ctx context.Context, by string, site Site, id SelectionID, name string) (SelectionID, error) {
	entry, err := p.Selection(ctx, site.ID, id)
	if err != nil {
		return "", err
	}
	if !entry.Value.Static {
		return p.Save(ctx, by, site, name, entry.Value.Query(id), false)
	}
	if name, err = p.checkName(ctx, site.ID, name, ""); err != nil {
		return "", err
	}
	members, err := p.IDs(ctx, site, Query{Members: id}, MaxMembers)
	if err != nil {
		return "", err
	}
	copied := SelectionID(desk.NewID())
	entry.Value.Name, entry.Value.Members = name, len(members)
	drafts := append(memberDrafts(site.ID, copied, members), desk.Draft{Key: selectionKey(site.ID, copied), Value: entry.Value, Summary: "Selection copied: " + name})
	return copied, p.desk.Write(ctx, by, drafts...)
}

// Remove removes a selection. Its contacts stay, of course.
func (p *People) Remove(ctx context.Context, by string, site schema.SiteID, id SelectionID, over uint64) error {
	entry, err := p.Selection(ctx, site, id)
	if err != nil {
		return err
	}
	return p.desk.Write(ctx, by, desk.Draft{Key: entry.Key, Over: over, Remove: true, Summary: "Selection removed: " + entry.Value.Name})
}

// Board is how a selection is shown as a board.
type Board struct {
	// Group is what cards are grouped by within a column, a dimension of a data point; "" for nothing.
	Group Column `json:"group,omitempty"`
	// Sort is what cards are sorted by, and Descending turns it.
	Sort       Column `json:"sort,omitempty"`
	Descending bool   `json:"descending,omitempty"`
	// Filter narrows the cards; the selection stays as it is.
	Filter Group `json:"filter,omitempty"`
}

// Board returns how a selection is shown, with the version that a change is made over.
func (p *People) Board(ctx context.Context, site schema.SiteID, id SelectionID) (desk.Entry[Board], error) {
	entry, err := desk.Read[Board](ctx, p.desk, desk.Key{Site: site, Kind: KindBoard, ID: string(id)})
	if err == nil && entry.Value.Sort == "" {
		entry.Value.Sort = "status_since"
	}
	return entry, err
}

// SetBoard keeps how a selection is shown, for everybody.
func (p *People) SetBoard(ctx context.Context, by string, site schema.SiteID, id SelectionID, over uint64, board Board) error {
	return p.desk.Write(ctx, by, desk.Draft{
		Key: desk.Key{Site: site, Kind: KindBoard, ID: string(id)}, Over: over, Value: board, Summary: "Board changed",
	})
}

// Groupings lists what cards of a board may be grouped by.
func Groupings() []Column {
	var list []Column
	for _, point := range []string{"lead_creation", "first_touch", "company_source"} {
		for _, dimension := range Dimensions() {
			list = append(list, Column(point+"."+dimension))
		}
	}
	return list
}

// View is what a user wants to see of contacts.
type View struct {
	Columns []Column `json:"columns"`
}

// DefaultView is that of who has not chosen.
func DefaultView() View {
	return View{Columns: []Column{"status", "lead_creation.source", "lead_creation.campaign", "first_touch.source", "company", "created", "won_amount"}}
}

// View returns what a user wants to see.
func (p *People) View(ctx context.Context, site schema.SiteID, user string) (View, error) {
	entry, err := desk.Read[View](ctx, p.desk, desk.Key{Site: site, Kind: KindView, ID: user})
	if err != nil {
		return View{}, err
	}
	known := Columns()
	entry.Value.Columns = slices.DeleteFunc(entry.Value.Columns, func(c Column) bool { return !slices.Contains(known, c) && c != ColumnEmail })
	if len(entry.Value.Columns) == 0 {
		return DefaultView(), nil
	}
	return entry.Value, nil
}

// ColumnEmail is the address that a contact typed, where the site keeps fields.
const ColumnEmail Column = "email"

// SetView keeps what a user wants to see. Of two changes at once the later counts: nobody else has to do with it.
func (p *People) SetView(ctx context.Context, user string, site schema.SiteID, view View) error {
	key := desk.Key{Site: site, Kind: KindView, ID: user}
	for range 3 {
		entry, err := desk.Read[View](ctx, p.desk, key)
		if err != nil {
			return err
		}
		err = p.desk.Write(ctx, user, desk.Draft{Key: key, Over: entry.Version, Value: view, Summary: "Columns of contacts chosen"})
		if !errors.As(err, new(*desk.Conflict)) {
			return err
		}
	}
	return errors.New("the columns were changed several times at once: try again")
}

// SelectionsOf returns the selections that a contact is in, by name.
func (p *People) SelectionsOf(ctx context.Context, site Site, contact schema.ContactID) ([]Saved, error) {
	list, err := p.Selections(ctx, site.ID)
	if err != nil {
		return nil, err
	}
	in, err := p.memberships(ctx, site, list, contact)
	return slices.DeleteFunc(list, func(s Saved) bool { return !in[s.ID] }), err
}

func decodeBody[T any](entry *schema.Entry) (T, error) {
	var value T
	if entry.Removed != 0 {
		return value, nil
	}
	if err := json.Unmarshal([]byte(entry.Body), &value); err != nil {
		return value, fmt.Errorf("read %s %q: %w", entry.Kind, entry.EntryID, err)
	}
	return value, nil
}
