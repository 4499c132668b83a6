package reports

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/headwater/headwater/schema"
)

// Names lists the reports, in alphabetical order.
func Names() []string {
	var names []string
	for name := range reports {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// source says from what a report is read: the folders below attribution/ whose files replace others, the first that has a file of
// the name.
type source []string

var (
	fromRecords     = source{}                            // the records as they were inserted: right at any time, and slow
	fromSettled     = source{"settled"}                   // the settled tables
	forSettling     = source{"settling"}                  // the records, to settle all of them
	forSettlingSome = source{"settling/some", "settling"} // the records of some contacts and visitors, to settle those
	ofContacts      = source{"of_contacts"}               // the records of some contacts, once narrow has found which
	forContact      = source{"of_contact"}                // the records, of touches those of one contact
)

// Folders of what is not asked for, and left out: the paths that led to nothing, and what money is worth in another currency.
const (
	noLosses   = "no_losses"
	noCurrency = "no_currency"
)

// SQL returns the whole text of a report, as it is sent to ClickHouse with its parameters bound, read from the records as they
// were inserted. name may also be one of the facts, such as facts/journeys.
func SQL(name string) (string, error) {
	return compose(schema.Attribution, name)
}

// SettledSQL is SQL from the settled tables, which are quicker, and follow the records within seconds.
func SettledSQL(name string) (string, error) {
	return composeFrom(schema.Attribution, name, fromSettled)
}

// compose puts the facts that a file names before it, as common table expressions.
func compose(files fs.FS, name string) (string, error) { return composeFrom(files, name, fromRecords) }

func composeFrom(files fs.FS, name string, from source) (string, error) {
	c := composer{files: files, from: from, done: map[string]bool{}}
	report, err := c.read("attribution/", name)
	if err != nil {
		return "", err
	}
	return c.compose(name, report)
}

// composeText is composeFrom for a text that is no file of the reports.
func composeText(files fs.FS, name, text string, from source) (string, error) {
	c := composer{files: files, from: from, done: map[string]bool{}}
	return c.compose(name, parseSQL(text))
}

func (c *composer) compose(name string, report sqlFile) (string, error) {
	for _, fact := range report.with {
		if err := c.add(fact, nil); err != nil {
			return "", fmt.Errorf("report %s: %w", name, err)
		}
	}
	into, body := "", report.body
	if strings.HasPrefix(body, "INSERT INTO ") {
		at := strings.Index(body, "\nSELECT")
		into, body = body[:at+1], body[at+1:]
	}
	if rest, ok := strings.CutPrefix(body, "WITH"); ok {
		c.expressions = append(c.expressions, strings.TrimSpace(rest))
		return report.header + into + "WITH\n" + strings.Join(c.expressions, ",\n\n") + "\n", nil
	}
	if len(c.expressions) == 0 {
		return report.header + into + body + "\n", nil
	}
	return report.header + into + "WITH\n" + strings.Join(c.expressions, ",\n\n") + "\n\n" + body + "\n", nil
}

type composer struct {
	files       fs.FS
	from        source
	done        map[string]bool
	expressions []string
}

// read reads a file, or the one of the source's folders that replaces it.
func (c *composer) read(folder, name string) (sqlFile, error) {
	for _, other := range c.from {
		file, err := readSQL(c.files, path.Join("attribution", other, name+".sql"))
		if !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	return readSQL(c.files, path.Join(folder, name+".sql"))
}

func (c *composer) add(fact string, above []string) error {
	if slices.Contains(above, fact) {
		return fmt.Errorf("fact %s needs itself: %s", fact, strings.Join(append(above, fact), " with "))
	}
	if c.done[fact] {
		return nil
	}
	c.done[fact] = true
	file, err := c.read("attribution/facts", fact)
	if err != nil {
		return err
	}
	for _, needed := range file.with {
		if err := c.add(needed, append(above, fact)); err != nil {
			return err
		}
	}
	if function.MatchString(file.body) {
		c.expressions = append(c.expressions, fmt.Sprintf("%s%s AS %s", file.header, file.body, fact))
		return nil
	}
	c.expressions = append(c.expressions, fmt.Sprintf("%s AS\n(\n%s%s\n)", fact, file.header, file.body))
	return nil
}

// function is a fact that is no table but a function, such as (amount, n) -> amount / n.
var function = regexp.MustCompile(`^(\([a-z_, ]+\)|[a-z_]+) ->`)

// sqlFile is a file of schema/attribution: its header comment, the facts that it names there, and the query.
type sqlFile struct {
	header string
	with   []string
	body   string
}

var withLine = regexp.MustCompile(`(?m)^-- with: (.*)$`)

func readSQL(files fs.FS, name string) (sqlFile, error) {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return sqlFile{}, fmt.Errorf("read SQL: %w", err)
	}
	return parseSQL(string(text)), nil
}

func parseSQL(rest string) sqlFile {
	var file sqlFile
	for strings.HasPrefix(rest, "--") {
		line, after, _ := strings.Cut(rest, "\n")
		file.header += line + "\n"
		rest = after
	}
	file.body = strings.TrimSpace(rest)
	for _, line := range withLine.FindAllStringSubmatch(file.header, -1) {
		for fact := range strings.SplitSeq(line[1], ",") {
			file.with = append(file.with, strings.TrimSpace(fact))
		}
	}
	return file
}

// Question returns the question that a report answers, in one sentence; "" where there is no such report.
func Question(name string) string {
	report, err := readSQL(schema.Attribution, path.Join("attribution", name+".sql"))
	if err != nil {
		return ""
	}
	question, _, _ := strings.Cut(strings.TrimPrefix(report.header, "-- Question: "), "?")
	return strings.ReplaceAll(question, "\n-- ", " ") + "?"
}
