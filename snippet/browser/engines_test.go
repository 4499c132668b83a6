package browser

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/headwater/headwater/snippet/browser/engine"
)

// elsewhere says which tests some engines cannot run, and why. The summary prints it.
var elsewhere = map[string]map[string]string{
	"TestPrerenderedPageIsNoArrivalUntilShown": {
		"firefox": "Firefox prerenders no pages",
		"webkit":  "WebKit prerenders no pages",
	},
}

// started holds the browsers of this test binary: each is started for the first test that needs it.
var started = map[string]func() (engine.Engine, error){}

func init() {
	for _, kind := range engine.Kinds {
		turn[kind.Name] = &sync.Mutex{}
		started[kind.Name] = sync.OnceValues(func() (engine.Engine, error) {
			e, err := kind.Start()
			if err == nil {
				running.Store(e.Name(), e)
			}
			return e, err
		})
	}
}

var running sync.Map // engine.Engine by name

// turn is held by the test that an engine runs: each runs one at a time, and goes through the tests at its own pace.
var turn = map[string]*sync.Mutex{}

// everywhere runs a test on every engine.
func everywhere(t *testing.T, test func(t *testing.T, e engine.Engine)) {
	t.Helper()
	t.Parallel()
	for _, kind := range engine.Kinds {
		if reason := elsewhere[t.Name()][kind.Name]; reason != "" {
			results.exclude(t.Name(), kind.Name, reason)
			continue
		}
		name := t.Name()
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			turn[kind.Name].Lock()
			t.Cleanup(func() {
				results.add(name, kind.Name, t)
				turn[kind.Name].Unlock()
			})
			test(t, start(t, kind))
		})
	}
}

func start(t testing.TB, kind engine.Kind) engine.Engine {
	t.Helper()
	if missing := kind.Missing(); missing != "" {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no %s: install Debian's %s or its like", kind.Name, missing)
		}
		t.Skipf("no %s: install Debian's %s or its like to run this", kind.Name, missing)
	}
	e, err := started[kind.Name]()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestMain(m *testing.M) {
	// Tests that wait for their turn are no load; that they are few would keep another engine waiting.
	flag.Parse()
	if err := flag.Set("test.parallel", "1000"); err != nil {
		panic(err)
	}
	code := m.Run()
	for name, e := range running.Range {
		if err := e.(engine.Engine).Close(); err != nil {
			fmt.Fprintf(os.Stderr, "close %s: %v\n", name, err)
			code = 1
		}
	}
	if err := os.RemoveAll(programs); err != nil {
		fmt.Fprintf(os.Stderr, "remove the collector: %v\n", err)
		code = 1
	}
	fmt.Print(results.summary())
	os.Exit(code)
}

// results is what the tests came to, per demand number and engine.
var results = tally{rows: map[string]map[string]*count{}, excluded: map[string]bool{}}

type count struct{ passed, failed, skipped int }

func (c *count) String() string {
	if c == nil {
		return "-"
	}
	text := fmt.Sprintf("%d passed", c.passed)
	if c.failed > 0 {
		text += fmt.Sprintf(", %d FAILED", c.failed)
	}
	if c.skipped > 0 {
		text += fmt.Sprintf(", %d skipped", c.skipped)
	}
	return text
}

type tally struct {
	mu       sync.Mutex
	rows     map[string]map[string]*count // by demand, by engine
	excluded map[string]bool              // lines of the summary
}

var demandNumber = regexp.MustCompile(`^TestDemand(\d+)_`)

// Tests without a demand number hold what the snippet promises beyond them.
const allOthers, total = "others", "total"

func (a *tally) add(test, engine string, t *testing.T) {
	a.mu.Lock()
	defer a.mu.Unlock()
	row := allOthers
	if match := demandNumber.FindStringSubmatch(test); match != nil {
		row = "demand " + match[1]
	}
	for _, row := range []string{row, total} {
		if a.rows[row] == nil {
			a.rows[row] = map[string]*count{}
		}
		if a.rows[row][engine] == nil {
			a.rows[row][engine] = &count{}
		}
		c := a.rows[row][engine]
		switch {
		case t.Failed():
			c.failed++
		case t.Skipped():
			c.skipped++
		default:
			c.passed++
		}
	}
}

func (a *tally) exclude(test, engine, reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.excluded[fmt.Sprintf("not on %s: %s, because %s", engine, test, reason)] = true
}

func (a *tally) summary() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.rows) == 0 {
		return ""
	}
	var rows, lines []string
	for row := range a.rows {
		rows = append(rows, row)
	}
	slices.Sort(rows) // "demand …", "others", "total"
	var out strings.Builder
	line := func(row string, cell func(engine string) string) {
		text := fmt.Sprintf("%-10s", row)
		for _, kind := range engine.Kinds {
			text += fmt.Sprintf("  %-20s", cell(kind.Name))
		}
		out.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	line("", func(engine string) string { return engine })
	for _, row := range rows {
		line(row, func(engine string) string { return a.rows[row][engine].String() })
	}
	for reason := range a.excluded {
		lines = append(lines, reason+"\n")
	}
	slices.Sort(lines)
	return out.String() + strings.Join(lines, "")
}
