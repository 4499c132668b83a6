package main

import (
	"fmt"
	"strings"
)

// row is a line of schema/sources.csv without its name; ours tells that it is from a list written for Headwater.
type row struct {
	source, category, mark string
	ours                   bool
}

// named is a row with its name; explicit tells that the short form said what the source is called.
type named struct {
	name string
	row
	explicit bool
}

// readShort reads the short form of ga4.txt and more.txt: [category] or [category mark] begins a part; every word behind it is a
// name. x+ is x and x.com, host=source and "source: names" say what the source is called, and ~ is a blank.
func readShort(text string) ([]named, error) {
	var rows []named
	part, number := row{}, 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if head, ok := strings.CutPrefix(line, "["); ok {
			category, mark, _ := strings.Cut(strings.TrimSuffix(head, "]"), " ")
			part = row{category: category, mark: mark}
			continue
		}
		source := ""
		for i, word := range strings.Fields(line) {
			if name, ok := strings.CutSuffix(word, ":"); ok && i == 0 {
				source = strings.ReplaceAll(name, "~", " ")
				continue
			}
			rows = append(rows, expand(word, source, part)...)
		}
	}
	for i := range rows {
		if rows[i].name != strings.ToLower(rows[i].name) || strings.ContainsAny(rows[i].name+rows[i].source, ",") {
			return nil, fmt.Errorf("%q is not in lower case, or has a comma", rows[i].name)
		}
	}
	return rows, nil
}

func expand(word, source string, part row) []named {
	name, called, explicit := strings.Cut(strings.ReplaceAll(word, "~", " "), "=")
	explicit = explicit || source != ""
	switch {
	case called != "":
		source = called
	case source != "":
	case len(name) > 1 && strings.HasSuffix(name, "+"):
		name = strings.TrimSuffix(name, "+")
		part.source = name
		return []named{{name, part, false}, {name + ".com", part, false}}
	default:
		source = name
	}
	part.source = source
	return []named{{strings.TrimPrefix(name, "www."), part, explicit}}
}
