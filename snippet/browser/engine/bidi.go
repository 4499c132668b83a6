package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/coder/websocket"
)

// bidi is a connection that speaks WebDriver BiDi: commands with numbers, answers in any order. Events are not asked for.
type bidi struct {
	conn *websocket.Conn

	mu      sync.Mutex
	last    int
	waiting map[int]chan bidiAnswer
	lost    error // why the connection ended
}

type bidiAnswer struct {
	ID      int             `json:"id"`
	Type    string          `json:"type"`
	Result  json.RawMessage `json:"result"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
}

func dialBiDi(ctx context.Context, address string) (*bidi, error) {
	conn, _, err := websocket.Dial(ctx, address, nil)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	conn.SetReadLimit(-1)
	c := &bidi{conn: conn, waiting: map[int]chan bidiAnswer{}}
	go c.listen()
	return c, nil
}

func (c *bidi) close() { _ = c.conn.CloseNow() } // the browser is killed next

func (c *bidi) listen() {
	for {
		var answer bidiAnswer
		_, content, err := c.conn.Read(context.Background())
		if err == nil {
			err = json.Unmarshal(content, &answer)
		}
		c.mu.Lock()
		if err != nil {
			c.lost = fmt.Errorf("the browser hung up: %w", err)
			for id, answers := range c.waiting {
				close(answers)
				delete(c.waiting, id)
			}
			c.mu.Unlock()
			return
		}
		if answers, waits := c.waiting[answer.ID]; waits && answer.Type != "event" {
			answers <- answer
			delete(c.waiting, answer.ID)
		}
		c.mu.Unlock()
	}
}

// call sends a command and reads its result into result, unless that is nil.
func (c *bidi) call(ctx context.Context, method string, parameters, result any) error {
	answers := make(chan bidiAnswer, 1)
	c.mu.Lock()
	if c.lost != nil {
		c.mu.Unlock()
		return c.lost
	}
	c.last++
	id := c.last
	c.waiting[id] = answers
	c.mu.Unlock()
	content, err := json.Marshal(map[string]any{"id": id, "method": method, "params": parameters})
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	// Not with ctx: its end would close the whole connection.
	if err := c.conn.Write(context.Background(), websocket.MessageText, content); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	case answer, ok := <-answers:
		switch {
		case !ok:
			return errors.New(method + ": the browser hung up")
		case answer.Type != "success":
			return fmt.Errorf("%s: %s: %s", method, answer.Error, answer.Message)
		case result == nil:
			return nil
		}
		return json.Unmarshal(answer.Result, result)
	}
}
