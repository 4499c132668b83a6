package schema

import (
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// category says what kind of place a source is; it decides the medium of a bare referrer and, with the medium, the channel.
type category string

const (
	categorySearch   category = "search"
	categorySocial   category = "social"
	categoryVideo    category = "video"
	categoryShopping category = "shopping"
	categoryEmail    category = "email"
	categoryAI       category = "ai"
	categoryDisplay  category = "display"
)

var categories = []category{"", categorySearch, categorySocial, categoryVideo, categoryShopping, categoryEmail, categoryAI, categoryDisplay}

// mediumOf is the medium of a touch that names none.
func (c category) medium() string {
	switch c {
	case categorySearch:
		return "organic"
	case categoryShopping:
		return ""
	}
	return string(c) // social, video, email, ai, display
}

// The marks that a row of sources.csv may bear. An ignored referrer is no source (payment, sign-on); a paid name says that
// the link was an ad (adwords, fb-ads).
const (
	markIgnored = "ignored"
	markPaid    = "paid"
)

type knownSource struct {
	name          string
	category      category
	ignored, paid bool
}

// medium of a touch from here that names none.
func (s knownSource) medium() string {
	if s.paid {
		return "cpc"
	}
	return s.category.medium()
}

type knownPath struct {
	path string
	knownSource
}

// Sources is a list of known places: what hosts, apps and short forms are called, and what kind of place each is. It does not
// change, and is safe for concurrent use.
type Sources struct {
	names map[string]knownSource // by host, package id, or a short form that people write into utm_source
	paths map[string][]knownPath // by host, where some of its pages are another source; the longest path first
	kinds map[string]category    // by the name of a source
	// fingerprint is the SHA-256 of the list.
	fingerprint [sha256.Size]byte
}

//go:embed sources.csv
var sourcesText string

// BuiltInSources is the list that Headwater brings along: sources.csv.
var BuiltInSources = sync.OnceValue(func() *Sources {
	sources, err := ParseSources(sourcesText)
	if err != nil {
		panic("sources.csv: " + err.Error()) // a test reads it
	}
	return sources
})

// BuiltInSourcesText is sources.csv as an operator may start a list of their own from.
func BuiltInSourcesText() string { return sourcesText }

// ParseSources reads a list of sources: on each line a name (a host, with or without a path, a package id, or a short form),
// the source that it is, its category (search, social, video, shopping, email, ai, display or nothing) and maybe a mark
// (ignored or paid), separated by commas. Blank lines and lines that begin with # count for nothing.
func ParseSources(text string) (*Sources, error) {
	s := &Sources{names: map[string]knownSource{}, paths: map[string][]knownPath{}, kinds: map[string]category{}}
	s.fingerprint = sha256.Sum256([]byte(text))
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(strings.TrimPrefix(line, "\uFEFF"))
		if line == "" || line[0] == '#' {
			continue
		}
		if err := s.add(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if len(s.names) == 0 {
		return nil, errors.New("it names no source: a line is such as example.com,example,social")
	}
	for host := range s.paths {
		slices.SortFunc(s.paths[host], func(a, b knownPath) int { return len(b.path) - len(a.path) })
	}
	s.nameKinds()
	return s, nil
}

func (s *Sources) add(line string) error {
	cells := strings.Split(line, ",")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	if len(cells) < 3 || len(cells) > 4 || cells[0] == "" || cells[1] == "" {
		return fmt.Errorf("%.120q is not name,source,category or name,source,category,mark", line)
	}
	if cells[0] != strings.ToLower(cells[0]) || cells[1] != normalValue(cells[1]) {
		return fmt.Errorf("%.120q: names and sources are in lower case", line)
	}
	known := knownSource{name: cells[1], category: category(cells[2])}
	if !slices.Contains(categories, known.category) {
		return fmt.Errorf("%.80q is no category: search, social, video, shopping, email, ai, display or nothing", cells[2])
	}
	if len(cells) == 4 {
		switch cells[3] {
		case "":
		case markIgnored:
			known.ignored = true
		case markPaid:
			known.paid = true
		default:
			return fmt.Errorf("%.80q is no mark: ignored, paid or nothing", cells[3])
		}
	}
	host, path, hasPath := strings.Cut(strings.TrimPrefix(cells[0], "www."), "/")
	if hasPath && host != "" {
		s.paths[host] = append(s.paths[host], knownPath{"/" + strings.TrimSuffix(path, "/"), known})
		return nil
	}
	if _, twice := s.names[host]; twice {
		return fmt.Errorf("%q stands there twice", cells[0])
	}
	s.names[host] = known
	return nil
}

// nameKinds says what kind of place each source is by its name, as utm_source mostly has it: what the row of that very name
// says, else what its other rows say. A source may be of several kinds (yandex: search and mail): search is what people mean.
func (s *Sources) nameKinds() {
	for _, known := range s.names {
		switch now := s.kinds[known.name]; {
		case now == "", known.category == categorySearch:
			s.kinds[known.name] = known.category
		case now != categorySearch && known.category != "":
			s.kinds[known.name] = min(now, known.category) // not the one that a map happens to give first
		}
	}
	for name, known := range s.names {
		if name == known.name {
			s.kinds[name] = known.category
		}
	}
}

// at finds a place. A package id is no host: it is listed as a whole, or unknown (app.t.me.client is not Telegram).
func (s *Sources) at(from place) (knownSource, bool) {
	if from.app {
		known, ok := s.names[from.host]
		return known, ok
	}
	if len(from.path) > 1 {
		if known, ok := s.page(from); ok {
			return known, true
		}
	}
	return s.host(from.host)
}

// page finds a place that only some pages of a host are.
func (s *Sources) page(from place) (knownSource, bool) {
	for host := from.host; ; {
		for _, known := range s.paths[host] {
			if strings.HasPrefix(from.path, known.path) && (len(from.path) == len(known.path) || from.path[len(known.path)] == '/') {
				return known.knownSource, true
			}
		}
		_, rest, found := strings.Cut(host, ".")
		if !found || !strings.Contains(rest, ".") {
			return knownSource{}, false
		}
		host = rest
	}
}

// host finds the longest listed parent of host.
func (s *Sources) host(host string) (knownSource, bool) {
	for parent := host; ; {
		if known, ok := s.names[parent]; ok && (parent == host || strings.Contains(parent, ".")) {
			if parent != host && known.category == categorySearch && !stillSearch(host[:len(host)-len(parent)-1], parent) {
				return knownSource{}, false
			}
			return known, true
		}
		_, rest, found := strings.Cut(parent, ".")
		if !found || !strings.Contains(rest, ".") {
			return knownSource{}, false
		}
		parent = rest
	}
}

// searchLabels are the subdomains under which a search engine still is one: docs.google.com is not.
var searchLabels = map[string]bool{"m": true, "search": true, "images": true, "image": true, "video": true, "lite": true,
	"html": true, "cn": true, "int": true, "global": true, "mobile": true, "web": true, "safe": true, "r": true, "results": true}

// stillSearch tells whether a subdomain of a search engine is one too: below search.yahoo.com everything, else only countries
// and searchLabels.
func stillSearch(below, parent string) bool {
	switch label, rest, _ := strings.Cut(parent, "."); {
	case (label == "search" || label == "images" || label == "suche") && strings.Contains(rest, "."):
		return true
	}
	for label := range strings.SplitSeq(below, ".") {
		if len(label) != 2 && !searchLabels[label] {
			return false
		}
	}
	return true
}

// tagged finds what a utm_source, in its normal form, may mean: a listed name or host, a URL, or a network's name with "ads".
func (s *Sources) tagged(name string) (knownSource, bool) {
	if known, ok := s.names[strings.TrimPrefix(name, "www.")]; ok {
		return known, true
	}
	if strings.Contains(name, "://") {
		return s.at(placeOf(name))
	}
	if strings.Contains(name, ".") {
		if known, ok := s.host(strings.TrimPrefix(name, "www.")); ok {
			return known, true
		}
	}
	if base, ok := adBase(name); ok {
		if known, ok := s.names[base]; ok {
			known.paid = true
			return known, true
		}
	}
	return knownSource{}, false
}

// adBase takes "ads" off the name of a network, as people tag their ads: linkedin-ads, tiktok_ad, google ads.
func adBase(name string) (string, bool) {
	base, found := strings.CutSuffix(strings.TrimSuffix(name, "s"), "ad")
	if !found || len(base) < 3 || !strings.ContainsRune("-_ .", rune(base[len(base)-1])) {
		return "", false
	}
	return base[:len(base)-1], true
}

// kind says what kind of place a source of this name is, "" where nobody knows.
func (s *Sources) kind(name string) category { return s.kinds[name] }

// called is how the list calls a source, and what kind of place it is.
func (s *Sources) called(name string) (string, category) {
	name = normalValue(name)
	if known, ok := s.names[name]; ok {
		name = known.name
	}
	return name, s.kind(name)
}
