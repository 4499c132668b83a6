package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/schema"
)

// The kinds of entries that this package keeps.
const (
	KindStatus   schema.EntryKind = "lead_status"      // its id is the contact's; erased with the person
	KindStatuses schema.EntryKind = "lead_statuses"    // the site's own, one entry
	KindMember   schema.EntryKind = "selection_member" // its id is selection/contact; erased with the person
	KindSet      schema.EntryKind = "selection"        // its id is the selection's
	KindBoard    schema.EntryKind = "board"            // its id is the selection's
	KindView     schema.EntryKind = "contacts_view"    // its id is the user's
)

// StatusID names a lead status within a site.
type StatusID string

// The two statuses that every site has, under whatever name: where contacts begin, and the one that reports count.
const (
	StatusOpen      StatusID = "open"
	StatusQualified StatusID = "qualified"
)

// Status is a lead status.
type Status struct {
	ID     StatusID `json:"id"`
	Name   string   `json:"name"`
	Colour string   `json:"colour"`           // one of Colours
	Closed bool     `json:"closed,omitempty"` // nobody works on it any more
}

// Statuses are those of a site, in their order.
type Statuses []Status

// Colours lists the colours that a status may have.
func Colours() []string {
	return []string{"blue", "amber", "green", "violet", "red", "grey", "teal", "pink"}
}

// DefaultStatuses are those of a site that has not changed them.
func DefaultStatuses() Statuses {
	return Statuses{
		{StatusOpen, "Open", "blue", false}, {"contacting", "Contacting", "amber", false}, {StatusQualified, "Qualified", "green", false},
		{"re_nurture", "Re-nurture", "violet", false}, {"disqualified", "Disqualified", "grey", true},
	}
}

const (
	maxStatuses   = 20
	maxStatusName = 60 // characters
)

func (s Statuses) ids() []StatusID {
	ids := make([]StatusID, len(s))
	for i := range s {
		ids[i] = s[i].ID
	}
	return ids
}

func (s Statuses) names() []string {
	names := make([]string, len(s))
	for i := range s {
		names[i] = string(s[i].ID)
	}
	return names
}

// Find returns a status, false where there is none.
func (s Statuses) Find(id StatusID) (Status, bool) {
	at := slices.IndexFunc(s, func(one Status) bool { return one.ID == id })
	if at < 0 {
		return Status{}, false
	}
	return s[at], true
}

// SiteStatuses are the lead statuses of a site with the version that a change of them is made over.
type SiteStatuses struct {
	List    Statuses
	Version uint64
}

const theStatuses = "all"

// Statuses returns the lead statuses of a site.
func (p *People) Statuses(ctx context.Context, site schema.SiteID) (SiteStatuses, error) {
	entry, err := desk.Read[Statuses](ctx, p.desk, desk.Key{Site: site, Kind: KindStatuses, ID: theStatuses})
	if err != nil {
		return SiteStatuses{}, err
	}
	if !entry.Exists() || len(entry.Value) == 0 {
		return SiteStatuses{DefaultStatuses(), entry.Version}, nil
	}
	return SiteStatuses{entry.Value, entry.Version}, nil
}

// StatusesError says what is wrong with a list of statuses.
type StatusesError struct {
	Reason StatusesReason
	Name   string // of the status that is meant
}

// StatusesReason is what is wrong with them.
type StatusesReason string

// The reasons.
const (
	Nameless    StatusesReason = "nameless"
	LongName    StatusesReason = "long"
	SameName    StatusesReason = "same"
	Colourless  StatusesReason = "colour"
	BrokenList  StatusesReason = "broken"
	Needed      StatusesReason = "needed" // where contacts begin, and the one that reports count, stay
	TooManyOfIt StatusesReason = "too_many"
)

func (e *StatusesError) Error() string {
	return fmt.Sprintf("lead statuses: %s %.64q", e.Reason, e.Name)
}

// SetStatuses replaces the lead statuses of a site. Contacts whose status is gone count as open until somebody moves them.
// A status without an id is new. What is wrong is a *StatusesError; who was too late gets a *desk.Conflict.
func (p *People) SetStatuses(ctx context.Context, by string, site schema.SiteID, over uint64, list Statuses) error {
	taken := map[StatusID]bool{}
	named := map[string]bool{}
	for i := range list {
		s := &list[i]
		s.Name = strings.TrimSpace(s.Name)
		switch {
		case s.Name == "":
			return &StatusesError{Nameless, ""}
		case utf8.RuneCountInString(s.Name) > maxStatusName:
			return &StatusesError{LongName, s.Name}
		case named[strings.ToLower(s.Name)]:
			return &StatusesError{SameName, s.Name}
		case !slices.Contains(Colours(), s.Colour):
			return &StatusesError{Colourless, s.Name}
		}
		named[strings.ToLower(s.Name)] = true
		if s.ID == "" {
			s.ID = StatusID(desk.NewID())
		}
		if taken[s.ID] || !validStatusID(s.ID) {
			return &StatusesError{BrokenList, s.Name}
		}
		taken[s.ID] = true
	}
	switch {
	case !taken[StatusOpen] || !taken[StatusQualified]:
		return &StatusesError{Needed, ""}
	case len(list) > maxStatuses:
		return &StatusesError{TooManyOfIt, ""}
	}
	key := desk.Key{Site: site, Kind: KindStatuses, ID: theStatuses}
	return p.desk.Write(ctx, by, desk.Draft{Key: key, Over: over, Value: list, Summary: "Lead statuses changed"})
}

// validStatusID keeps ids to what addresses and class names hold.
func validStatusID(id StatusID) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(string(id), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	})
}

// statusBody is the entry of a contact's status.
type statusBody struct {
	Status StatusID `json:"status"`
	From   StatusID `json:"from,omitempty"` // what it was before
}

// What Move refuses.
var (
	ErrNoStatus  = errors.New("the site has no such lead status: load the page again")
	ErrNoContact = errors.New("the site has no such contact: it may have been erased")
)

// Move gives a contact another lead status. over is the version of the status that the person saw, 0 where nobody had set one. Who was
// too late gets a *desk.Conflict, and nothing is changed.
func (p *People) Move(ctx context.Context, by string, site Site, contact schema.ContactID, over uint64, to StatusID) error {
	statuses, err := p.Statuses(ctx, site.ID)
	if err != nil {
		return err
	}
	status, found := statuses.List.Find(to)
	if !found {
		return ErrNoStatus
	}
	now, err := p.Contact(ctx, site, contact)
	if err != nil {
		return err
	}
	if now.StatusVersion == over && now.Status == to && over > 0 {
		return nil
	}
	key := desk.Key{Site: site.ID, Kind: KindStatus, ID: string(contact)}
	return p.desk.Write(ctx, by, desk.Draft{
		Key: key, Over: over, Contact: contact, Value: statusBody{Status: to, From: now.Status}, Summary: "Lead status: " + status.Name,
	})
}

// Contact returns one contact, or ErrNoContact.
func (p *People) Contact(ctx context.Context, site Site, id schema.ContactID) (*Contact, error) {
	statuses, err := p.Statuses(ctx, site.ID)
	if err != nil {
		return nil, err
	}
	one := []Contact{{ID: id}}
	if err := p.fillSome(ctx, site, statuses.List, one); err != nil {
		return nil, err
	}
	if one[0].Created.IsZero() {
		return nil, ErrNoContact
	}
	return &one[0], nil
}

// Change is one change of a lead status.
type Change struct {
	schema.Entry
	Contact  schema.ContactID
	From, To StatusID
}

// StatusHistory returns who changed the lead status of a contact, or of "" all of them, the latest first.
func (p *People) StatusHistory(ctx context.Context, site schema.SiteID, contact schema.ContactID, limit int) ([]Change, error) {
	entries, err := p.desk.History(ctx, desk.Period{Sites: []schema.SiteID{site}, Kinds: []schema.EntryKind{KindStatus}, ID: string(contact), Limit: limit})
	if err != nil {
		return nil, err
	}
	changes := make([]Change, len(entries))
	for i := range entries {
		body, err := decodeBody[statusBody](&entries[i])
		if err != nil {
			return nil, err
		}
		changes[i] = Change{Entry: entries[i], Contact: schema.ContactID(entries[i].EntryID), From: body.From, To: body.Status}
	}
	return changes, nil
}
