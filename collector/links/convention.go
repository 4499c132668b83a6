package links

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Convention is how a site names its campaigns. Its zero value allows everything; see DefaultConvention.
type Convention struct {
	// LowerCase refuses capital letters: other systems take LinkedIn and linkedin for two sources.
	LowerCase bool `json:"lower_case"`
	// Separator stands between words: "_", "-" or "."; "" for any of them. Blanks are never a separator where there is one.
	Separator string `json:"separator"`
	// ASCII allows only a-z, A-Z, 0-9, the separators and ~.
	ASCII bool `json:"ascii"`
	// Sources and Mediums are closed lists; empty ones are open.
	Sources []string `json:"sources"`
	Mediums []string `json:"mediums"`
	// Campaigns are registered ones, for the tag audit: it is no closed list, because every campaign begins as a new one.
	Campaigns []string `json:"campaigns"`
	// Required are the parts that every link must have.
	Required []Part `json:"required"`
	// MaxLength bounds each value, in characters; 0 for no bound but the address's.
	MaxLength int `json:"max_length"`
}

// DefaultConvention is that of a site whose admin has not chosen one.
func DefaultConvention() Convention {
	return Convention{LowerCase: true, ASCII: true, Required: []Part{Source, Medium, Campaign}, MaxLength: 100}
}

// Separators are those that a convention may choose.
func Separators() []string { return []string{"_", "-", "."} }

const (
	maxListed    = 500 // values of a closed list
	maxOfLengths = 255
)

// Check tells what is wrong with the convention itself, nil where nothing is. Listed values must obey its other rules.
func (c *Convention) Check() *Problem {
	if c.Separator != "" && !slices.Contains(Separators(), c.Separator) {
		return &Problem{ID: "links.problem.separator"}
	}
	if c.MaxLength < 0 || c.MaxLength > maxOfLengths {
		return &Problem{ID: "links.problem.max_length", Data: data("Most", fmt.Sprint(maxOfLengths))}
	}
	for _, part := range c.Required {
		if !slices.Contains(Named(), part) {
			return &Problem{ID: "links.problem.required"}
		}
	}
	for part, values := range map[Part][]string{Source: c.Sources, Medium: c.Mediums, Campaign: c.Campaigns} {
		if len(values) > maxListed {
			return &Problem{Part: part, ID: "links.problem.list_long", Data: data("Most", fmt.Sprint(maxListed))}
		}
		for _, value := range values {
			if part == Campaign {
				if len(value) > maxTag || !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
					return &Problem{Part: part, ID: "links.problem.control"}
				}
				continue // found in traffic, so spelled as it is
			}
			if p := c.spelling(part, value); p != nil {
				p.ID, p.Data = "links.problem.listed", data("Value", value)
				return p
			}
		}
	}
	return nil
}

// CheckTags tells everything about the tags that breaks the convention.
func (c *Convention) CheckTags(tags Tags) []*Problem {
	tags = tags.Trimmed()
	var all []*Problem
	for _, part := range Named() {
		value := tags.Of(part)
		if value == "" {
			if slices.Contains(c.Required, part) {
				all = append(all, &Problem{Part: part, ID: "links.problem.missing"})
			}
			continue
		}
		if p := c.listed(part, value); p != nil {
			all = append(all, p)
		} else if p := c.spelling(part, value); p != nil {
			all = append(all, p)
		}
	}
	return all
}

// List is the closed list of a part, empty where it is open.
func (c *Convention) List(part Part) []string {
	switch part {
	case Source:
		return c.Sources
	case Medium:
		return c.Mediums
	}
	return nil
}

func (c *Convention) listed(part Part, value string) *Problem {
	list := c.List(part)
	if len(list) == 0 || slices.Contains(list, value) {
		return nil
	}
	p := &Problem{Part: part, ID: "links.problem.not_listed", Data: data("Value", value)}
	for _, known := range list {
		if fold(known) == fold(value) {
			p.Suggestion = known
			return p
		}
	}
	if near := Near(value, list); len(near) > 0 {
		p.Suggestion = near[0]
	}
	return p
}

// spelling finds the first rule of spelling that a value breaks. A value of a closed list is spelled as it stands there.
func (c *Convention) spelling(part Part, value string) *Problem {
	broken := func(id string, pairs ...string) *Problem {
		p := &Problem{Part: part, ID: "links.problem." + id, Data: data(append(pairs, "Value", value)...)}
		if fixed := c.Fix(value); fixed != value && fixed != "" {
			p.Suggestion = fixed
		}
		return p
	}
	if c.LowerCase && strings.ToLower(value) != value {
		return broken("case")
	}
	for _, r := range value {
		switch {
		case unicode.IsSpace(r) && (c.Separator != "" || c.ASCII):
			return broken("blank")
		case c.Separator != "" && strings.ContainsRune("_-.", r) && string(r) != c.Separator:
			return broken("other_separator", "Separator", c.Separator)
		case c.ASCII && !plain(r):
			return broken("character", "Character", string(r))
		}
	}
	if c.MaxLength > 0 && utf8.RuneCountInString(value) > c.MaxLength {
		return broken("too_long", "Most", fmt.Sprint(c.MaxLength))
	}
	return nil
}

func plain(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-.~", r)
}

// betweenWords is what people type between words: "Halle 7 – Stand 42" has three words and one dash too many.
var betweenWords = regexp.MustCompile(`[\s\p{Z}\p{Pd}]*[\s\p{Z}][\s\p{Z}\p{Pd}]*`)

// Fix spells a value as the convention wants it: "Été 2026!" becomes "ete_2026".
func (c *Convention) Fix(value string) string {
	value = betweenWords.ReplaceAllString(strings.TrimSpace(value), " ")
	if c.LowerCase {
		value = strings.ToLower(value)
	}
	separator := c.Separator
	if separator == "" {
		separator = "-"
	}
	if c.ASCII {
		value = strings.NewReplacer("ß", "ss", "æ", "ae", "Æ", "AE", "ø", "o", "Ø", "O", "å", "a", "Å", "A", "ł", "l", "Ł", "L", "œ", "oe", "Œ", "OE", "&", " and ", "@", " at ").Replace(value)
		value = strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1
			}
			return r
		}, norm.NFKD.String(value))
	}
	var b strings.Builder
	pending := ""
	for _, r := range value {
		switch {
		case unicode.IsSpace(r), c.Separator != "" && strings.ContainsRune("_-.", r), c.ASCII && !plain(r):
			if b.Len() > 0 {
				pending = separator
			}
			continue
		}
		b.WriteString(pending)
		pending = ""
		b.WriteRune(r)
	}
	fixed := b.String()
	if c.MaxLength > 0 && utf8.RuneCountInString(fixed) > c.MaxLength {
		fixed = strings.TrimRight(string([]rune(fixed)[:c.MaxLength]), "_-.")
	}
	return fixed
}
