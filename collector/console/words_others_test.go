package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/headwater/headwater/schema"
)

// Other packages say in English what is wrong, and name it by a word: each word has a text here, which asks for no more values than come
// with it, and no text is of a word that is gone.
func TestWordsOfOtherPackages(t *testing.T) {
	known := messagesOf(t, languages[0])
	explained, err := fs.ReadFile(schema.Attribution, "attribution/source_explained.sql")
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]int{"again": 0} // which is what is left where no other is
	for _, found := range regexp.MustCompile(`reason = '(\w+)'`).FindAllStringSubmatch(string(explained), -1) {
		reasons[found[1]] = 0
	}
	doubts := map[string]int{}
	for _, doubt := range schema.Suspicions() {
		doubts[string(doubt)] = 0
	}
	for family, words := range map[string]map[string]int{
		"contacts.because.": reasons, "contacts.doubt.": doubts,
		"problems.wrong.": wordsOf(t, "../reports", map[string]int{"paramErrorf": 1}),
		"spend.fault.":    wordsOf(t, "../api", map[string]int{"rowErrorf": 0, "asRowError": 0}),
	} {
		if len(words) < len(doubts) {
			t.Errorf("%s has no more words than %v", family, words)
		}
		for word, values := range words {
			message := known[family+word]
			if message == nil {
				t.Errorf("%s%s has no text", family, word)
				continue
			}
			for i, name := range valueNames {
				if i >= values && strings.Contains(message.Other, "{{."+name+"}}") {
					t.Errorf("%s%s comes with %d values, but is %q", family, word, values, message.Other)
				}
			}
		}
		for id := range known {
			word, is := strings.CutPrefix(id, family)
			if _, said := words[word]; is && !said {
				t.Errorf("%s is of a word that nobody says", id)
			}
		}
	}
}

// wordsOf are the words that functions of a package are given, at the place that the map says, with the fewest values that come after the text
// behind each.
func wordsOf(t *testing.T, folder string, functions map[string]int) map[string]int {
	t.Helper()
	names, err := filepath.Glob(folder + "/*.go")
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %v, %v", folder, names, err)
	}
	words := map[string]int{}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, isCall := n.(*ast.CallExpr)
			if !isCall {
				return true
			}
			called, isName := call.Fun.(*ast.Ident)
			if !isName {
				return true
			}
			place, listed := functions[called.Name]
			if !listed || len(call.Args) < place+2 {
				return true
			}
			if text, isText := call.Args[place].(*ast.BasicLit); isText {
				word, _ := strconv.Unquote(text.Value)
				values := len(call.Args) - place - 2
				if fewest, noted := words[word]; !noted || values < fewest {
					words[word] = values
				}
			}
			return true
		})
	}
	return words
}

// furnish gives the site what pages are about, and fills the parameters of routes in with it.
func (s *stand) furnish(t *testing.T, sample *sampler, cookie string) *strings.Replacer {
	t.Helper()
	leads := func(path string, form url.Values) *url.URL {
		a := s.post(t, path, cookie, form)
		to, err := a.Location()
		if err != nil || a.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %s\n%s", path, a.Status, a.body)
		}
		return to
	}
	ada := string(schema.NewContactID(sample.site.ContactKey(testSecret), adaEmail))
	leads("/console/contacts/"+ada+"/status", url.Values{"over": {"0"}, "status": {"contacting"}})
	selection := leads("/console/selections", url.Values{"name": {"Ada"}, "kind": {"dynamic"}, "here": {"/console/contacts?g1=lead_creation.source:is:facebook"}}).Query().Get("selection")
	campaign := leads("/console/builder", url.Values{"do": {"save"}, "target": {"https://www.acme.example/"}, "utm_source": {"zlinkedin"}, "utm_medium": {"email"}, "utm_campaign": {"zautumn"}}).Path
	leads("/console/settings", url.Values{"over": {"0"}, "transfer": {"on"}, "lookback": {"60"}})
	for path, form := range map[string]url.Values{"/console/users": {"email": {"zoe@acme.example"}, "role": {"viewer"}}, "/console/settings/keys": {"name": {"CRM"}}} {
		if a := s.post(t, path, cookie, form); a.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", path, a.Status)
		}
	}
	return strings.NewReplacer(":contact", ada, ":selection", selection, ":campaign", campaign[strings.LastIndex(campaign, "/")+1:], ":user", "0", ":key", "0")
}

// englishOnly are words that English texts can hardly do without, and Dutch has not.
var englishOnly = regexp.MustCompile(`(?i)\b(the|and|this|that|which|with|from|not|are|your|you|because|has|have|been|there|their|such|changed|added|removed)\b`)

// englishIn returns what a page says in English to who reads or hears it, beside what is marked as code.
func englishIn(t *testing.T, page string) []string {
	t.Helper()
	document, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	note := func(text string) {
		if text = sameEverywhere.ReplaceAllString(text, ""); englishOnly.MatchString(text) {
			found = append(found, strings.TrimSpace(text))
		}
	}
	var look func(*html.Node)
	look = func(n *html.Node) {
		if n.Type == html.ElementNode && slices.Contains([]string{"code", "pre", "script", "style"}, n.Data) {
			return
		}
		if n.Type == html.TextNode {
			note(n.Data)
		}
		for _, a := range n.Attr {
			if slices.Contains(readAloud, a.Key) || strings.HasPrefix(a.Key, "data-") {
				note(a.Val)
			}
		}
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			look(child)
		}
	}
	look(document)
	return found
}
