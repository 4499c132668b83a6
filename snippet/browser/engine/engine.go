// Package engine drives real browsers for the snippet's tests: Chromium, Firefox and WebKit, through one small interface.
//
// What belongs here: starting a browser, pages in fresh profiles, JavaScript in a page, and what left a page. What does
// not: anything that knows the snippet. Only tests import this package.
//
// Every host name is this machine: a page of http://www.shop.example:4711 or https://www.shop.example:4711 is what
// listens, without TLS, on port 4711 here, and nothing leaves the machine: browsers get there through a proxy of this
// package (see internet).
package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

// Kind is a browser that tests may ask for.
type Kind struct {
	Name string
	// Start starts the browser; it needs a second or two.
	Start func() (Engine, error)
	// find returns the name of the Debian package that is missing, "" where all is there.
	find func() string
}

// Kinds lists every engine that the tests know.
var Kinds = []Kind{
	{Name: "chromium", Start: startChromium, find: findChromium},
	{Name: "firefox", Start: startFirefox, find: findFirefox},
	{Name: "webkit", Start: startWebKit, find: findWebKit},
}

// Missing returns the name of the Debian package that this engine lacks here, "" where it can start.
func (k Kind) Missing() string { return k.find() }

// Engine is a running browser. It ends with Close, and with the process that started it.
type Engine interface {
	Name() string
	// Open opens an empty page in a profile of its own, without cookies or storage.
	Open(ctx context.Context) (Page, error)
	Close() error
}

// Page is one tab. Contexts bound how long a call may take.
type Page interface {
	// Beside opens another page of the same profile.
	Beside(ctx context.Context) (Page, error)
	// Navigate types an address, so that there is no referrer, and returns once the page has loaded.
	Navigate(ctx context.Context, address string) error
	// NavigateFrom follows a link on the page at referrer that hands on the whole address, and returns once the page has loaded.
	NavigateFrom(ctx context.Context, referrer, address string) error
	// Eval returns the JSON of a JavaScript expression's value; a promise is awaited. During a navigation there may be no
	// page to ask: that is an error.
	Eval(ctx context.Context, expression string) (json.RawMessage, error)
	// Click presses and releases the mouse in the middle of the element that the selector finds, as a person does.
	Click(ctx context.Context, selector string) error
	// Type focuses the element that the selector finds, and types text after what is there.
	Type(ctx context.Context, selector, text string) error
	// Posts returns the paths of all POST requests (and "OPTIONS path" of preflights) that pages of this profile began. What
	// is sent once more with the same body is not listed again: a page that is left before its answer came does that.
	Posts(ctx context.Context) ([]string, error)
	// Close closes the page, and the profile with its first page.
	Close() error
}

// asJSON makes an expression that promises the JSON of the given one's value, in a list because undefined has none.
func asJSON(expression string) string {
	return "(async () => JSON.stringify([await (" + expression + ")]))()"
}

// fromJSON takes the value out of what asJSON's expression gave.
func fromJSON(text string) (json.RawMessage, error) {
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) != 1 {
		return nil, fmt.Errorf("a page answered %.200q instead of a list of one: %v", text, err)
	}
	return list[0], nil
}

// lookFor returns the path of the first program that is installed, "" where none is.
func lookFor(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// unlessFound returns the Debian package to install, unless its program was found at path.
func unlessFound(path, debian string) string {
	if path == "" {
		return debian
	}
	return ""
}

// isRoot tells whether browsers must do without their sandboxes, which root cannot have.
func isRoot() bool { return os.Getuid() == 0 }
