package links

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/headwater/headwater/collector/reports"
)

const (
	// MaxRows is how many links one list may bring.
	MaxRows = 2000
	// MaxCSV is how long it may be, in bytes.
	MaxCSV = 1 << 20

	maxProblems = 100 // more would help nobody
)

// columns are those of a list of links; urlColumn and the others that only WriteCSV writes are left out of account when a list is read.
var columns = []string{"target", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id", "note"}

var writtenColumns = []string{"url", "owner", "created_at", "archived", "visitors", "leads", "conversions", "deals", "won_deals", "won_amount"}

// Columns are the columns of a list of links: target is needed, the others may be missing, in any order.
func Columns() []string { return slices.Clone(columns) }

// LineProblem is what is wrong with one line of a list.
type LineProblem struct {
	Line int // from 1, the header's
	*Problem
}

// ReadCSV reads a list of links: comma, semicolon or tab between cells, a header that names Columns. Nothing is left out: where there is any
// problem, all of them come back and no draft. The convention is checked, and that no link is there twice; one that saved has already
// is counted in known, and is no draft.
func ReadCSV(body []byte, c *Convention, saved []Saved) (drafts []Draft, known int, problems []LineProblem) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		return nil, 0, []LineProblem{{1, &Problem{ID: "links.problem.encoding"}}}
	}
	in := csv.NewReader(bytes.NewReader(body))
	in.Comma, in.FieldsPerRecord = separatorOf(body), -1
	header, at, wrong := readHeader(in)
	if wrong != nil {
		return nil, 0, []LineProblem{{1, wrong}}
	}
	index := indexOf(saved)
	seen := map[Draft]int{}
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if parse := new(csv.ParseError); errors.As(err, &parse) {
			return nil, 0, append(problems, LineProblem{parse.StartLine, &Problem{ID: "links.problem.quotes"}})
		}
		line, _ := in.FieldPos(0)
		if blank(cells) {
			continue
		}
		draft, wrong := readRow(cells, header, at)
		if wrong == nil {
			wrong = draft.Check(c)
		}
		if wrong == nil {
			key := draft.key()
			switch first := seen[key]; {
			case first > 0:
				wrong = []*Problem{{ID: "links.problem.twice", Data: data("Line", fmt.Sprint(first))}}
			case index[key]:
				known++
			default:
				drafts = append(drafts, draft)
			}
			seen[key] = line
		}
		for _, p := range wrong {
			problems = append(problems, LineProblem{line, p})
		}
		if len(drafts)+known > MaxRows {
			return nil, 0, append(problems, LineProblem{line, &Problem{ID: "links.problem.rows", Data: data("Most", fmt.Sprint(MaxRows))}})
		}
		if len(problems) >= maxProblems {
			break
		}
	}
	if len(problems) == 0 && len(drafts)+known == 0 {
		problems = []LineProblem{{1, &Problem{ID: "links.problem.no_rows"}}}
	}
	if len(problems) > 0 {
		return nil, 0, problems
	}
	return drafts, known, nil
}

// key is what makes a link the same as another: its target as it travels, and its tags.
func (d *Draft) key() Draft {
	key := Draft{Target: d.Target, Tags: d.Tags.Trimmed()}
	if built, err := Build(d.Target, d.Tags); err == nil {
		key.Target = built.Target
	}
	return key
}

// indexOf holds each saved link under its id and without it, so that a list without ids can be read twice.
func indexOf(saved []Saved) map[Draft]bool {
	index := map[Draft]bool{}
	for i := range saved {
		key := Draft{Target: saved[i].Value.Target, Tags: saved[i].Value.Tags}
		index[key] = true
		key.ID = ""
		index[key] = true
	}
	return index
}

// separatorOf is what stands between the cells of the first line: spreadsheets write a semicolon where the comma is for decimals.
func separatorOf(body []byte) rune {
	line, _, _ := bytes.Cut(body, []byte("\n"))
	best, most := ',', 0
	for _, candidate := range ",;\t" {
		if n := bytes.Count(line, []byte(string(candidate))); n > most {
			best, most = candidate, n
		}
	}
	return best
}

// readHeader returns the header's names and where each of Columns stands.
func readHeader(in *csv.Reader) (header []string, at map[string]int, wrong *Problem) {
	header, err := in.Read()
	if err != nil {
		return nil, nil, &Problem{ID: "links.problem.no_header"}
	}
	at = map[string]int{}
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		_, twice := at[name]
		switch {
		case slices.Contains(writtenColumns, name):
		case !slices.Contains(columns, name):
			return nil, nil, &Problem{ID: "links.problem.column", Data: data("Column", name, "Columns", strings.Join(columns, ", "))}
		case twice:
			return nil, nil, &Problem{ID: "links.problem.column_twice", Data: data("Column", name)}
		default:
			at[name] = i
		}
	}
	if _, ok := at["target"]; !ok {
		return nil, nil, &Problem{ID: "links.problem.no_header"}
	}
	return header, at, nil
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) != "" })
}

func readRow(cells, header []string, at map[string]int) (Draft, []*Problem) {
	if len(cells) > len(header) {
		return Draft{}, []*Problem{{ID: "links.problem.cells", Data: data("Cells", fmt.Sprint(len(cells)), "Columns", fmt.Sprint(len(header)))}}
	}
	cell := func(name string) string {
		i, ok := at[name]
		if !ok || i >= len(cells) {
			return ""
		}
		return strings.TrimSpace(unguard(cells[i]))
	}
	draft := Draft{Target: cell("target"), Note: cell("note")}
	for _, part := range Parts() {
		draft.Set(part, cell(part.Parameter()))
	}
	// A target that has tags already, and a row that has none, is a link that was made elsewhere.
	if target, tags, err := Parse(draft.Target); err == nil && draft.Tags == (Tags{}) {
		draft.Target, draft.Tags = target, tags
	}
	return draft, nil
}

// unguard takes off the ' that WriteCSV puts in front of what looks like a formula. A text that began so itself loses it, too.
func unguard(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && reports.GuardFormula(rest) == cell {
		return rest
	}
	return cell
}

// Row is a link as WriteCSV writes it.
type Row struct {
	Link
	Owner   string   // by name
	Numbers []string // visitors to won_amount; nil where they could not be read
}

// WriteCSV writes links so that ReadCSV and spreadsheets read them: what looks like a formula has a ' in front.
func WriteCSV(w io.Writer, rows []Row) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(slices.Concat(columns, writtenColumns)); err != nil {
		return err
	}
	for i := range rows {
		row := &rows[i]
		cells := []string{row.Target}
		for _, part := range Parts() {
			cells = append(cells, row.Of(part))
		}
		cells = append(cells, row.Note, row.URL(), row.Owner, row.CreatedAt.UTC().Format("2006-01-02T15:04:05Z"), fmt.Sprint(row.Archived))
		for j := range cells {
			cells[j] = reports.GuardFormula(cells[j])
		}
		numbers := row.Numbers
		if numbers == nil {
			numbers = make([]string, 6)
		}
		if err := out.Write(append(cells, numbers...)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
