package console

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/headwater/headwater/schema"
)

// All text that a person reads stands in messages/<area>.<language>.toml, under ids that begin with the area.
//
//go:embed messages
var messageFiles embed.FS

// languages are those that the console speaks; the first is for who wants none of them.
var languages = []language.Tag{language.English, language.Dutch}

// words are the texts of all languages.
type words struct {
	matcher  language.Matcher
	speakers map[language.Tag]*speaker
}

func loadWords(log *slog.Logger) (*words, error) {
	bundle := i18n.NewBundle(languages[0])
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	files, err := messageFiles.ReadDir("messages")
	if err != nil {
		return nil, fmt.Errorf("read console messages: %w", err)
	}
	for _, file := range files {
		if _, err := bundle.LoadMessageFileFS(messageFiles, "messages/"+file.Name()); err != nil {
			return nil, fmt.Errorf("read console messages %s: %w", file.Name(), err)
		}
	}
	w := &words{matcher: language.NewMatcher(languages), speakers: map[language.Tag]*speaker{}}
	for _, tag := range languages {
		w.speakers[tag] = newSpeaker(bundle, tag, log)
	}
	return w, nil
}

// match returns the speaker for a user's setting, or where it is "", for what the browser asks for (Accept-Language).
func (w *words) match(setting, accepts string) *speaker {
	for _, tag := range languages {
		if setting == tag.String() {
			return w.speakers[tag]
		}
	}
	wanted, _, _ := language.ParseAcceptLanguage(accepts) // what cannot be read asks for nothing
	_, at, _ := w.matcher.Match(wanted...)
	return w.speakers[languages[at]]
}

// speaker writes for one person: in their language, numbers and dates as it writes them, times in their zone. The speakers in
// words have no person yet, and so the zone UTC.
type speaker struct {
	language     language.Tag
	zone         *time.Location
	localizer    *i18n.Localizer
	group, point string // between thousands, and before decimals
	log          *slog.Logger
}

func newSpeaker(bundle *i18n.Bundle, tag language.Tag, log *slog.Logger) *speaker {
	s := &speaker{language: tag, zone: time.UTC, localizer: i18n.NewLocalizer(bundle, tag.String()), log: log}
	digits := func(r rune) bool { return r >= '0' && r <= '9' }
	separators := strings.FieldsFunc(message.NewPrinter(tag).Sprintf("%.1f", 1234.5), digits)
	s.group, s.point = separators[0], separators[1]
	return s
}

// in is the speaker for somebody who lives in a zone.
func (s *speaker) in(zone *time.Location) *speaker {
	own := *s
	own.zone = zone
	return &own
}

const missingText = "console: a text is missing"

// say returns the text of an id. pairs are the names and values of its placeholders; numbers are written as the language does
// it, and that of "Count" chooses the plural form. An id that is not there is a mistake of ours that the tests find; it is logged and shown
// as it is.
func (s *speaker) say(id string, pairs ...any) string {
	text, err := s.find(id, pairs)
	if err != nil {
		s.log.Error(missingText, "id", id, "error", err)
		return id
	}
	return text
}

// valueNames are the placeholders of texts that belong to words of other packages.
var valueNames = []string{"First", "Second", "Third"}

// valued returns the text that belongs to a word of another package in a family of texts. values fill the placeholders First, Second and
// Third; what is long is cut. A word without a text is a mistake of ours that the tests find; then no more is said than that.
func (s *speaker) valued(family, code string, values []any) string {
	var pairs []any
	for i, name := range valueNames {
		if i >= len(values) {
			break
		}
		value := values[i]
		if _, isNumber := asWhole(value); !isNumber {
			value = schema.CutText(fmt.Sprint(value), 128)
		}
		pairs = append(pairs, name, value)
	}
	return s.say(family+"."+code, pairs...)
}

// known returns the text of an id that need not be there, "" where it is not.
func (s *speaker) known(id string) string {
	text, err := s.find(id, nil)
	if err != nil {
		return ""
	}
	return text
}

func (s *speaker) find(id string, pairs []any) (string, error) {
	config := &i18n.LocalizeConfig{MessageID: id}
	data := map[string]any{}
	if len(pairs)%2 != 0 {
		return "", errors.New("a placeholder has no value")
	}
	for i := 0; i < len(pairs); i += 2 {
		name, isText := pairs[i].(string)
		if !isText {
			return "", fmt.Errorf("%v is no name of a placeholder", pairs[i])
		}
		data[name] = pairs[i+1]
		if n, isNumber := asWhole(pairs[i+1]); isNumber {
			data[name] = s.number(n)
			if name == "Count" {
				config.PluralCount = n
			}
		}
	}
	config.TemplateData = data
	return s.localizer.Localize(config)
}

func asWhole(value any) (int64, bool) {
	switch n := value.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	case uint64:
		return int64(min(n, 1<<63-1)), true
	}
	return 0, false
}

// rich is say for a text that has markup of its own, such as a link: what fills its placeholders is escaped.
func (s *speaker) rich(id string, pairs ...any) template.HTML {
	escaped := append([]any(nil), pairs...)
	for i := 1; i < len(escaped); i += 2 {
		if _, isNumber := asWhole(escaped[i]); !isNumber {
			escaped[i] = template.HTMLEscapeString(fmt.Sprint(escaped[i]))
		}
	}
	return template.HTML(s.say(id, escaped...))
}

// problem is a page's explanation of what went wrong: the texts id.heading and id.text.
func (s *speaker) problem(id string, pairs ...any) problem {
	return problem{Heading: s.say(id + ".heading"), Text: s.say(id+".text", pairs...)}
}

// trouble is a problem on a page that still shows the rest.
func (s *speaker) trouble(id string, status int, pairs ...any) *trouble {
	p := s.problem(id, pairs...)
	return &trouble{Heading: p.Heading, Text: p.Text, status: status}
}

// functions are what templates may call; they are parsed once a language.
func (s *speaker) functions(assets assets) template.FuncMap {
	return template.FuncMap{
		"asset": assets.path, "t": func(id string, pairs ...any) (string, error) { return s.find(id, pairs) }, // what is missing is an error of the page
		"rich": s.rich, "number": func(n any) string { whole, _ := asWhole(n); return s.number(whole) },
		"next": func(i int) int { return i + 1 },
	}
}

// zoneCalled returns a zone by its name, UTC where there is none such: names are checked where they come in.
func zoneCalled(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return zone
}

func zoneName(site *schema.Site) string {
	if site.TimeZone == "" {
		return schema.DefaultTimeZone
	}
	return site.TimeZone
}

// zoneOf returns the site's zone, in which its days begin and end.
func zoneOf(site *schema.Site) *time.Location { return zoneCalled(zoneName(site)) }
