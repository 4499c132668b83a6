package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	namedTest    = regexp.MustCompile("`(Test\\w+)`")
	namedFile    = regexp.MustCompile("`([\\w./]+\\.go|[\\w./]+/)`")
)

// TestSecurityTable lists the risks of SECURITY.md by name, and holds the table against the code: every test that it names is there,
// every test of this name stands in it, and so does every file.
func TestSecurityTable(t *testing.T) {
	text, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	err = filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		code, err := os.ReadFile(path)
		for _, match := range testFunction.FindAllStringSubmatch(string(code), -1) {
			tests[match[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := []string{"TestSecurityTable"}
	risks := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 3 || strings.Contains(line, "---") || strings.Contains(line, "| tests |") {
			continue
		}
		risks++
		t.Run(strings.TrimSpace(cells[0]), func(t *testing.T) {
			held := 0
			for _, match := range namedTest.FindAllStringSubmatch(cells[2], -1) {
				held++
				named = append(named, match[1])
				if !tests[match[1]] {
					t.Errorf("there is no %s", match[1])
				}
			}
			if held == 0 && !strings.Contains(cells[2], "../snippet/browser") {
				t.Error("no test")
			}
			for _, match := range namedFile.FindAllStringSubmatch(cells[1], -1) {
				if _, err := os.Stat(match[1]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for test := range tests {
		if strings.HasPrefix(test, "TestSecurity") && !slices.Contains(named, test) {
			t.Errorf("%s stands in no row of SECURITY.md: name it beside the risk that it is about", test)
		}
	}
	if risks < 30 {
		t.Errorf("%d rows", risks)
	}
}
