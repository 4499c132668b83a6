package browser

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The expressions that have axe-core look at a page into which Axe was put. They give what CheckAxe reads. AxeRunColors looks only at
// what another theme changes, the contrasts, which takes a fraction of the time.
const (
	AxeRun       = `axe.run(document, {resultTypes: ["violations"]})` + axeFound
	AxeRunColors = `axe.run(document, {resultTypes: ["violations"], runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}})` + axeFound
	axeFound     = `.then(r => JSON.stringify(r.violations.map(v => ({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.map(n => n.html)}))))`
)

// Axe returns axe-core, from the folder tools/dev/axe of the checkout at root, installed from its lock file where it is
// not yet.
func Axe(tb testing.TB, root string) string {
	tb.Helper()
	folder := filepath.Join(root, "tools", "dev", "axe")
	path := filepath.Join(folder, "node_modules", "axe-core", "axe.min.js")
	if _, err := os.Stat(path); err != nil {
		install := exec.CommandContext(tb.Context(), "npm", "ci", "--no-audit", "--no-fund")
		install.Dir = folder
		if out, err := install.CombinedOutput(); err != nil {
			if os.Getenv("CI") != "true" {
				tb.Skipf("axe-core is not installed and npm cannot: %v\n%s", err, out)
			}
			tb.Fatalf("install axe-core: %v\n%s", err, out)
		}
	}
	source, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return string(source)
}

// CheckAxe fails for what axe calls serious or critical, and logs the rest.
func CheckAxe(tb testing.TB, answer string) {
	tb.Helper()
	var violations []struct {
		ID, Impact, Help string
		Nodes            []string
	}
	if err := json.Unmarshal([]byte(answer), &violations); err != nil {
		tb.Fatalf("axe answered %.200q: %v", answer, err)
	}
	for _, v := range violations {
		report := tb.Logf
		if v.Impact == "serious" || v.Impact == "critical" {
			report = tb.Errorf
		}
		report("axe: %s (%s): %s\n%s", v.Help, v.ID, v.Impact, strings.Join(v.Nodes, "\n"))
	}
}
