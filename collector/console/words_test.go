package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"
	"time"
	"unicode"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/shopspring/decimal"
	"golang.org/x/net/html"
	"golang.org/x/text/language"

	"github.com/headwater/headwater/collector/reports"
)

func speakers(tb testing.TB) *words {
	tb.Helper()
	w, err := loadWords(slog.New(noMissingTexts{slog.DiscardHandler, tb}))
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

// messagesOf reads the messages of one language by id, and holds that each stands in the file of its area.
func messagesOf(t *testing.T, tag language.Tag) map[string]*i18n.Message {
	t.Helper()
	found := map[string]*i18n.Message{}
	files, err := fs.Glob(messageFiles, "messages/*."+tag.String()+".toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("files of %s: %v, %v", tag, files, err)
	}
	for _, name := range files {
		content, err := fs.ReadFile(messageFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := i18n.ParseMessageFileBytes(content, name, map[string]i18n.UnmarshalFunc{"toml": toml.Unmarshal})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		area, _, _ := strings.Cut(path.Base(name), ".")
		for _, message := range file.Messages {
			if !strings.HasPrefix(message.ID, area+".") {
				t.Errorf("%s: %s does not begin with %s", name, message.ID, area)
			}
			if found[message.ID] != nil {
				t.Errorf("%s stands in two files", message.ID)
			}
			found[message.ID] = message
		}
	}
	return found
}

// forms are the texts of a message, of which languages with plurals have several.
func formsOf(m *i18n.Message) []string {
	return slices.DeleteFunc([]string{m.Zero, m.One, m.Two, m.Few, m.Many, m.Other}, func(s string) bool { return s == "" })
}

var (
	placeholder = regexp.MustCompile(`\{\{\.(\w+)\}\}`)
	tagOfText   = regexp.MustCompile(`</?[a-z][^>]*>`)
)

// shapeOf is what all forms of a text must have in all languages: placeholders and markup.
func shapeOf(text string) string {
	found := append(placeholder.FindAllString(text, -1), tagOfText.FindAllString(text, -1)...)
	slices.Sort(found)
	return strings.Join(slices.Compact(found), " ")
}

func TestMessagesAreTheSameInAllLanguages(t *testing.T) {
	english := messagesOf(t, languages[0])
	for _, tag := range languages {
		others := messagesOf(t, tag)
		for id, message := range others {
			if english[id] == nil {
				t.Errorf("%s: %s is in no English file", tag, id)
				continue
			}
			for _, form := range formsOf(message) {
				if got, want := shapeOf(form), shapeOf(english[id].Other); got != want {
					t.Errorf("%s: %s has %q, in English %q", tag, id, got, want)
				}
				if rest := placeholder.ReplaceAllString(form, ""); strings.Contains(rest, "{{") {
					t.Errorf("%s: %s has a placeholder that is more than a name", tag, id)
				}
				if rich := strings.HasSuffix(id, "_html"); rich != (tagOfText.MatchString(form) || strings.Contains(form, "&amp;")) {
					t.Errorf("%s: %s: an id ends in _html exactly where its text has markup", tag, id)
				}
			}
			if strings.Contains(message.Other, "{{.Count}}") && message.One == "" {
				t.Errorf("%s: %s counts and has no form for one", tag, id)
			}
		}
		for id := range english {
			if others[id] == nil {
				t.Errorf("%s: %s is missing", tag, id)
			}
		}
	}
}

// uses are the ids that code and templates name. A family is the beginning of ids that are put together.
type uses struct{ ids, families map[string]string }

// speaking are the methods that take an id first, with what they put behind it.
var speaking = map[string][]string{
	"say": {""}, "rich": {""}, "known": {""}, "problem": {".heading", ".text"}, "trouble": {".heading", ".text"},
}

// worded is the method that takes a family first, and a word of another package behind it.
const worded = "valued"

func usesOf(t *testing.T, known map[string]*i18n.Message) uses {
	t.Helper()
	u := uses{map[string]string{}, map[string]string{}}
	for name, content := range goFiles(t) {
		file, err := parser.ParseFile(token.NewFileSet(), name, content, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit: // ids also stand in tables
				if text, err := strconv.Unquote(n.Value); err == nil && known[text] != nil {
					u.ids[text] = name
				}
			case *ast.CallExpr:
				u.call(name, n)
			}
			return true
		})
	}
	eachTemplate(t, func(name string, tree *parse.Tree) { u.read(name, tree.Root) })
	return u
}

// call notes a call of one of the methods that speak.
func (u uses) call(file string, call *ast.CallExpr) {
	method, isMethod := call.Fun.(*ast.SelectorExpr)
	if !isMethod || len(call.Args) == 0 {
		return
	}
	if family, isText := call.Args[0].(*ast.BasicLit); isText && method.Sel.Name == worded {
		text, _ := strconv.Unquote(family.Value)
		u.families[text+"."] = file
	}
	if speaking[method.Sel.Name] == nil {
		return
	}
	switch id := call.Args[0].(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(id.Value)
		for _, end := range speaking[method.Sel.Name] {
			u.ids[text+end] = file
		}
	case *ast.BinaryExpr:
		if begin, isText := id.X.(*ast.BasicLit); isText {
			text, _ := strconv.Unquote(begin.Value)
			u.families[text] = file
		}
	}
}

// read notes what a template says.
func (u uses) read(file string, node parse.Node) {
	eachCommand(node, func(c *parse.CommandNode) {
		name, isName := c.Args[0].(*parse.IdentifierNode)
		if isName && (name.Ident == "t" || name.Ident == "rich") && len(c.Args) > 1 {
			if id, isText := c.Args[1].(*parse.StringNode); isText {
				u.ids[id.Text] = file
			}
		}
	})
}

func TestMessagesAreAllThereAndUsed(t *testing.T) {
	known := messagesOf(t, languages[0])
	u, code := usesOf(t, known), goFiles(t)
	for id, file := range u.ids {
		if known[id] == nil {
			t.Errorf("%s says %s, which is in no file of messages", file, id)
		}
	}
	for id := range known {
		_, used := u.ids[id]
		for family := range u.families {
			used = used || strings.HasPrefix(id, family)
		}
		if !used && !usedAsProblem(code, id) {
			t.Errorf("%s is used nowhere", id)
		}
	}
}

// usedAsProblem tells whether code names an id without .heading or .text, to make a problem of it later.
func usedAsProblem(code map[string]string, id string) bool {
	begin := strings.TrimSuffix(strings.TrimSuffix(id, ".heading"), ".text")
	for _, content := range code {
		if begin != id && strings.Contains(content, strconv.Quote(begin)) {
			return true
		}
	}
	return false
}

// goFiles are the files of the package that are no tests.
func goFiles(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "_test.go") {
			files[name] = string(content)
		}
	}
	return files
}

// eachTemplate parses all templates without running them.
func eachTemplate(t *testing.T, look func(name string, tree *parse.Tree)) {
	t.Helper()
	err := fs.WalkDir(templateFiles, "templates", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(templateFiles, name)
		if err != nil {
			return err
		}
		trees := map[string]*parse.Tree{}
		tree := parse.New(name)
		tree.Mode = parse.SkipFuncCheck
		if _, err := tree.Parse(string(content), "", "", trees); err != nil {
			return err
		}
		trees[name] = tree
		for part, tree := range trees {
			look(name+" "+part, tree)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func eachCommand(node parse.Node, look func(*parse.CommandNode)) {
	pipe := func(p *parse.PipeNode) {
		if p == nil {
			return
		}
		for _, c := range p.Cmds {
			look(c)
			for _, arg := range c.Args {
				eachCommand(arg, look)
			}
		}
	}
	branch := func(b *parse.BranchNode) {
		pipe(b.Pipe)
		eachCommand(b.List, look)
		if b.ElseList != nil {
			eachCommand(b.ElseList, look)
		}
	}
	switch n := node.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				eachCommand(child, look)
			}
		}
	case *parse.ActionNode:
		pipe(n.Pipe)
	case *parse.PipeNode:
		pipe(n)
	case *parse.TemplateNode:
		pipe(n.Pipe)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	}
}

// markupOf is the markup of a template, with a dot in place of each action.
func markupOf(node parse.Node) string {
	switch n := node.(type) {
	case *parse.ListNode:
		var b strings.Builder
		if n != nil {
			for _, child := range n.Nodes {
				b.WriteString(markupOf(child))
			}
		}
		return b.String()
	case *parse.TextNode:
		return string(n.Text)
	case *parse.IfNode:
		return markupOf(n.List) + markupOf(n.ElseList)
	case *parse.RangeNode:
		return markupOf(n.List) + markupOf(n.ElseList)
	case *parse.WithNode:
		return markupOf(n.List) + markupOf(n.ElseList)
	}
	return "."
}

// sameEverywhere are words that are no language's: names, and marks of the data.
var sameEverywhere = regexp.MustCompile(`Headwater|CSV|PNG|SVG|UTM|\(unattributed\)|\(not set\)|\(direct\)`)

func hasWords(text string) bool {
	return strings.ContainsFunc(sameEverywhere.ReplaceAllString(text, ""), unicode.IsLetter)
}

// readAloud are the attributes that a person reads or hears.
var readAloud = []string{"aria-label", "placeholder", "title", "alt", "aria-description", "aria-roledescription", "aria-valuetext"}

// ticked tells whether an input's value is nothing that people see.
func ticked(input html.Token) bool {
	return slices.ContainsFunc(input.Attr, func(a html.Attribute) bool {
		return a.Key == "type" && slices.Contains([]string{"checkbox", "radio", "hidden"}, a.Val)
	})
}

func TestTemplatesHoldNoWords(t *testing.T) {
	eachTemplate(t, func(name string, tree *parse.Tree) {
		tokens := html.NewTokenizer(strings.NewReader(strings.ReplaceAll(markupOf(tree.Root), "noscript>", "div>")))
		for {
			switch tokens.Next() {
			case html.ErrorToken:
				return
			case html.TextToken:
				if text := string(tokens.Text()); hasWords(html.UnescapeString(text)) {
					t.Errorf("%s: %q belongs into a file of messages", name, strings.TrimSpace(text))
				}
			case html.StartTagToken, html.SelfClosingTagToken:
				element := tokens.Token()
				for _, a := range element.Attr {
					shown := slices.Contains(readAloud, a.Key) || element.Data == "input" && a.Key == "value" && !ticked(element)
					if shown && hasWords(a.Val) {
						t.Errorf("%s: %s=%q belongs into a file of messages", name, a.Key, a.Val)
					}
				}
			}
		}
	})
}

// A person who reads Dutch sees no sentence of the English files, on any page; nor the other way round.
func TestPagesSpeakOneLanguage(t *testing.T) {
	s := newLiveStand(t)
	sample := newSampler(t, testSites()[0])
	sample.sample()
	s.fill(t, sample.records)
	cookies := map[language.Tag]string{}
	for _, tag := range languages {
		cookies[tag] = s.signIn(t, acmeAdmin)
	}
	place := s.furnish(t, sample, cookies[languages[0]])
	phrases := map[language.Tag]map[string]string{}
	for _, tag := range languages {
		phrases[tag] = phrasesOf(messagesOf(t, tag))
	}
	for _, tag := range languages {
		a := s.post(t, "/console/account/settings", cookies[tag], url.Values{"language": {tag.String()}, "zone": {"America/New_York"}})
		if a.StatusCode != http.StatusSeeOther {
			t.Fatalf("settings: %s", a.Status)
		}
		check := func(path string, a answer) {
			t.Helper()
			if !strings.HasPrefix(a.body, "<!doctype html>\n<html lang=\""+tag.String()+"\">") {
				t.Errorf("%s: %s: the page is not in %s: %.60q", path, a.Status, tag, a.body)
			}
			if tag == language.Dutch {
				for _, text := range englishIn(t, a.body) {
					t.Errorf("%s: %q is not Dutch", path, text)
				}
			} else if len(englishIn(t, a.body)) == 0 {
				t.Errorf("%s: nothing of it is known to be English", path)
			}
			shown := html.UnescapeString(a.body)
			for other, said := range phrases {
				for phrase, id := range said {
					if other != tag && phrases[tag][phrase] == "" && strings.Contains(shown, phrase) {
						t.Errorf("%s in %s says %q (%s of %s)", path, tag, phrase, id, other)
					}
				}
			}
		}
		for _, r := range s.console.routes() {
			if r.Method == http.MethodGet && !strings.Contains(r.Path, ".") && r.Path != "/" {
				paths := []string{placeOf.Replace(r.Path)} // of what is not there
				if tag == language.Dutch && place.Replace(r.Path) != paths[0] {
					paths = append(paths, place.Replace(r.Path))
				}
				for _, path := range paths {
					if a := s.get(t, "/console"+path, cookies[tag]); strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") { // the others lead on, or are files
						check(path, a)
					}
				}
			}
		}
		if tag != language.Dutch { // whose texts can be in no other language: all of them were written in English first
			continue
		}
		check("a card", s.post(t, "/console/contact", cookies[tag], url.Values{"email": {adaEmail}}))
		check("no address", s.post(t, "/console/contact", cookies[tag], url.Values{"email": {"x"}}))
		check("wrong days", s.get(t, "/console/sources?from=2026-03-09&to=2026-03-01", cookies[tag]))
		check("an empty time", s.get(t, "/console/sources?from=2020-03-09&to=2020-03-09", cookies[tag]))
		check("wrong parameter", s.get(t, "/console/sources?by=nothing", cookies[tag]))
		check("rows of costs", s.upload(t, cookies[tag], "spend", "date,source,currency,amount,clicks\nsoon,,EUR,1,\n2026-03-01,google,EUR,x,\n2026-03-01,google,euros,1,\n2026-03-02,google,EUR,1,many\n2026-03-02,google\n"))
		check("rates", s.upload(t, cookies[tag], "rates", "date,from_currency,to_currency,rate\n2026-03-01,EUR,EUR,1\n2026-03-01,NOK,EUR,0\n2099-03-01,NOK,EUR,1\n"))
		check("no costs", s.upload(t, cookies[tag], "spend", "a,b\n1,2\n"))
		check("wrong links", s.postList(t, cookies[tag], "target,utm_source,utm_medium\nnowhere,Linked In,\n"))
		check("wrong settings", s.post(t, "/console/settings", cookies[tag], url.Values{"over": {"0"}, "lookback": {"none"}}))
		check("an empty list", s.get(t, "/console/forms?from=2020-03-09&to=2020-03-09", cookies[tag]))
	}
}

// phrasesOf are the parts of messages between placeholders that are long enough to be of one language only.
func phrasesOf(messages map[string]*i18n.Message) map[string]string {
	phrases := map[string]string{}
	for id, message := range messages {
		for _, form := range formsOf(message) {
			for _, part := range placeholder.Split(tagOfText.ReplaceAllString(form, "{{.X}}"), -1) {
				if part = strings.TrimSpace(part); len(part) >= 12 && strings.Count(part, " ") >= 1 {
					phrases[part] = id
				}
			}
		}
	}
	return phrases
}

func TestWhoReadsWhat(t *testing.T) {
	s := newStand(t, noReports(t))
	ask := func(path, cookie, accepts string) answer {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Language", accepts)
		addCookie(r, cookie)
		return s.do(t, r)
	}
	for accepts, want := range map[string]string{"nl": "Aanmelden", "nl-BE,nl;q=0.9,en;q=0.8": "Aanmelden", "de, nl;q=0.5": "Aanmelden", "en-GB, nl;q=0.5": "Sign in",
		"fr": "Sign in", "": "Sign in", "*": "Sign in", strings.Repeat("x", 3000): "Sign in", "nl;q=x": "Sign in"} {
		if a := ask("/console/sign-in", "", accepts); !strings.Contains(a.body, "<h1>"+want) {
			t.Errorf("%.40q does not get %q", accepts, want)
		}
	}
	cookie := s.signIn(t, acmeViewer)
	if a := ask("/console/script", cookie, "nl"); !strings.Contains(a.body, "Scripttag") || !strings.Contains(a.body, "Tijden zijn in Europe/Oslo.") {
		t.Error("without a setting the browser's language and the site's zone do not count")
	}
	if a := s.post(t, "/console/account/settings", cookie, url.Values{"language": {"en"}, "zone": {" Asia/Tokyo "}}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("settings: %s", a.Status)
	}
	if a := ask("/console/script", cookie, "nl"); !strings.Contains(a.body, "Times are in Asia/Tokyo. The days of reports are those of Europe/Oslo.") {
		t.Errorf("the setting does not count:\n%s", a.body)
	}
	for _, wrong := range []string{"Local", "../../etc/passwd", `"><script>`, "Europe/Atlantis"} {
		a := s.post(t, "/console/account/settings", cookie, url.Values{"language": {"xx"}, "zone": {wrong}})
		if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "no such time zone") || strings.Contains(a.body, `"><script>`) {
			t.Errorf("zone %q: %s", wrong, a.Status)
		}
	}
}

func TestFormats(t *testing.T) {
	english, dutch := speakers(t).match("en", "nl"), speakers(t).match("nl", "en")
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	money := reports.Amounts{{Currency: "EUR", Value: decimal.RequireFromString("1234567.5")}, {Currency: "JPY", Value: decimal.New(1200, 0)}}
	for _, test := range []struct {
		s                                                     *speaker
		number, negative, small, middle, large, money, moment string
		one, many                                             string
	}{
		{english, "1,234,567", "−1,000", "0.4%", "9.9%", "10%", "EUR\u00a01,234,567.50; JPY\u00a01,200", "13 Mar 2026, 08:30", "1 more row", "1,000 more rows"},
		{dutch, "1.234.567", "−1.000", "0,4%", "9,9%", "10%", "EUR\u00a01.234.567,50; JPY\u00a01.200", "13 mrt 2026 08:30", "1 rij meer", "1.000 rijen meer"},
	} {
		got := []string{test.s.number(1234567), test.s.number(-1000), test.s.percent(0.004), test.s.percent(0.0994), test.s.percent(0.0996),
			strings.Join(test.s.money(money), "; "), test.s.in(tokyo).moment(time.Date(2026, 3, 12, 23, 30, 0, 0, time.UTC)).Text,
			test.s.say("words.more_rows", "Count", 1), test.s.say("words.more_rows", "Count", int64(1000))}
		want := []string{test.number, test.negative, test.small, test.middle, test.large, test.money, test.moment, test.one, test.many}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %q, want %q", test.s.language, got[i], want[i])
			}
		}
	}
}

// What fills a text with markup is text.
func TestRichTextEscapes(t *testing.T) {
	got := string(speakers(t).match("en", "").rich("users.lead_html", "Site", `<img src=x onerror="alert(1)">`))
	if !strings.Contains(got, `<strong>&lt;img src=x onerror=&#34;alert(1)&#34;&gt;</strong>`) {
		t.Errorf("%s", got)
	}
}
