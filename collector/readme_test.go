package main

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/headwater/headwater/collector/rejection"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadmeConfig: the example is a good configuration, and names every key.
func TestReadmeConfig(t *testing.T) {
	clearEnvironment(t)
	_, after, _ := strings.Cut(readme(t), "```toml\n")
	example, _, found := strings.Cut(after, "```")
	if !found {
		t.Fatal("there is no example")
	}
	for key := range knownKeys {
		if name := key[strings.LastIndexByte(key, '.')+1:]; !strings.Contains(example, name+" =") && !strings.Contains(example, name+"]]") {
			t.Errorf("the example says nothing of %s", key)
		}
	}
	path := writeConfig(t, strings.Replace(example, `secret = "…"`, `secret = "0123456789abcdef0123456789abcdef"`, 1))
	if out, _, code := headwater(t, "check-config", "--config", path); code != 0 {
		t.Errorf("the example is wrong: %s", out)
	}
}

// TestReadmeReasons: every reason is explained, with its status.
func TestReadmeReasons(t *testing.T) {
	rows := map[string]string{}
	for line := range strings.Lines(readme(t)) {
		if cells := strings.Split(line, "|"); len(cells) == 5 {
			for name := range strings.SplitSeq(cells[1], ",") {
				rows[strings.Trim(name, " `")] = strings.TrimSpace(cells[2])
			}
		}
	}
	for _, reason := range rejection.Reasons() {
		if rows[string(reason)] != statusText(reason) {
			t.Errorf("%s is explained with status %q, not %s", reason, rows[string(reason)], statusText(reason))
		}
	}
}

func statusText(reason rejection.Reason) string { return strconv.Itoa(reason.Status()) }
