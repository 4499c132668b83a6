//go:build linux || darwin

package httpapi

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var encoded = regexp.MustCompile(`(HEX|BITS)\{([^}]*)\}`)

// inPlace puts the test's folders into an attack, then encodes what is to be.
func inPlace(attack string) string {
	attack = strings.NewReplacer("OUT", testEngine.dir, "IN", filepath.Join(testEngine.dir, "data", "engine")).Replace(attack)
	return encoded.ReplaceAllStringFunc(attack, func(match string) string {
		part := encoded.FindStringSubmatch(match)
		if part[1] == "HEX" {
			return fmt.Sprintf("x'%x'", part[2])
		}
		var bits strings.Builder
		for _, c := range []byte(part[2]) {
			fmt.Fprintf(&bits, "%08b", c)
		}
		return "b'" + bits.String() + "'"
	})
}

// attackParameters give the attacks with placeholders and settings another way in.
func attackParameters() []string {
	out := filepath.Join(testEngine.dir, "canary.txt")
	return []string{"param_p", out, "param_t", out, "param_f", "file", "param_s", `x String, y String DEFAULT file('` + out + `')`}
}

// checkNoLeak fails when the answer holds the canary or a file was written outside.
func checkNoLeak(tb testing.TB, statement string, got answer) {
	tb.Helper()
	if strings.Contains(got.body, canary) {
		tb.Errorf("leaked the canary:\n%s\n%s", statement, got.body)
	}
	entries, err := os.ReadDir(testEngine.dir)
	if err != nil {
		tb.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); name != "canary.txt" && name != "data" {
			tb.Errorf("wrote %s to the host's files: %s", name, statement)
			os.RemoveAll(filepath.Join(testEngine.dir, name))
		}
	}
}

func TestAttacksReachNothing(t *testing.T) {
	base := serve(t)
	database := newDatabase(t, base)
	must(t, base, "CREATE TABLE kept (a String) ENGINE = MergeTree ORDER BY tuple()", "database", database)
	for _, attack := range attacks {
		statement := inPlace(attack)
		got := ask(t, base, statement, append(attackParameters(), "database", database)...)
		checkNoLeak(t, statement, got)
		if got.status == http.StatusOK && got.body != "" && !harmless[attack] {
			t.Errorf("succeeded: %s\n%.300s", statement, got.body)
		}
	}
	// whatever an attack may have created must not leak when it is read
	tables := must(t, base, "SELECT name FROM system.tables WHERE database = {d:String} FORMAT TSVRaw", "param_d", database)
	for _, table := range strings.Fields(tables) {
		got := ask(t, base, "SELECT * FROM "+quoteName(table)+" LIMIT 100", "database", database)
		checkNoLeak(t, "SELECT * FROM "+table, got)
	}
	t.Logf("tables that attacks left behind: %s", strings.Join(strings.Fields(tables), " "))
}

var harmless = map[string]bool{}
