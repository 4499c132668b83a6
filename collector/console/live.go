package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
)

const (
	// livePause is how long a stream waits before it looks for new leads again; together with the second that the collector takes to
	// forward them, they show within 2 s. A slow database is left in peace for three times as long as it took.
	livePause = 250 * time.Millisecond
	// heartbeat is how often a stream says that it is there, for proxies that hang up on the silent.
	heartbeat = 15 * time.Second
	// liveWrite bounds how long a reader may take for one piece.
	liveWrite = 10 * time.Second

	maxStreams        = 200 // of a node
	maxStreamsPerUser = 12
)

// streams counts the open streams, and ends them all in the end.
type streams struct {
	mu     sync.Mutex
	of     map[accounts.UserID]int
	all    int
	closed chan struct{}
}

func newStreams() *streams {
	return &streams{of: map[accounts.UserID]int{}, closed: make(chan struct{})}
}

// enter takes a place; false where there is none.
func (l *streams) enter(user accounts.UserID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= maxStreams || l.of[user] >= maxStreamsPerUser {
		return false
	}
	l.all++
	l.of[user]++
	return true
}

func (l *streams) leave(user accounts.UserID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.of[user]--; l.of[user] == 0 {
		delete(l.of, user)
	}
}

// OpenStreams is how many streams of leads this node has open now.
func (c *Console) OpenStreams() int {
	c.streams.mu.Lock()
	defer c.streams.mu.Unlock()
	return c.streams.all
}

// Close ends all streams, which else would keep the server from shutting down.
func (c *Console) Close() { c.closing.Do(func() { close(c.streams.closed) }) }

// getLeadEvents sends the latest leads, and again whenever there is a new one (server-sent events), until the reader goes or their
// session ends. All who watch a site share one query.
func (c *Console) getLeadEvents(ctx echo.Context, s *session) error {
	if !c.streams.enter(s.user.ID) {
		return ctx.JSON(http.StatusTooManyRequests, map[string]string{"error": "too_many_streams"})
	}
	defer c.streams.leave(s.user.ID)
	last, err := c.leadEvent(ctx, s)
	if t := c.troubleOf(ctx, s, "recent_leads", err); t != nil {
		return ctx.JSON(t.status, map[string]string{"error": t.Heading})
	}
	header := ctx.Response().Header()
	header.Set(echo.HeaderContentType, "text/event-stream")
	header.Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(ctx.Response())
	_ = out.SetReadDeadline(time.Time{}) // the one of a request, which has been read
	send := func(text []byte) error {
		_ = out.SetWriteDeadline(time.Now().Add(liveWrite))
		if _, err := ctx.Response().Write(text); err != nil {
			return err
		}
		return out.Flush()
	}
	for err = send(append([]byte("retry: 1000\n"), last...)); err == nil; {
		var next []byte
		if next, err = c.nextEvent(ctx, s, last); err == nil {
			err = send(next)
		}
		if bytes.HasPrefix(next, []byte("event: leads")) {
			last = next
		}
	}
	return nil // whoever is not there any more is told nothing
}

// leadEvent is an event with the latest leads.
func (c *Console) leadEvent(ctx echo.Context, s *session) ([]byte, error) {
	leads, err := c.recentLeads(ctx.Request().Context(), s)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]any{"leads": leads})
	return fmt.Appendf(nil, "event: leads\ndata: %s\n\n", body), err
}

// nextEvent waits for leads other than the last ones, or for the time of a heartbeat. An error says that the stream is over. That the
// database is away is not one: the leads come when it is back.
func (c *Console) nextEvent(ctx echo.Context, s *session, last []byte) ([]byte, error) {
	pause, beat := livePause, time.NewTimer(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Request().Context().Done():
			return nil, ctx.Request().Context().Err()
		case <-c.streams.closed:
			return nil, http.ErrServerClosed
		case <-beat.C:
			return []byte(": still here\n\n"), nil
		case <-time.After(pause):
		}
		if !c.stillIn(ctx, s) {
			return nil, errNoSession
		}
		start := time.Now()
		event, err := c.leadEvent(ctx, s)
		if err == nil && !bytes.Equal(event, last) {
			return event, nil
		}
		pause = max(livePause, min(15*time.Second, 3*time.Since(start)))
	}
}

// stillIn tells whether the session has neither ended nor turned to another site.
func (c *Console) stillIn(ctx echo.Context, s *session) bool {
	ctx.Set(sessionInContext, nil)
	now, err := c.sessionOf(ctx)
	return err == nil && now.site != nil && now.site.ID == s.site.ID && now.user.ID == s.user.ID && now.role.Allows(accounts.Viewer)
}
