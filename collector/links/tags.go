package links

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tags are the parameters of a campaign link, as they stand in its address.
type Tags struct {
	Source   string `json:"utm_source,omitempty"`
	Medium   string `json:"utm_medium,omitempty"`
	Campaign string `json:"utm_campaign,omitempty"`
	Term     string `json:"utm_term,omitempty"`
	Content  string `json:"utm_content,omitempty"`
	ID       string `json:"utm_id,omitempty"`
}

// Part names one of the tags, without utm_.
type Part string

// The parts, in the order in which they stand in an address.
const (
	Source   Part = "source"
	Medium   Part = "medium"
	Campaign Part = "campaign"
	Term     Part = "term"
	Content  Part = "content"
	ID       Part = "id"
)

// Parts lists all parts, in the order in which they stand in an address.
func Parts() []Part { return []Part{Source, Medium, Campaign, Term, Content, ID} }

// Named lists the parts that a naming convention is about: all but the id.
func Named() []Part { return Parts()[:5] }

// Parameter is the part's name in an address.
func (p Part) Parameter() string { return "utm_" + string(p) }

// Of returns a part.
func (t *Tags) Of(p Part) string { return *t.field(p) }

// Set changes a part.
func (t *Tags) Set(p Part, value string) { *t.field(p) = value }

func (t *Tags) field(p Part) *string {
	switch p {
	case Source:
		return &t.Source
	case Medium:
		return &t.Medium
	case Campaign:
		return &t.Campaign
	case Term:
		return &t.Term
	case Content:
		return &t.Content
	}
	return &t.ID
}

// Trimmed returns the tags without white space around them.
func (t Tags) Trimmed() Tags {
	for _, part := range Parts() {
		t.Set(part, strings.TrimSpace(t.Of(part)))
	}
	return t
}

// maxTag is how long a tag may be, in bytes: what a touch keeps (schema.Touch).
const maxTag = 1024

// check refuses what no address should carry, whatever the convention says.
func (t *Tags) check() error {
	for _, part := range Parts() {
		value := t.Of(part)
		switch {
		case len(value) > maxTag:
			return &Problem{Part: part, ID: "links.problem.long", Data: data("Most", fmt.Sprint(maxTag))}
		case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
			return &Problem{Part: part, ID: "links.problem.control"}
		}
	}
	return nil
}

// Problem is something wrong with a link, for a person: the id of a message, with what stands in it.
type Problem struct {
	Part Part // "" where it is about the target
	ID   string
	Data map[string]string
	// Suggestion is what the part could be instead, "" where nobody can know.
	Suggestion string
}

// Error is for logs; pages show the message.
func (p *Problem) Error() string { return fmt.Sprintf("%s: %s %v", p.Part, p.ID, p.Data) }

func data(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}
