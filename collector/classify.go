package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/headwater/headwater/collector/intake"
	"github.com/headwater/headwater/schema"
)

type classifyCommand struct {
	Site         string   `help:"Apply the rules of this site of the configuration too. Without it no configuration is read." placeholder:"ID"`
	PrintSources bool     `help:"Only print the built-in list of sources, to start a sources_file from."`
	Files        []string `arg:"" optional:"" help:"Files to read. Default: standard input." placeholder:"FILE"`
}

// Help is shown by headwater classify -h.
func (classifyCommand) Help() string {
	return `Names touches as the collector would, without any server. It reads a JSON object a line, with any of these members:

  referrer, landing_page, user_agent
  utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id
  gclid, gbraid, wbraid, msclkid, fbclid, ttclid, twclid, li_fat_id, dclid, epik, rdt_cid, sccid, yclid

and prints one for each: source, medium, campaign, channel, and the rule that decided (schema/README.md explains them). What is null
or unknown counts for nothing. UTMs and click ids that are not given are read from the landing page's address. A referrer on the
landing page's own domain is no source. A referrer may be a bare host.

A line that cannot be read is named on standard error, nothing is printed for it, and the exit code is 1 at the end.

  echo '{"referrer":"https://chatgpt.com/"}' | headwater classify`
}

// Run is headwater classify.
func (c classifyCommand) Run(i *invocation) error {
	if c.PrintSources {
		_, err := io.WriteString(i.stdout, schema.BuiltInSourcesText())
		return err
	}
	resolver, err := c.resolver(i)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(i.stdout, 64<<10)
	good := true
	for _, name := range c.Files {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		ok, err := classifyLines(resolver, file, out, i.stderr, name+": ")
		_ = file.Close()
		if good = good && ok; err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(c.Files) == 0 {
		if good, err = classifyLines(resolver, i.stdin, out, i.stderr, ""); err != nil {
			return err
		}
	}
	if !good {
		return errTold
	}
	return nil
}

func (c classifyCommand) resolver(i *invocation) (*schema.Resolver, error) {
	if c.Site != "" {
		l, err := i.load()
		if err != nil {
			return nil, err
		}
		site, err := chooseSite(l.Sites, c.Site)
		if err != nil {
			return nil, usageError{err}
		}
		sources, err := l.sources()
		if err != nil {
			return nil, err
		}
		return schema.NewResolverWith(site, sources)
	}
	config := defaults()
	i.command.Settings.apply(&config)
	sources, err := config.sources()
	if err != nil {
		return nil, err
	}
	return schema.NewResolverWith(&schema.Site{}, sources)
}

// linesAtOnce is how many lines are named together: enough to keep all CPUs busy, few enough to be answered soon.
const linesAtOnce = 512

// batch is some lines on their way; done gets what they give, once.
type batch struct {
	first int // its first line's number
	lines [][]byte
	done  chan named
}

// named is what a batch gives.
type named struct{ out, problems []byte }

// classifyLines names the lines of from in their order, on all CPUs. It tells whether all of them could be read.
func classifyLines(resolver *schema.Resolver, from io.Reader, out *bufio.Writer, problems io.Writer, where string) (bool, error) {
	todo, ordered := make(chan *batch), make(chan *batch, 4*runtime.GOMAXPROCS(0))
	var readError error
	go func() {
		defer close(ordered)
		defer close(todo)
		readError = readBatches(from, func(b *batch) {
			ordered <- b
			todo <- b
		})
	}()
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for b := range todo {
				b.done <- b.classify(resolver, where)
			}
		}()
	}
	good := true
	var writeError error
	for b := range ordered {
		result := <-b.done
		if writeError != nil {
			continue // read on: the reader must not be left hanging
		}
		if len(result.problems) > 0 {
			good = false
			_, _ = problems.Write(result.problems)
		}
		_, err := out.Write(result.out)
		if len(ordered) == 0 {
			err = errors.Join(err, out.Flush()) // somebody may be waiting for it
		}
		writeError = err
	}
	return good, errors.Join(readError, writeError, out.Flush())
}

// longestLine is how many bytes a line may have: more than all values may have together.
const longestLine = 1 << 20

// readBatches passes on the lines of from. A line that is too long is passed on cut, and so is no JSON.
func readBatches(from io.Reader, pass func(*batch)) error {
	in := bufio.NewReaderSize(from, 64<<10)
	next := &batch{first: 1, done: make(chan named, 1)}
	flush := func() {
		if len(next.lines) > 0 {
			pass(next)
			next = &batch{first: next.first + len(next.lines), done: make(chan named, 1)}
		}
	}
	for {
		line, err := readLine(in)
		if len(line) > 0 || err == nil {
			next.lines = append(next.lines, line)
		}
		if err != nil || len(next.lines) == linesAtOnce || in.Buffered() == 0 {
			flush()
		}
		if err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("read: %w", err)
		}
	}
}

func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if len(line) <= longestLine {
			line = append(line, part...)
		}
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
}

func (b *batch) classify(resolver *schema.Resolver, where string) named {
	var result named
	var out, problems bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	var reader lineReader
	for i, line := range b.lines {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if err := reader.classify(resolver, line, encoder); err != nil {
			fmt.Fprintf(&problems, "headwater: %sline %d: %v\n", where, b.first+i, err)
		}
	}
	result.out, result.problems = out.Bytes(), problems.Bytes()
	return result
}

// answer is what is printed for a line.
type answer struct {
	Source   string         `json:"source"`
	Medium   string         `json:"medium"`
	Campaign string         `json:"campaign"`
	Channel  schema.Channel `json:"channel"`
	Rule     string         `json:"rule"`
}

func (r *lineReader) classify(resolver *schema.Resolver, line []byte, to *json.Encoder) error {
	if len(line) > longestLine {
		return fmt.Errorf("it is longer than %d bytes", longestLine)
	}
	touch, userAgent, err := r.touch(line)
	if err != nil {
		return err
	}
	app := ""
	if touch.Direct() { // as where the collector takes a touch
		app = schema.AppOf(userAgent)
	}
	c := resolver.Classify(touch, app)
	return to.Encode(answer{c.Source, c.Medium, c.Campaign, c.Channel, c.Rule})
}

// lineReader reads one line after the other.
type lineReader struct {
	decoder jsontext.Decoder
	buffer  bytes.Buffer
}

// touch reads what a line says of a touch, and the User-Agent header.
func (r *lineReader) touch(line []byte) (*schema.Touch, string, error) {
	touch, userAgent := new(schema.Touch), ""
	r.buffer = *bytes.NewBuffer(line)
	r.decoder.Reset(&r.buffer, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err := r.members(func(name string) *string {
		if name == "user_agent" {
			return &userAgent
		}
		return intake.TouchText(touch, name)
	}); err != nil {
		return nil, "", err
	}
	if strings.ContainsAny(touch.LandingPage, "?#") {
		for name, value := range intake.CampaignOf(touch.LandingPage) {
			if to := intake.TouchText(touch, name); *to == "" {
				*to = value
			}
		}
	}
	touch.Referrer = withScheme(touch.Referrer)
	schema.Bound(touch)
	return touch, userAgent, nil
}

// members reads an object and puts each member where of says, nowhere where that is nil. Of a member that comes twice the first
// that says something stays.
func (r *lineReader) members(of func(name string) *string) error {
	if r.decoder.PeekKind() != '{' {
		return errors.New("it is no JSON object such as {\"utm_source\": \"google\"}")
	}
	_, err := r.decoder.ReadToken()
	for err == nil && r.decoder.PeekKind() != '}' {
		var name jsontext.Token
		if name, err = r.decoder.ReadToken(); err != nil {
			break
		}
		to, called := of(strings.ToLower(name.String())), name.String()
		var value jsontext.Value
		if value, err = r.decoder.ReadValue(); err != nil || to == nil {
			continue
		}
		text, wrong := textOf(value)
		if wrong != nil {
			return fmt.Errorf("%s: %w", called, wrong)
		}
		if *to == "" {
			*to = text
		}
	}
	if err == nil {
		_, err = r.decoder.ReadToken() // }
	}
	if err == nil && r.decoder.PeekKind() != 0 {
		err = errors.New("something follows the object")
	}
	if err != nil {
		return fmt.Errorf("it is no JSON object: %w", err)
	}
	return nil
}

// textOf takes texts, and numbers and truths as they are written; null is "".
func textOf(value jsontext.Value) (string, error) {
	switch value.Kind() {
	case '"':
		text, err := jsontext.AppendUnquote(nil, value)
		if err != nil && len(text) == 0 { // text that is no UTF-8 becomes U+FFFD
			return "", err
		}
		return strings.TrimSpace(string(text)), nil
	case '{', '[':
		return "", errors.New("it is no text")
	case 'n':
		return "", nil
	}
	return string(value), nil
}

// withScheme makes a URL of a bare host, as other systems store referrers.
func withScheme(referrer string) string {
	host, _, _ := strings.Cut(strings.TrimPrefix(referrer, "//"), "/")
	if strings.Contains(referrer, "://") || !strings.Contains(host, ".") {
		return referrer
	}
	return "https://" + strings.TrimPrefix(referrer, "//")
}
