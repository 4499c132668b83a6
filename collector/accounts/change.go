package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/schema"
)

// What can be wrong with a change of accounts, for the person to read.
var (
	ErrNoUser    = errors.New("there is no such user any more")
	ErrNoAddress = errors.New("this is no e-mail address: write it as in ada@example.com")
	ErrLastAdmin = errors.New("this is the last admin of all sites: make somebody else one before")
	ErrForeign   = errors.New("this user also has a role on sites where you are no admin")
	ErrNoRole    = errors.New("choose a role")
)

const maxName = 128 // bytes

// Add gives somebody with an address a role on a site, and an account where they have none yet. by is who adds them. fresh
// tells that the account is new.
func (a *Accounts) Add(ctx context.Context, by, address, name string, site schema.SiteID, role Role) (user User, fresh bool, err error) {
	email, err := schema.NormaliseEmail(address)
	if err != nil {
		return User{}, false, ErrNoAddress
	}
	if !role.Valid() {
		return User{}, false, ErrNoRole
	}
	id := userID(email)
	if site == AllSites && role != Admin && a.isLastChief(id) {
		return User{}, false, ErrLastAdmin
	}
	known, err := desk.Read[userBody](ctx, a.desk, userKey(id))
	if err != nil {
		return User{}, false, err
	}
	member, err := desk.Read[memberBody](ctx, a.desk, memberKey(site, id))
	if err != nil {
		return User{}, false, err
	}
	drafts := []desk.Draft{{Key: memberKey(site, id), Over: member.Version, Value: memberBody{role}, Summary: email + " is " + roleOn(role, site)}}
	if fresh = !known.Exists(); fresh {
		known.Value = userBody{Email: email, Name: cleanName(name), SignedOutAt: a.moment()}
		drafts = append(drafts, desk.Draft{Key: userKey(id), Over: known.Version, Value: known.Value, Summary: "Account of " + email})
		known.Version++
	}
	if err := a.desk.Write(ctx, by, drafts...); err != nil {
		return User{}, false, err
	}
	known.ID = string(id)
	return userOf(&known), fresh, a.Refresh(ctx)
}

func roleOn(role Role, site schema.SiteID) string {
	if site == AllSites {
		return string(role) + " of all sites"
	}
	return string(role)
}

func cleanName(name string) string {
	return schema.CutText(strings.Join(strings.Fields(name), " "), maxName)
}

// moment is now as JSON keeps it.
func (a *Accounts) moment() time.Time { return a.now().UTC().Truncate(time.Millisecond) }

// SetRole changes what a member may do on a site, over the version of the membership that was seen.
func (a *Accounts) SetRole(ctx context.Context, by string, id UserID, site schema.SiteID, over uint64, role Role) error {
	user, found := a.User(id)
	switch {
	case !found:
		return ErrNoUser
	case !role.Valid():
		return ErrNoRole
	case site == AllSites && role != Admin && a.isLastChief(id):
		return ErrLastAdmin
	}
	err := a.desk.Write(ctx, by, desk.Draft{Key: memberKey(site, id), Over: over, Value: memberBody{role}, Summary: user.Email + " is " + roleOn(role, site)})
	if err != nil {
		return err
	}
	return a.Refresh(ctx)
}

func (a *Accounts) isLastChief(id UserID) bool {
	chiefs := a.chiefs()
	return len(chiefs) == 1 && chiefs[0] == id
}

// Remove takes a member off a site. Who is left without any goes altogether, with the password. sites are all that there are.
func (a *Accounts) Remove(ctx context.Context, by string, id UserID, site schema.SiteID, over uint64, sites []schema.SiteID) error {
	user, found := a.User(id)
	if !found {
		return ErrNoUser
	}
	if site == AllSites && a.isLastChief(id) {
		return ErrLastAdmin
	}
	drafts := []desk.Draft{{Key: memberKey(site, id), Over: over, Remove: true, Summary: user.Email + " has no role any more"}}
	last := true
	for _, other := range append([]schema.SiteID{AllSites}, sites...) {
		last = last && (other == site || a.roleAt(other, id) == "")
	}
	var password desk.Entry[passwordBody]
	if last {
		drafts = append(drafts, desk.Draft{Key: userKey(id), Over: user.version, Remove: true, Summary: "Account of " + user.Email + " removed"})
		var err error
		if password, err = desk.Read[passwordBody](ctx, a.desk, passwordKey(id)); err != nil {
			return err
		}
		if password.Exists() {
			drafts = append(drafts, desk.Draft{Key: passwordKey(id), Over: password.Version, Remove: true, Summary: "Password removed"})
		}
	}
	if err := a.desk.Write(ctx, by, drafts...); err != nil {
		return err
	}
	if password.Exists() {
		if err := a.desk.ForgetBefore(ctx, passwordKey(id), password.Version+1); err != nil {
			return err
		}
	}
	return a.Refresh(ctx)
}

// Rename changes how others know the user.
func (a *Accounts) Rename(ctx context.Context, id UserID, name string) error {
	return a.change(ctx, id, "Name changed", func(body *userBody) { body.Name = cleanName(name) })
}

// Settle keeps how the user wants to read the console; see User.
func (a *Accounts) Settle(ctx context.Context, id UserID, language, zone string) error {
	return a.change(ctx, id, "Language and time zone changed", func(body *userBody) { body.Language, body.Zone = language, zone })
}

// SignOutEverywhere ends all sessions of a user, on all nodes within desk.Every.
func (a *Accounts) SignOutEverywhere(ctx context.Context, id UserID) error {
	return a.change(ctx, id, "Signed out everywhere", func(body *userBody) { body.SignedOutAt = a.moment() })
}

// change writes the user anew, by the user. Of two changes at once each does one thing: the second is made over the first.
func (a *Accounts) change(ctx context.Context, id UserID, summary string, change func(*userBody)) error {
	for attempt := 0; ; attempt++ {
		entry, err := desk.Read[userBody](ctx, a.desk, userKey(id))
		if err != nil {
			return err
		}
		if !entry.Exists() {
			return ErrNoUser
		}
		change(&entry.Value)
		err = a.desk.Write(ctx, string(id), desk.Draft{Key: userKey(id), Over: entry.Version, Value: entry.Value, Summary: summary})
		if errors.As(err, new(*desk.Conflict)) && attempt < 3 {
			continue
		}
		if err != nil {
			return fmt.Errorf("change the account: %w", err)
		}
		return a.Refresh(ctx)
	}
}

// MayLead tells whether who is may make sign-in links for another user: only for one who has no role anywhere that the first
// could not give.
func (a *Accounts) MayLead(who, other UserID, sites []schema.SiteID) bool {
	if a.roleAt(AllSites, who) == Admin {
		return true
	}
	if a.roleAt(AllSites, other) != "" {
		return false
	}
	for _, site := range sites {
		if a.roleAt(site, other) != "" && a.roleAt(site, who) != Admin {
			return false
		}
	}
	return true
}
