package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"time"

	"github.com/headwater/headwater/collector/desk"
)

// LinkLife is how long a one-time link may be used.
const LinkLife = 72 * time.Hour

// linkBody is the entry of a one-time link; its id is the hash of the token. It leads to a user's account, or makes the first.
type linkBody struct {
	User    UserID    `json:"user,omitempty"` // "" makes the first account
	Expires time.Time `json:"expires"`
}

// ErrNoLink is a link that was used, is too old, or never was.
var ErrNoLink = errors.New("this link was used already, or is too old: ask for a new one")

// Link is what a one-time link that is good leads to.
type Link struct {
	// User is whose account it opens; nil for the set-up link, which makes the first one.
	User *User
	key  desk.Key
	over uint64
}

// NewLink makes a one-time link to a user's account: for who has not signed in yet, or lost the password. It returns the token
// that the link holds; only its hash is kept.
func (a *Accounts) NewLink(ctx context.Context, by string, id UserID) (token string, err error) {
	user, found := a.User(id)
	if !found {
		return "", ErrNoUser
	}
	return a.keepLink(ctx, by, linkBody{User: id}, "Sign-in link for "+user.Email)
}

// SetUpLink makes the link by which the first admin of all sites gets an account, "" where there is one.
func (a *Accounts) SetUpLink(ctx context.Context) (token string, err error) {
	if err := a.Refresh(ctx); err != nil || a.Anybody() {
		return "", err
	}
	return a.keepLink(ctx, "set-up", linkBody{}, "Set-up link")
}

func (a *Accounts) keepLink(ctx context.Context, by string, body linkBody, summary string) (string, error) {
	random := make([]byte, 32)
	rand.Read(random) // never fails (crypto/rand)
	token := base64.RawURLEncoding.EncodeToString(random)
	body.Expires = a.moment().Add(LinkLife)
	err := a.desk.Write(ctx, by, desk.Draft{Key: linkKey(token), Value: body, Summary: summary})
	return token, err
}

func linkKey(token string) desk.Key {
	sum := sha256.Sum256([]byte(token))
	return desk.Key{Kind: KindLink, ID: hex.EncodeToString(sum[:])}
}

// Link looks where a token leads, and uses nothing up. It returns ErrNoLink for one that is not good.
func (a *Accounts) Link(ctx context.Context, token string) (*Link, error) {
	entry, err := desk.Read[linkBody](ctx, a.desk, linkKey(token))
	if err != nil {
		return nil, err
	}
	if !entry.Exists() || !a.now().Before(entry.Value.Expires) {
		return nil, ErrNoLink
	}
	link := &Link{key: entry.Key, over: entry.Version}
	if err := a.Refresh(ctx); err != nil {
		return nil, err
	}
	if entry.Value.User == "" {
		if a.Anybody() {
			return nil, ErrNoLink
		}
		return link, nil
	}
	user, found := a.User(entry.Value.User)
	if !found {
		return nil, ErrNoLink
	}
	link.User = &user
	return link, nil
}

// Use uses a link up: of several who try at once, one gets through.
func (a *Accounts) Use(ctx context.Context, link *Link) error {
	by := "set-up"
	if link.User != nil {
		by = string(link.User.ID)
	}
	err := a.desk.Write(ctx, by, desk.Draft{Key: link.key, Over: link.over, Remove: true, Summary: "Link used"})
	if errors.As(err, new(*desk.Conflict)) {
		return ErrNoLink
	}
	return err
}
