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
	"strconv"
	"strings"
)

// firefox is driven by WebDriver BiDi; each profile is a user context (a container).
type firefox struct {
	profile  string
	process  *Process
	bidi     *bidi
	internet *internet
}

func firefoxPath() string { return lookFor("firefox-esr", "firefox") }

func findFirefox() string { return unlessFound(firefoxPath(), "firefox-esr") }

// What a profile needs so that every host goes through the proxy, and a door may tell its whole address. The rest is
// quiet: no first run, no updates, no calls home. Without a process for each site (fission), of which every profile would start its
// own, the tests take two thirds of the processor time; what a page may see and do is the same.
const firefoxPreferences = `
user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "HOST");
user_pref("network.proxy.http_port", PORT);
user_pref("network.proxy.ssl", "HOST");
user_pref("network.proxy.ssl_port", PORT);
user_pref("network.proxy.no_proxies_on", "");
user_pref("network.proxy.allow_hijacking_localhost", true);
user_pref("network.proxy.testing_localhost_is_secure_when_hijacked", true);
user_pref("network.http.referer.disallowCrossSiteRelaxingDefault", false);
user_pref("network.http.referer.disallowCrossSiteRelaxingDefault.top_navigation", false);
user_pref("fission.autostart", false);
user_pref("dom.security.https_first", false);
user_pref("dom.security.https_first_schemeless", false);
user_pref("app.normandy.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.trr.mode", 5);
user_pref("network.http.speculative-parallel-limit", 0);
user_pref("network.dns.disablePrefetch", true);
user_pref("toolkit.telemetry.enabled", false);
user_pref("toolkit.telemetry.server", "");
`

func startFirefox() (Engine, error) {
	f := &firefox{internet: newInternet()}
	if err := f.start(); err != nil {
		return nil, fmt.Errorf("start firefox: %w", errors.Join(err, f.Close()))
	}
	return f, nil
}

func (f *firefox) start() error {
	var err error
	if f.profile, err = os.MkdirTemp("", "headwater-firefox-"); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(f.internet.address())
	if err != nil {
		return err
	}
	preferences := strings.NewReplacer("HOST", host, "PORT", port).Replace(firefoxPreferences)
	if err := os.WriteFile(filepath.Join(f.profile, "user.js"), []byte(preferences), 0o600); err != nil {
		return err
	}
	command := exec.Command(firefoxPath(), "--headless", "--no-remote", "--profile", f.profile, "--remote-debugging-port=0", "about:blank")
	command.Env = append(os.Environ(), "MOZ_CRASHREPORTER_DISABLE=1")
	output, stderr, err := os.Pipe()
	if err != nil {
		return err
	}
	command.Stderr = stderr
	f.process, err = StartProcess(command)
	_ = stderr.Close() // the browser has its own
	if err != nil {
		return err
	}
	address, err := WaitForLine(output, regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if f.bidi, err = dialBiDi(ctx, address+"/session"); err != nil {
		return err
	}
	return f.bidi.call(ctx, "session.new", object{"capabilities": object{"alwaysMatch": object{"acceptInsecureCerts": true}}}, nil)
}

func (f *firefox) Name() string { return "firefox" }

func (f *firefox) Close() error {
	if f.bidi != nil {
		f.bidi.close()
	}
	if f.process != nil {
		f.process.Stop()
	}
	f.internet.close()
	return os.RemoveAll(f.profile)
}

// object is a JSON object.
type object map[string]any

func (f *firefox) Open(ctx context.Context) (Page, error) {
	var created struct {
		UserContext string `json:"userContext"`
	}
	if err := f.bidi.call(ctx, "browser.createUserContext", object{}, &created); err != nil {
		return nil, err
	}
	t := &firefoxTab{firefox: f, user: created.UserContext, owner: true, start: f.internet.seen()}
	return t, t.open(ctx)
}

// firefoxTab is a tab in the container user.
type firefoxTab struct {
	*firefox
	user, id string
	owner    bool // it is the first of its container
	start    int  // how many posts the internet had seen before the container
}

func (t *firefoxTab) open(ctx context.Context) error {
	var created struct {
		Context string `json:"context"`
	}
	err := t.bidi.call(ctx, "browsingContext.create", object{"type": "tab", "userContext": t.user}, &created)
	t.id = created.Context
	return err
}

func (t *firefoxTab) Beside(ctx context.Context) (Page, error) {
	other := &firefoxTab{firefox: t.firefox, user: t.user, start: t.start}
	return other, other.open(ctx)
}

func (t *firefoxTab) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	left := t.leave(ctx)
	if t.owner { // closes its tabs, too
		return errors.Join(left, t.bidi.call(ctx, "browser.removeUserContext", object{"userContext": t.user}, nil))
	}
	return errors.Join(left, t.bidi.call(ctx, "browsingContext.close", object{"context": t.id}, nil))
}

// leave goes to a page of nobody and waits for what the one before sent at last. Sent after the tab is closed it would be taken for
// what the next test's page sends.
func (t *firefoxTab) leave(ctx context.Context) error {
	const nowhere = "http://nowhere.example/"
	t.internet.open(nowhere, "about:blank")
	if err := t.Navigate(ctx, nowhere); err != nil {
		return fmt.Errorf("leave the page: %w", err)
	}
	_, err := t.internet.since(ctx, t, t.start)
	return err
}

func (t *firefoxTab) Navigate(ctx context.Context, address string) error {
	return t.bidi.call(ctx, "browsingContext.navigate", object{"context": t.id, "url": address, "wait": "complete"}, nil)
}

func (t *firefoxTab) NavigateFrom(ctx context.Context, referrer, address string) error {
	return t.internet.throughDoor(ctx, t, referrer, address)
}

// perform plays actions of one input device.
func (t *firefoxTab) perform(ctx context.Context, device string, actions []object) error {
	return t.bidi.call(ctx, "input.performActions", object{"context": t.id, "actions": []object{
		{"type": device, "id": device, "actions": actions},
	}}, nil)
}

func (t *firefoxTab) Click(ctx context.Context, selector string) error {
	var located struct {
		Nodes []struct {
			SharedID string `json:"sharedId"`
		} `json:"nodes"`
	}
	err := t.bidi.call(ctx, "browsingContext.locateNodes", object{
		"context": t.id, "locator": object{"type": "css", "value": selector}, "maxNodeCount": 1,
	}, &located)
	if err != nil {
		return err
	}
	if len(located.Nodes) == 0 {
		return fmt.Errorf("there is no %s to click", selector)
	}
	if _, err := t.Eval(ctx, `document.querySelector(`+strconv.Quote(selector)+`).scrollIntoView({block: "center", behavior: "instant"})`); err != nil {
		return err
	}
	element := object{"type": "element", "element": object{"sharedId": located.Nodes[0].SharedID}}
	return t.perform(ctx, "pointer", []object{
		{"type": "pointerMove", "x": 0, "y": 0, "origin": element},
		{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0},
	})
}

func (t *firefoxTab) Type(ctx context.Context, selector, text string) error {
	if _, err := t.Eval(ctx, `(document.querySelector(`+strconv.Quote(selector)+`).focus(), true)`); err != nil {
		return err
	}
	var keys []object
	for _, key := range text {
		keys = append(keys, object{"type": "keyDown", "value": string(key)}, object{"type": "keyUp", "value": string(key)})
	}
	return t.perform(ctx, "key", keys)
}

func (t *firefoxTab) Posts(ctx context.Context) ([]string, error) {
	return t.internet.since(ctx, t, t.start)
}

func (t *firefoxTab) Eval(ctx context.Context, expression string) (json.RawMessage, error) {
	var answer struct {
		Type   string `json:"type"`
		Result struct {
			Value string `json:"value"`
		} `json:"result"`
		Details struct {
			Text string `json:"text"`
		} `json:"exceptionDetails"`
	}
	err := t.bidi.call(ctx, "script.evaluate", object{
		"expression": asJSON(expression), "target": object{"context": t.id}, "awaitPromise": true,
	}, &answer)
	if err != nil {
		return nil, err
	}
	if answer.Type != "success" {
		return nil, fmt.Errorf("the page threw %s", answer.Details.Text)
	}
	return fromJSON(answer.Result.Value)
}
