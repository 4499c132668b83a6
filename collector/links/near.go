package links

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fold is what is left of a value without case, separators and accents.
func fold(value string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(value))
}

// maxNear bounds what Near returns: more would be no help.
const maxNear = 5

// Near lists the known values that value was perhaps meant to be, the nearest first: those that are the same but for case, separators
// and accents, and those that are one letter away, of eight letters or more two (swapped neighbours count once). Values with other
// digits are no typing errors: sept2025 and sept2026 are two campaigns. A known value that is the same is no duplicate but a repetition:
// then there is none.
func Near(value string, known []string) []string {
	if value == "" || slices.Contains(known, value) {
		return nil
	}
	folded := fold(value)
	type candidate struct {
		value string
		far   int
	}
	var found []candidate
	for _, other := range known {
		if far, near := distance(folded, fold(other)); near {
			found = append(found, candidate{other, far})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.far - b.far })
	var list []string
	for _, c := range found {
		if !slices.Contains(list, c.value) && len(list) < maxNear {
			list = append(list, c.value)
		}
	}
	return list
}

// distance compares two folded values.
func distance(a, b string) (far int, near bool) {
	if a == b {
		return 0, a != ""
	}
	short := min(utf8.RuneCountInString(a), utf8.RuneCountInString(b))
	most := 1
	switch {
	case short < 4:
		return 0, false
	case short >= 8:
		most = 2
	}
	if digits(a) != digits(b) {
		return 0, false
	}
	far = edits([]rune(a), []rune(b), most)
	return far, far <= most
}

func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
}

// edits is the number of letters to add, drop, change or swap with their neighbour (optimal string alignment), or more than most.
func edits(a, b []rune, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	before, row, next := []int(nil), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, make([]int, len(b)+1)
	}
	return row[len(b)]
}
