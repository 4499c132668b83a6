package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
)

type lettersCommand struct {
	Ls    lettersLsCommand    `cmd:"" default:"withargs" help:"List them by table, code and reason."`
	Show  lettersShowCommand  `cmd:"" help:"Show one with its record."`
	Retry lettersRetryCommand `cmd:"" help:"Put them back into the spool, once their cause is repaired."`
	Drop  lettersDropCommand  `cmd:"" help:"Delete them for good."`
}

// Help is shown by headwater spool deadletters -h.
func (lettersCommand) Help() string {
	return `A record that ClickHouse refuses by itself, or that can't be read, is set aside with the reason: its neighbours arrive. It holds what
people sent, so show it only where that may be seen.

  headwater spool deadletters                          what there is, by table, code and reason
  headwater spool deadletters ls --each                every one, with its ID
  headwater spool deadletters show ID
  headwater spool deadletters retry --table touches    once the table is repaired
  headwater spool deadletters drop ID --yes

ClickHouse's codes are listed in its system.errors. Code 0 with no table: the record can't be read, probably because a newer version of
Headwater wrote it: upgrade, then retry.`
}

// lettersFlags select letters.
type lettersFlags struct {
	IDs    []string `arg:"" optional:"" name:"id" help:"IDs as ls --each shows them; a segment's UUID stands for all of its letters."`
	Table  string   `help:"Those of this table." placeholder:"NAME"`
	Code   int32    `help:"Those with this code of ClickHouse." placeholder:"N"`
	Reason string   `help:"Those whose reason has this text in it." placeholder:"TEXT"`
	All    bool     `help:"All."`
}

func (f lettersFlags) selection() spool.LetterSelection {
	return spool.LetterSelection{IDs: f.IDs, Table: f.Table, Code: f.Code, Reason: f.Reason, All: f.All}
}

func (f lettersFlags) empty() bool {
	return len(f.IDs) == 0 && f.Table == "" && f.Code == 0 && f.Reason == "" && !f.All
}

// letters returns those selected, all where nothing is said.
func (i *invocation) letters(f lettersFlags) ([]spool.Letter, error) {
	l, err := i.spoolFolder()
	if err != nil {
		return nil, err
	}
	which := f.selection()
	which.All = which.All || f.empty()
	var list []spool.Letter
	err = spool.ReadLetters(l.SpoolDir, func(l *spool.Letter) bool {
		if which.Takes(l) {
			list = append(list, *l)
		}
		return true
	})
	slices.SortStableFunc(list, func(a, b spool.Letter) int { return a.At.Compare(b.At) })
	return list, err
}

type lettersLsCommand struct {
	lettersFlags
	Each   bool   `help:"List every letter with its ID, the oldest first."`
	Limit  int    `help:"How many lines at most; 0 for all. Default 50." default:"50" placeholder:"N"`
	Format string `help:"table or json. Default table." default:"table" enum:"table,json"`
}

// letterGroup is letters with the same cause.
type letterGroup struct {
	Count   int       `json:"count"`
	Table   string    `json:"table"`
	Code    int32     `json:"code"`
	Reason  string    `json:"reason"` // what is quoted in it left out
	Oldest  time.Time `json:"oldest"`
	Newest  time.Time `json:"newest"`
	Example string    `json:"example"` // an ID
}

// letterLine is a letter without its record.
type letterLine struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Table  string    `json:"table"`
	Code   int32     `json:"code"`
	Site   string    `json:"site,omitempty"`
	Bytes  int       `json:"bytes"`
	Reason string    `json:"reason"`
}

// Run is headwater spool deadletters ls.
func (c lettersLsCommand) Run(i *invocation) error {
	letters, err := i.letters(c.lettersFlags)
	if err != nil {
		return err
	}
	if c.Each {
		return c.each(i.stdout, letters)
	}
	groups := groupLetters(letters)
	if c.Format == "json" {
		return writeJSON(i.stdout, groups)
	}
	if len(groups) == 0 {
		_, err := fmt.Fprintln(i.stdout, "There are no dead letters.")
		return err
	}
	w := tabwriter.NewWriter(i.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "COUNT\tTABLE\tCODE\tOLDEST\tNEWEST\tREASON\tEXAMPLE")
	for n, g := range groups {
		if c.Limit > 0 && n == c.Limit {
			fmt.Fprintf(w, "…\tand %d more kinds: --limit 0 lists them\t\t\t\t\t\n", len(groups)-n)
			break
		}
		fmt.Fprintf(w, "%d\t%s\t%d\t%s\t%s\t%s\t%s\n", g.Count, cmp.Or(g.Table, "-"), g.Code, timeText(&g.Oldest), timeText(&g.Newest), printable(g.Reason, 80), g.Example)
	}
	return w.Flush()
}

// quoted is what a reason quotes of a record, and what differs from one to the next.
var quoted = regexp.MustCompile(`'[^']*'|"[^"]*"|` + "`[^`]*`" + `|\d+`)

func groupLetters(letters []spool.Letter) []letterGroup {
	type cause struct {
		table  string
		code   int32
		reason string
	}
	at := map[cause]int{}
	groups := []letterGroup{}
	for i := range letters {
		l := &letters[i]
		why := cause{l.Table, l.Code, quoted.ReplaceAllString(l.Reason, "…")}
		n, ok := at[why]
		if !ok {
			n = len(groups)
			at[why] = n
			groups = append(groups, letterGroup{Table: l.Table, Code: l.Code, Reason: why.reason, Oldest: l.At, Example: l.ID()})
		}
		groups[n].Count++
		groups[n].Newest = l.At
	}
	slices.SortStableFunc(groups, func(a, b letterGroup) int { return b.Count - a.Count })
	return groups
}

func (c lettersLsCommand) each(to io.Writer, letters []spool.Letter) error {
	lines := []letterLine{}
	for i := range letters {
		if c.Limit > 0 && len(lines) == c.Limit {
			break
		}
		l := &letters[i]
		lines = append(lines, letterLine{ID: l.ID(), At: l.At, Table: l.Table, Code: l.Code, Site: siteOf(l), Bytes: len(l.Bytes()), Reason: l.Reason})
	}
	if c.Format == "json" {
		return writeJSON(to, lines)
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tAT\tCODE\tSITE\tSIZE\tREASON")
	for _, l := range lines {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\n", l.ID, timeText(&l.At), l.Code, cmp.Or(printable(l.Site, 64), "-"), sizeText(int64(l.Bytes)), printable(l.Reason, 60))
	}
	if more := len(letters) - len(lines); more > 0 {
		fmt.Fprintf(w, "and %d more: --limit 0 lists them\t\t\t\t\t\n", more)
	}
	return w.Flush()
}

// siteOf is empty where the record can't be read.
func siteOf(l *spool.Letter) string {
	record, err := schema.Decode(l.Bytes())
	if err != nil {
		return ""
	}
	return string(record.Site())
}

type lettersShowCommand struct {
	ID     string `arg:"" help:"Its ID, as ls shows it."`
	Full   bool   `help:"Do not cut long values."`
	Format string `help:"table or json. Default table." default:"table" enum:"table,json"`
}

// longestShown is how many characters of a value are shown without --full.
const longestShown = 200

// Run is headwater spool deadletters show ID.
func (c lettersShowCommand) Run(i *invocation) error {
	letters, err := i.letters(lettersFlags{IDs: []string{c.ID}})
	switch {
	case err != nil:
		return err
	case len(letters) == 0:
		return fmt.Errorf("there is no dead letter %s: headwater spool deadletters ls --each lists them", printable(c.ID, 120))
	case c.Format == "json":
		return writeJSON(i.stdout, letters[0])
	}
	most := longestShown
	if c.Full {
		most = -1
	}
	for n := range letters {
		if n > 0 {
			if n == 3 {
				_, err := fmt.Fprintf(i.stdout, "\nand %d more: give one whole ID\n", len(letters)-n)
				return err
			}
			fmt.Fprintln(i.stdout)
		}
		if err := showLetter(i.stdout, &letters[n], most); err != nil {
			return err
		}
	}
	return nil
}

func showLetter(to io.Writer, l *spool.Letter, most int) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "ID\t%s\nSet aside\t%s\nTable\t%s\nCode\t%d\nReason\t%s\n", l.ID(), timeText(&l.At), cmp.Or(l.Table, "-"), l.Code, printable(l.Reason, 3*most))
	record, err := recordOf(l)
	if err != nil {
		fmt.Fprintf(w, "Record\tcan't be read: %s\n\t%s\n", printable(err.Error(), 3*most), printable(fmt.Sprintf("%q", l.Bytes()), most))
		return w.Flush()
	}
	fmt.Fprintln(w, "Record\t")
	for _, member := range record {
		fmt.Fprintf(w, "  %s\t%s\n", printable(member.name, 64), printable(member.value, most))
	}
	return w.Flush()
}

type recordMember struct{ name, value string }

// recordOf returns the members of the record that are not empty, in their order.
func recordOf(l *spool.Letter) ([]recordMember, error) {
	record, err := schema.Decode(l.Bytes())
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(record)
	if err != nil {
		return nil, err
	}
	var members []recordMember
	return members, flatten(json.NewDecoder(bytes.NewReader(text)), "", &members)
}

// flatten collects the values of a JSON text under their paths.
func flatten(from *json.Decoder, path string, to *[]recordMember) error {
	token, err := from.Token()
	if err != nil {
		return err
	}
	delimiter, nested := token.(json.Delim)
	if !nested {
		if text := fmt.Sprint(token); token != nil && text != "" {
			*to = append(*to, recordMember{path, text})
		}
		return nil
	}
	for n := 0; from.More(); n++ {
		name := fmt.Sprint(n)
		if delimiter == '{' {
			key, err := from.Token()
			if err != nil {
				return err
			}
			name = fmt.Sprint(key)
		}
		if path != "" {
			name = path + "." + name
		}
		if err := flatten(from, name, to); err != nil {
			return err
		}
	}
	_, err = from.Token()
	return err
}

type lettersRetryCommand struct {
	lettersFlags
	DryRun bool   `help:"Only say how many there are."`
	Format string `help:"table or json. Default table." default:"table" enum:"table,json"`
}

// Help is shown by headwater spool deadletters retry -h.
func (lettersRetryCommand) Help() string {
	return `Puts the records back into the spool and takes their letters away; all letters of one record go together. Repair the cause first: a record
that is refused again becomes a dead letter again. A record is stored once, however often it is retried.`
}

// Run is headwater spool deadletters retry.
func (c lettersRetryCommand) Run(i *invocation) error {
	if c.empty() {
		return usageError{errors.New("say which: IDs, --table, --code, --reason or --all")}
	}
	if c.DryRun {
		letters, err := i.letters(c.lettersFlags)
		if err != nil {
			return err
		}
		return printLetters(i.stdout, c.Format, len(letters), "would be put back")
	}
	return i.operate(func(ctx context.Context, on operator) error {
		n, err := on.Retry(ctx, c.selection())
		told := printLetters(i.stdout, c.Format, n, "put back into the spool; headwater spool deadletters ls shows those that are refused again")
		return errors.Join(told, err, noneFits(n, err))
	})
}

type lettersDropCommand struct {
	lettersFlags
	Yes    bool   `help:"Do it. Without this it is only said how many there are."`
	Format string `help:"table or json. Default table." default:"table" enum:"table,json"`
}

// Help is shown by headwater spool deadletters drop -h.
func (lettersDropCommand) Help() string {
	return "Deletes the letters with their records, for good: they are nowhere else, except for a day in the replay window."
}

// Run is headwater spool deadletters drop.
func (c lettersDropCommand) Run(i *invocation) error {
	if c.empty() {
		return usageError{errors.New("say which: IDs, --table, --code, --reason or --all")}
	}
	if !c.Yes {
		letters, err := i.letters(c.lettersFlags)
		if err != nil {
			return err
		}
		if err := printLetters(i.stdout, c.Format, len(letters), "would be deleted for good"); err != nil || len(letters) == 0 {
			return err
		}
		return errors.New("nothing was deleted: add --yes to do it")
	}
	return i.operate(func(ctx context.Context, on operator) error {
		n, err := on.Drop(ctx, c.selection())
		return errors.Join(printLetters(i.stdout, c.Format, n, "deleted"), err, noneFits(n, err))
	})
}

func noneFits(n int, err error) error {
	if n > 0 || err != nil {
		return nil
	}
	return errors.New("no dead letter fits: headwater spool deadletters ls --each lists them")
}

func printLetters(to io.Writer, format string, n int, what string) error {
	if format == "json" {
		return writeJSON(to, letterCount{n})
	}
	_, err := fmt.Fprintf(to, "%s %s.\n", counted(n, "dead letter"), what)
	return err
}
