package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

const botsPackage = "crawler-user-agents@1.60.0"

//go:embed senders.txt
var senders string

// writeBots writes the package's patterns without those of senders, in the package's order. Each must be one that RE2 reads.
func writeBots(out string) error {
	text, err := packed(botsPackage, "crawler-user-agents.json")
	if err != nil {
		return err
	}
	var list []struct{ Pattern string }
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("%s: %w", botsPackage, err)
	}
	var leftOut []string
	for line := range strings.Lines(senders) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			leftOut = append(leftOut, line)
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# A regular expression a line (RE2), found anywhere in the User-Agent header of a bot: made by tools/sources from npm %s\n# (MIT, (c) 2017 Martin Monperrus) without the patterns of tools/sources/senders.txt.\n", botsPackage)
	for _, bot := range list {
		if i := slices.Index(leftOut, bot.Pattern); i >= 0 {
			leftOut = slices.Delete(leftOut, i, i+1)
			continue
		}
		if _, err := regexp.Compile(bot.Pattern); err != nil || strings.ContainsAny(bot.Pattern, "\r\n") {
			return fmt.Errorf("%s: %q: %w", botsPackage, bot.Pattern, err)
		}
		b.WriteString(bot.Pattern + "\n")
	}
	if len(leftOut) > 0 {
		return fmt.Errorf("senders.txt: %s has no such patterns: %q", botsPackage, leftOut)
	}
	return os.WriteFile(out, b.Bytes(), 0o644)
}
