package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/headwater/headwater/schema"
)

// SessionLife is how long a session lasts, whatever is done in it.
const SessionLife = 12 * time.Hour

// maxRemembered bounds the sessions that a node remembers; beyond it any other goes.
const maxRemembered = 10_000

// Opened says how a session was opened.
type Opened string

// The ways into a session.
const (
	ByPassword Opened = "password"
	ByLink     Opened = "link"
	ByProxy    Opened = "proxy"
)

// Session is somebody who is signed in.
type Session struct {
	User UserID        `json:"user"`
	Site schema.SiteID `json:"site"` // that they look at
	How  Opened        `json:"how"`
	At   time.Time     `json:"at"`

	id string // hash of the token; Redis never sees the token itself
}

// Expires is when the session ends.
func (s *Session) Expires() time.Time { return s.At.Add(SessionLife) }

// Shelf is where all nodes keep sessions: Redis. An error says that nothing is known.
type Shelf interface {
	KeepSession(ctx context.Context, id, value string, life time.Duration) error
	Session(ctx context.Context, id string) (value string, found bool, err error)
	DropSession(ctx context.Context, id string) error
}

// Sessions opens and finds sessions. While Redis is away a node goes by what it remembers: the sessions that were opened on it
// and those that it saw in use.
type Sessions struct {
	shelf Shelf
	now   func() time.Time
	log   *slog.Logger

	mu         sync.Mutex
	remembered map[string]memory
	ended      map[string]time.Time // sessions that were ended here and may still lie in Redis, and when they expire
}

// memory is a session that this node has seen.
type memory struct {
	Session
	unkept bool // Redis does not have it yet
}

// NewSessions prepares the sessions.
func NewSessions(shelf Shelf, now func() time.Time, log *slog.Logger) *Sessions {
	return &Sessions{shelf: shelf, now: now, log: log, remembered: map[string]memory{}, ended: map[string]time.Time{}}
}

// ErrNoSession is a token of no session, or of one that has ended.
var ErrNoSession = errors.New("no session")

// Open starts a session and returns its token, for a cookie.
func (s *Sessions) Open(ctx context.Context, user *User, site schema.SiteID, how Opened) (token string, session *Session) {
	random := make([]byte, 32)
	rand.Read(random) // never fails (crypto/rand)
	token = base64.RawURLEncoding.EncodeToString(random)
	session = &Session{User: user.ID, Site: site, How: how, At: s.now().UTC().Truncate(time.Millisecond), id: sessionID(token)}
	if session.At.Before(user.SignedOutAt) { // by the clock of another node
		session.At = user.SignedOutAt
	}
	s.keep(ctx, session)
	return token, session
}

func sessionID(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Turn has the session look at another site.
func (s *Sessions) Turn(ctx context.Context, session *Session, site schema.SiteID) {
	session.Site = site
	s.keep(ctx, session)
}

func (s *Sessions) keep(ctx context.Context, session *Session) {
	value, _ := json.Marshal(session) // texts and a time: it cannot fail
	err := s.shelf.KeepSession(ctx, session.id, string(value), session.Expires().Sub(s.now()))
	if err != nil {
		s.log.Warn("a session of the console is on this node alone until Redis is back", "error", err)
	}
	s.remember(session, err != nil)
}

func (s *Sessions) remember(session *Session, unkept bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.remembered) >= maxRemembered {
		for id := range s.remembered {
			delete(s.remembered, id)
			break
		}
	}
	s.remembered[session.id] = memory{Session: *session, unkept: unkept}
}

// maxToken is the longest token that is looked at.
const maxToken = 64

// Find returns the session of a token, or ErrNoSession.
func (s *Sessions) Find(ctx context.Context, token string) (*Session, error) {
	if token == "" || len(token) > maxToken {
		return nil, ErrNoSession
	}
	id := sessionID(token)
	if s.hasEnded(id) {
		s.dropAgain(ctx, id)
		return nil, ErrNoSession
	}
	session, err := s.find(ctx, id)
	if err != nil || !s.now().Before(session.Expires()) {
		return nil, ErrNoSession
	}
	return session, nil
}

func (s *Sessions) find(ctx context.Context, id string) (*Session, error) {
	value, found, err := s.shelf.Session(ctx, id)
	s.mu.Lock()
	known, remembered := s.remembered[id]
	s.mu.Unlock()
	switch {
	case err == nil && found:
		session := &Session{}
		if json.Unmarshal([]byte(value), session) != nil {
			return nil, ErrNoSession
		}
		session.id = id
		s.remember(session, false)
		return session, nil
	case !remembered:
		return nil, ErrNoSession
	case err == nil && !known.unkept: // it was ended on another node, or Redis forgot it
		s.mu.Lock()
		delete(s.remembered, id)
		s.mu.Unlock()
		return nil, ErrNoSession
	case err == nil:
		s.keep(ctx, &known.Session)
	}
	return &known.Session, nil
}

// End ends a session on all nodes. While Redis is away it has ended on this one only; it goes from Redis when somebody tries it.
func (s *Sessions) End(ctx context.Context, session *Session) {
	s.mu.Lock()
	now := s.now()
	for id, expires := range s.ended {
		if !now.Before(expires) {
			delete(s.ended, id)
		}
	}
	s.ended[session.id] = session.Expires()
	delete(s.remembered, session.id)
	s.mu.Unlock()
	s.dropAgain(ctx, session.id)
}

func (s *Sessions) hasEnded(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ended := s.ended[id]
	return ended
}

// dropAgain takes an ended session out of Redis, as often as it takes.
func (s *Sessions) dropAgain(ctx context.Context, id string) {
	if err := s.shelf.DropSession(ctx, id); err != nil {
		s.log.Warn("a session of the console has ended on this node, and not yet in Redis", "error", err)
	}
}
