package accounts

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/visitors"
)

var ada = &User{ID: "ada", Email: "ada@example.com"}

// shelf is Redis as a node reaches it; away cuts the node off.
type shelf struct {
	*visitors.Visitors
	away bool
}

var errAway = errors.New("redis is away")

func (s *shelf) KeepSession(ctx context.Context, id, value string, life time.Duration) error {
	if s.away {
		return errAway
	}
	return s.Visitors.KeepSession(ctx, id, value, life)
}

func (s *shelf) Session(ctx context.Context, id string) (string, bool, error) {
	if s.away {
		return "", false, errAway
	}
	return s.Visitors.Session(ctx, id)
}

func (s *shelf) DropSession(ctx context.Context, id string) error {
	if s.away {
		return errAway
	}
	return s.Visitors.DropSession(ctx, id)
}

// twoNodes share a Redis and a clock.
func twoNodes(t *testing.T) (a, b *Sessions, toA, toB *shelf, clock *collectortest.Clock) {
	t.Helper()
	url := collectortest.Redis(t)
	clock = collectortest.FixedClock(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC))
	open := func() (*Sessions, *shelf) {
		v, err := visitors.Open(url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { v.Close() })
		s := &shelf{Visitors: v}
		return NewSessions(s, clock.Now, quiet), s
	}
	a, toA = open()
	b, toB = open()
	return a, b, toA, toB, clock
}

func wantSession(t *testing.T, s *Sessions, token string, want bool, when string) *Session {
	t.Helper()
	session, err := s.Find(t.Context(), token)
	if (err == nil) != want {
		t.Errorf("%s: found %v", when, err == nil)
	}
	return session
}

func TestSessionsAreSharedAndEnd(t *testing.T) {
	a, b, _, _, clock := twoNodes(t)
	token, opened := a.Open(t.Context(), ada, "acme", ByPassword)
	found := wantSession(t, b, token, true, "on another node")
	if found == nil || found.User != "ada" || found.Site != "acme" || found.How != ByPassword || !found.At.Equal(opened.At) {
		t.Fatalf("found %+v", found)
	}
	b.Turn(t.Context(), found, "other")
	if again := wantSession(t, a, token, true, "turned to another site"); again.Site != "other" {
		t.Errorf("it looks at %s", again.Site)
	}
	for _, wrong := range []string{"", token + "x", token[1:], sessionID(token), string(make([]byte, 5000))} {
		wantSession(t, a, wrong, false, "a wrong token")
	}
	kept, _ := a.Open(t.Context(), ada, "acme", ByLink)
	b.End(t.Context(), found)
	wantSession(t, a, token, false, "ended on another node")
	wantSession(t, b, token, false, "ended")
	wantSession(t, b, kept, true, "another session")
	clock.Advance(SessionLife - time.Millisecond)
	wantSession(t, b, kept, true, "just before its end")
	clock.Advance(time.Millisecond)
	wantSession(t, b, kept, false, "at its end")
}

// README: while Redis is away, a session counts on the node that opened it or has seen it.
func TestSessionsWithoutRedis(t *testing.T) {
	a, b, toA, toB, _ := twoNodes(t)
	before, session := a.Open(t.Context(), ada, "acme", ByPassword)
	unseen, _ := a.Open(t.Context(), ada, "acme", ByPassword)
	wantSession(t, b, before, true, "seen by b")
	toA.away, toB.away = true, true
	wantSession(t, a, before, true, "on the node that opened it")
	wantSession(t, b, before, true, "on a node that saw it")
	wantSession(t, b, unseen, false, "on a node that never saw it")
	during, _ := a.Open(t.Context(), ada, "acme", ByPassword)
	wantSession(t, a, during, true, "opened meanwhile")
	a.End(t.Context(), session)
	wantSession(t, a, before, false, "ended here")
	toA.away, toB.away = false, false
	wantSession(t, b, during, false, "not in Redis yet")
	wantSession(t, a, during, true, "Redis is back")
	wantSession(t, b, during, true, "kept in Redis once it was used")
	wantSession(t, a, before, false, "somebody tries the ended one, and it goes from Redis")
	wantSession(t, b, before, false, "so it has ended on the other node")
	// Redis forgets: everybody signs in again.
	if err := toA.DropSession(t.Context(), sessionID(during)); err != nil {
		t.Fatal(err)
	}
	wantSession(t, a, during, false, "forgotten by Redis")
	toA.away = true
	wantSession(t, a, during, false, "forgotten for good")
}

// A node whose clock is behind the one that signed the user out everywhere opens sessions that count.
func TestClocksThatDiffer(t *testing.T) {
	a, _, _, _, clock := twoNodes(t)
	user := &User{ID: "ada", SignedOutAt: clock.Now().Add(2 * time.Second)}
	if _, session := a.Open(t.Context(), user, "acme", ByPassword); session.At.Before(user.SignedOutAt) {
		t.Errorf("opened at %s, signed out at %s", session.At, user.SignedOutAt)
	}
}

func TestRememberedSessionsAreBounded(t *testing.T) {
	a, _, toA, _, _ := twoNodes(t)
	toA.away = true
	for range maxRemembered + 10 {
		a.Open(t.Context(), ada, "acme", ByPassword)
	}
	if n := len(a.remembered); n > maxRemembered {
		t.Errorf("%d sessions are remembered", n)
	}
}
