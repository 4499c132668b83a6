package main

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// keyLines holds the line of every key of a TOML file, by its path: site[0].form[1].thank_you. The TOML library tells
// lines of syntax errors only.
type keyLines map[string]int

var (
	arrayHeader = regexp.MustCompile(`^\s*\[\[\s*([^\]]+?)\s*\]\]`)
	tableHeader = regexp.MustCompile(`^\s*\[\s*([^\]]+?)\s*\]`)
	keyStart    = regexp.MustCompile(`^\s*([A-Za-z0-9_."' -]+?)\s*=`)
	pathIndex   = regexp.MustCompile(`\[\d+\]`)
)

// findKeys reads the lines of a file that the TOML library may or may not be able to read.
func findKeys(text string) keyLines {
	lines, counts := keyLines{}, map[string]int{}
	// where says which element of each array of tables is open.
	where := func(name string) string {
		path := ""
		for part := range strings.SplitSeq(name, ".") {
			path = strings.TrimPrefix(path+"."+strings.Trim(strings.TrimSpace(part), `"'`), ".")
			if n := counts[path]; n > 0 {
				path += fmt.Sprintf("[%d]", n-1)
			}
		}
		return path
	}
	table, number := "", 0
	for line := range strings.Lines(text) {
		number++
		switch {
		case arrayHeader.MatchString(line):
			name := arrayHeader.FindStringSubmatch(line)[1]
			parent := ""
			if at := strings.LastIndexByte(name, '.'); at >= 0 {
				parent, name = where(name[:at])+".", name[at+1:]
			}
			counts[parent+strings.TrimSpace(name)]++
			table = fmt.Sprintf("%s%s[%d]", parent, strings.TrimSpace(name), counts[parent+strings.TrimSpace(name)]-1)
			lines[table] = number
		case tableHeader.MatchString(line):
			table = where(tableHeader.FindStringSubmatch(line)[1])
			lines[table] = number
		case keyStart.MatchString(line):
			key := keyStart.FindStringSubmatch(line)[1]
			if table != "" {
				key = table + "." + key
			}
			lines[key] = number
		}
	}
	return lines
}

// nearest returns the line of a key, or of the table around it, 0 where neither is in the file.
func (k keyLines) nearest(key string) int {
	for key != "" {
		if line := k[key]; line > 0 {
			return line
		}
		at := strings.LastIndexAny(key, ".[")
		if at < 0 {
			return 0
		}
		key = key[:at]
	}
	return 0
}

// all returns the lines of a key in whatever elements of arrays it stands.
func (k keyLines) all(name string) []int {
	var lines []int
	for path, line := range k {
		if pathIndex.ReplaceAllString(path, "") == name {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

// knownKeys are the keys that the file may hold, without the elements of arrays.
var knownKeys = func() map[string]bool {
	keys := map[string]bool{}
	addKeys(keys, "", reflect.TypeFor[Config]())
	return keys
}()

func addKeys(keys map[string]bool, prefix string, t reflect.Type) {
	for i := range t.NumField() {
		name := prefix + t.Field(i).Tag.Get("toml")
		keys[name] = true
		if member := t.Field(i).Type; member.Kind() == reflect.Slice && member.Elem().Kind() == reflect.Struct {
			addKeys(keys, name+".", member.Elem())
		}
	}
}

// nearestKey returns the known key of the same table that a typing error may have meant, "" where none is near.
func nearestKey(name string) string {
	best, bestDistance := "", 3
	for _, key := range slices.Sorted(maps.Keys(knownKeys)) {
		if distance := editDistance(name, key); distance < bestDistance {
			best, bestDistance = key, distance
		}
	}
	return best
}

// editDistance counts the letters to insert, delete or change (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
