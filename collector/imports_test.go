package main

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/headwater/headwater/"

// mayImport is the whole of who may import what of ours (design: folders are stages of the flow). The key is a folder,
// its value the folders that its non-test code may reach, directly or through others. schema is open to everyone.
var mayImport = map[string][]string{
	"schema":                     {},
	"snippet":                    {"schema", "snippet/releases"},
	"collector/rejection":        {"schema"},
	"collector/intake":           {"schema", "snippet", "collector/rejection"},
	"collector/intake/corpus":    {"schema"},
	"collector/spool":            {"schema"},
	"collector/visitors":         {"schema"},
	"collector/store":            {"schema"},
	"collector/forward":          {"schema", "collector/spool", "collector/visitors", "collector/store"},
	"collector/models":           {},
	"collector/reclassify":       {"schema", "collector/store"},
	"collector/reports":          {"schema", "collector/models"},
	"collector/erasure":          {"schema", "collector/spool", "collector/visitors", "collector/store", "collector/reports", "collector/models"},
	"collector/desk":             {"schema", "collector/store"},
	"collector/accounts":         {"schema", "collector/store", "collector/desk"},
	"collector/people":           {"schema", "collector/reports", "collector/models", "collector/store", "collector/desk"},
	"collector/links":            {"schema", "collector/reports", "collector/models", "collector/store", "collector/desk"},
	"collector/doctor":           {"schema"},
	"collector/api":              {"schema", "collector/reports", "collector/models", "collector/rejection"},
	"collector/sample":           {"schema", "collector/store"},
	"collector/sites":            {"schema", "collector/desk", "collector/store", "collector/intake", "collector/rejection"},
	"collector/console/pagelist": {},
	"collector/console":          {"schema", "collector/sites", "collector/sample", "collector/intake", "collector/rejection", "collector/reports", "collector/models", "collector/accounts", "collector/people", "collector/links", "collector/doctor", "collector/desk", "collector/store"},
	"collector/collectortest":    {"schema", "collector/spool", "tools/clickhouse/library"},
}

func TestImportRules(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Deps \" \"}}", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		paths := strings.Fields(line)
		folder := strings.TrimPrefix(paths[0], module)
		seen[folder] = true
		allowed, ruled := mayImport[folder]
		for _, path := range paths[1:] {
			dependency, ours := strings.CutPrefix(path, module)
			switch {
			case ruled && ours && !contains(allowed, dependency):
				t.Errorf("%s imports %s: not one of %q", folder, dependency, allowed)
			case dependency == "collector" || dependency == "collector/collectortest":
				t.Errorf("%s imports %s: only tests may, and nobody imports main", folder, dependency)
			case strings.HasPrefix(folder, "collector") && strings.HasPrefix(dependency, "tools/") && folder != "collector/collectortest":
				t.Errorf("%s imports %s: the collector knows no tools", folder, dependency)
			case folder == "collector" && (strings.Contains(path, "purego") || strings.Contains(path, "evanw/esbuild")):
				t.Errorf("the collector links %s", path)
			}
		}
		if !ruled && strings.HasPrefix(folder, "collector/") {
			t.Errorf("%s has no rule: say above what it may import", folder)
		}
	}
	for folder := range mayImport {
		if !seen[folder] {
			t.Errorf("a rule for %s, which is no package", folder)
		}
	}
}

func contains(list []string, text string) bool {
	for _, item := range list {
		if item == text || strings.HasPrefix(text, item+"/") {
			return true
		}
	}
	return false
}
