package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

// webkit is WebKitGTK's MiniBrowser, driven by classic WebDriver; each profile is a driver and a browser of its own, which
// start within half a second and keep nothing. There is no headless mode, so it has a screen that nobody sees.
type webkit struct {
	display  string
	screen   *Process
	internet *internet

	mu      sync.Mutex
	drivers map[*webDriver]bool // those that run: a driver has one session at most
	// next gets the page that the next Open will return; nil before the first.
	next chan opened
}

type opened struct {
	page *webkitTab
	err  error
}

func miniBrowserPath() string {
	for _, pattern := range []string{"/usr/lib/*/webkit2gtk-4.1/MiniBrowser", "/usr/lib/*/webkit2gtk-4.0/MiniBrowser",
		"/usr/lib/*/webkitgtk-6.0/MiniBrowser", "/usr/libexec/webkit*/MiniBrowser"} {
		if paths, err := filepath.Glob(pattern); err == nil && len(paths) > 0 {
			return paths[0]
		}
	}
	return ""
}

func findWebKit() string {
	if lookFor("Xvfb") == "" {
		return "xvfb"
	}
	if miniBrowserPath() == "" {
		return "webkit2gtk-driver"
	}
	return unlessFound(lookFor("WebKitWebDriver"), "webkit2gtk-driver")
}

func startWebKit() (Engine, error) {
	w := &webkit{internet: newInternet(), drivers: map[*webDriver]bool{}}
	if err := w.startScreen(); err != nil {
		return nil, fmt.Errorf("start a screen for webkit: %w", errors.Join(err, w.Close()))
	}
	return w, nil
}

// startScreen lets Xvfb find a free display and say which.
func (w *webkit) startScreen() error {
	output, display, err := os.Pipe()
	if err != nil {
		return err
	}
	command := exec.Command(lookFor("Xvfb"), "-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp")
	command.ExtraFiles = []*os.File{display}
	w.screen, err = StartProcess(command)
	_ = display.Close() // Xvfb has its own
	if err != nil {
		return err
	}
	w.display, err = WaitForLine(output, regexp.MustCompile(`^(\d+)$`))
	return err
}

func (w *webkit) Name() string { return "webkit" }

func (w *webkit) Close() error {
	if w.next != nil {
		<-w.next // so that its driver is among those that run
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for driver := range w.drivers {
		driver.process.Stop()
	}
	if w.screen != nil {
		w.screen.Stop()
	}
	w.internet.close()
	return nil
}

// startDriver starts a driver, which will start its browser.
func (w *webkit) startDriver(ctx context.Context) (*webDriver, error) {
	environment := append(os.Environ(), "DISPLAY=:"+w.display)
	if isRoot() {
		environment = append(environment, "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS=1")
	}
	driver, err := startWebDriver(ctx, lookFor("WebKitWebDriver"), environment)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drivers[driver] = true
	return driver, nil
}

func (w *webkit) stopDriver(driver *webDriver) {
	driver.process.Stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.drivers, driver)
}

// A browser that has not started by then never will: now and then, with others starting beside it, it misses its driver's call.
const webkitStart = 8 * time.Second

// Open returns a page that has been started beside the test before, and starts another one.
func (w *webkit) Open(ctx context.Context) (Page, error) {
	next := w.next
	if next == nil {
		next = w.prepare()
	}
	w.next = w.prepare()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case started := <-next:
		if started.err != nil {
			return nil, started.err
		}
		started.page.start = w.internet.seen()
		return started.page, nil
	}
}

// prepare starts a page.
func (w *webkit) prepare() chan opened {
	result := make(chan opened, 1)
	go func() {
		var failures []error
		for range 3 {
			page, err := w.tryOpen(context.Background())
			if err == nil {
				result <- opened{page: page}
				return
			}
			failures = append(failures, err)
		}
		result <- opened{err: errors.Join(failures...)}
	}()
	return result
}

func (w *webkit) tryOpen(ctx context.Context) (*webkitTab, error) {
	ctx, cancel := context.WithTimeout(ctx, webkitStart)
	defer cancel()
	driver, err := w.startDriver(ctx)
	if err != nil {
		return nil, err
	}
	var session struct {
		ID string `json:"sessionId"`
	}
	err = driver.call(ctx, "POST", "/session", object{"capabilities": object{"alwaysMatch": object{
		"acceptInsecureCerts": true,
		"webkitgtk:browserOptions": object{
			"binary": miniBrowserPath(),
			// Not as the capability "proxy": to that one the browser speaks TLS when the address is https.
			"args": []string{"--automation", "--proxy=http://" + w.internet.address()},
		},
	}}}, &session)
	t := &webkitTab{webkit: w, session: &webkitSession{driver: driver, path: "/session/" + session.ID}, owner: true, start: w.internet.seen()}
	if err == nil {
		err = t.session.call(ctx, "GET", "/window", nil, &t.handle)
	}
	if err != nil {
		w.stopDriver(driver)
		return nil, fmt.Errorf("open a session: %w", err)
	}
	return t, nil
}

// webkitSession is one browser process; its commands go to the window that was chosen last.
type webkitSession struct {
	driver *webDriver
	path   string
	mu     sync.Mutex
	chosen string
}

func (s *webkitSession) call(ctx context.Context, method, path string, body, result any) error {
	return s.driver.call(ctx, method, s.path+path, body, result)
}

type webkitTab struct {
	*webkit
	session *webkitSession
	handle  string
	owner   bool // it is the first of its session
	start   int  // how many posts the internet had seen before the session
}

// call sends a command to this tab.
func (t *webkitTab) call(ctx context.Context, method, path string, body, result any) error {
	t.session.mu.Lock()
	defer t.session.mu.Unlock()
	if t.session.chosen != t.handle {
		if err := t.session.call(ctx, "POST", "/window", object{"handle": t.handle}, nil); err != nil {
			return fmt.Errorf("choose the tab: %w", err)
		}
		t.session.chosen = t.handle
	}
	return t.session.call(ctx, method, path, body, result)
}

func (t *webkitTab) Beside(ctx context.Context) (Page, error) {
	var created struct {
		Handle string `json:"handle"`
	}
	err := t.call(ctx, "POST", "/window/new", object{"type": "tab"}, &created)
	return &webkitTab{webkit: t.webkit, session: t.session, handle: created.Handle, start: t.start}, err
}

func (t *webkitTab) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if !t.owner {
		return t.call(ctx, "DELETE", "/window", nil, nil)
	}
	defer t.stopDriver(t.session.driver)
	return t.session.call(ctx, "DELETE", "", nil, nil)
}

func (t *webkitTab) Navigate(ctx context.Context, address string) error {
	return t.call(ctx, "POST", "/url", object{"url": address}, nil)
}

func (t *webkitTab) NavigateFrom(ctx context.Context, referrer, address string) error {
	return t.internet.throughDoor(ctx, t, referrer, address)
}

// The key of an element's id in WebDriver's answers.
const elementKey = "element-6066-11e4-a52e-4f735466cecf"

// onElement sends a command about the element that the selector finds.
func (t *webkitTab) onElement(ctx context.Context, selector, command string, body object) error {
	var found map[string]string
	if err := t.call(ctx, "POST", "/element", object{"using": "css selector", "value": selector}, &found); err != nil {
		return err
	}
	return t.call(ctx, "POST", "/element/"+found[elementKey]+command, body, nil)
}

func (t *webkitTab) Click(ctx context.Context, selector string) error {
	return t.onElement(ctx, selector, "/click", object{})
}

func (t *webkitTab) Type(ctx context.Context, selector, text string) error {
	return t.onElement(ctx, selector, "/value", object{"text": text})
}

func (t *webkitTab) Posts(ctx context.Context) ([]string, error) {
	return t.internet.since(ctx, t, t.start)
}

func (t *webkitTab) Eval(ctx context.Context, expression string) (json.RawMessage, error) {
	var text string
	// The driver awaits a promise that a script returns.
	err := t.call(ctx, "POST", "/execute/sync", object{"script": "return " + asJSON(expression), "args": []any{}}, &text)
	if err != nil {
		return nil, err
	}
	return fromJSON(text)
}

// freePort returns a port that nothing listens on.
func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return "", err
	}
	return port, listener.Close()
}
