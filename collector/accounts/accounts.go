package accounts

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/schema"
)

// The kinds of entries that this package keeps. Passwords and links belong to no audit: their bodies are nobody's to read.
const (
	KindUser     schema.EntryKind = "user"     // of the installation
	KindMember   schema.EntryKind = "member"   // of a site, or of the installation for all sites; its id is the user's
	KindPassword schema.EntryKind = "password" // its id is the user's
	KindLink     schema.EntryKind = "sign_in_link"
)

// AllSites is the site of a membership that counts on every site, also on those to come.
const AllSites schema.SiteID = ""

// UserID names a user. It is derived from the address, so that one address is one user.
type UserID string

// User is somebody with an account.
type User struct {
	ID    UserID
	Email string // normalised
	Name  string
	// Language and Zone are as the user wants to read the console: an IETF tag and an IANA zone, "" for the browser's
	// language and the site's zone.
	Language, Zone string
	// SignedOutAt ends all sessions that were opened before it.
	SignedOutAt time.Time

	version uint64
}

// Called is how others know the user.
func (u *User) Called() string {
	if u.Name != "" {
		return u.Name
	}
	return u.Email
}

// userBody is a user's entry.
type userBody struct {
	Email       string    `json:"email"`
	Name        string    `json:"name"`
	Language    string    `json:"language,omitempty"`
	Zone        string    `json:"zone,omitempty"`
	SignedOutAt time.Time `json:"signed_out_at,omitzero"`
}

// memberBody is the entry of a membership.
type memberBody struct {
	Role Role `json:"role"`
}

// Member is a user with a role.
type Member struct {
	User
	Role     Role
	AllSites bool // the role is one on all sites
	// HasPassword is false for who has not chosen one yet, or comes through a proxy.
	HasPassword bool
	// Version is that of the membership, for SetRole and Remove.
	Version uint64
}

// Accounts answers who may do what. All methods may be called concurrently.
type Accounts struct {
	desk  *desk.Desk
	copy  *desk.Copy
	now   func() time.Time
	proof proof
}

// New prepares the accounts in a desk. They are known once Follow or Refresh has read them.
func New(d *desk.Desk, now func() time.Time, log *slog.Logger) *Accounts {
	return &Accounts{desk: d, copy: d.Copy(log, KindUser, KindMember, KindPassword), now: now, proof: newProof()}
}

// Follow keeps up with other nodes until ctx ends.
func (a *Accounts) Follow(ctx context.Context) { a.copy.Follow(ctx) }

// Refresh reads what has changed.
func (a *Accounts) Refresh(ctx context.Context) error { return a.copy.Refresh(ctx) }

// Ready tells whether the accounts are known: before, nobody can sign in.
func (a *Accounts) Ready() bool { return a.copy.Ready() }

// Changed has f called whenever the accounts are others. Call it before Follow.
func (a *Accounts) Changed(f func()) { a.copy.OnChange(f) }

// userSpace is the name space of the ids that are derived from addresses.
var userSpace = uuid.MustParse("0d0b2a50-8f5d-4c5b-9a39-6d4d9c1f7c11")

func userID(email string) UserID { return UserID(uuid.NewSHA1(userSpace, []byte(email)).String()) }

// User returns a user, false where there is none.
func (a *Accounts) User(id UserID) (User, bool) {
	entry, found := desk.CopiedOne[userBody](a.copy, userKey(id))
	return userOf(&entry), found
}

// ByEmail returns the user with an address, false where there is none.
func (a *Accounts) ByEmail(address string) (User, bool) {
	email, err := schema.NormaliseEmail(address)
	if err != nil {
		return User{}, false
	}
	return a.User(userID(email))
}

func userKey(id UserID) desk.Key { return desk.Key{Kind: KindUser, ID: string(id)} }

func memberKey(site schema.SiteID, id UserID) desk.Key {
	return desk.Key{Site: site, Kind: KindMember, ID: string(id)}
}

func userOf(entry *desk.Entry[userBody]) User {
	return User{ID: UserID(entry.ID), Email: entry.Value.Email, Name: entry.Value.Name, Language: entry.Value.Language, Zone: entry.Value.Zone, SignedOutAt: entry.Value.SignedOutAt, version: entry.Version}
}

// Role returns what a user may do on a site, "" for nothing.
func (a *Accounts) Role(id UserID, site schema.SiteID) Role {
	return stronger(a.roleAt(AllSites, id), a.roleAt(site, id))
}

func (a *Accounts) roleAt(site schema.SiteID, id UserID) Role {
	entry, found := desk.CopiedOne[memberBody](a.copy, memberKey(site, id))
	if !found {
		return ""
	}
	return entry.Value.Role
}

// Anybody tells whether there is an admin of all sites: without one, the set-up link makes one.
func (a *Accounts) Anybody() bool { return len(a.chiefs()) > 0 }

// chiefs are the admins of all sites.
func (a *Accounts) chiefs() []UserID {
	var chiefs []UserID
	for _, entry := range desk.Copied[memberBody](a.copy, AllSites, KindMember) {
		if _, exists := a.User(UserID(entry.ID)); exists && entry.Value.Role == Admin {
			chiefs = append(chiefs, UserID(entry.ID))
		}
	}
	return chiefs
}

// Members lists who has a role on a site, by name: those of all sites first.
func (a *Accounts) Members(site schema.SiteID) []Member {
	members := a.membersAt(AllSites)
	if site != AllSites {
		own := a.membersAt(site)
		members = append(members, slices.DeleteFunc(own, func(m Member) bool { return a.roleAt(AllSites, m.ID).Allows(m.Role) })...)
	}
	return members
}

func (a *Accounts) membersAt(site schema.SiteID) []Member {
	var members []Member
	for _, entry := range desk.Copied[memberBody](a.copy, site, KindMember) {
		user, found := a.User(UserID(entry.ID))
		if !found {
			continue
		}
		members = append(members, Member{User: user, Role: entry.Value.Role, AllSites: site == AllSites, HasPassword: a.HasPassword(user.ID), Version: entry.Version})
	}
	slices.SortFunc(members, func(x, y Member) int {
		return strings.Compare(strings.ToLower(x.Called()), strings.ToLower(y.Called()))
	})
	return members
}
