//go:build linux || darwin

package httpapi

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestOfficialJavaScriptClient runs ../jsclient/check.mjs: the npm package @clickhouse/client, pinned there.
func TestOfficialJavaScriptClient(t *testing.T) {
	if testing.Short() {
		t.Skip("needs npm's packages")
	}
	base := serve(t)
	locked := serve(t, func(h *Handler) { h.User, h.Password = "anna", "secret" })
	folder := filepath.Join("..", "jsclient")
	missing := func(what string, err error, output []byte) {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s: %v\n%s", what, err, output)
		}
		t.Skipf("%s: %v", what, err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing("Node.js is not installed", err, nil)
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "@clickhouse", "client")); err != nil {
		install := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--loglevel", "error")
		install.Dir = folder
		if output, err := install.CombinedOutput(); err != nil {
			missing("npm ci in tools/clickhouse/jsclient", err, output)
		}
	}
	check := exec.Command(node, "--test", "check.mjs")
	check.Dir = folder
	check.Env = append(os.Environ(), "CLICKHOUSE_URL="+base, "CLICKHOUSE_LOCKED_URL="+locked)
	if output, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
