package models

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// columns are those of a file of paths, with the names under which they are also known: those of the R package ChannelAttribution's data.
var columns = []struct {
	name   string
	also   []string
	mustBe bool
}{
	{name: "path", mustBe: true},
	{name: "conversions", also: []string{"total_conversions"}, mustBe: true},
	{name: "value", also: []string{"total_conversion_value"}},
	{name: "nulls", also: []string{"null", "total_null"}},
}

// LineError is a line of a file that can't be read, with what to do about it.
type LineError struct {
	Line    int
	Problem string
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Problem) }

// Read reads paths from CSV (RFC 4180, UTF-8, with or without a byte order mark): a header that names the columns path, conversions and, where
// there are any, value and nulls, in any order and beside others, which are ignored; then a line per path. Touches are joined by >, blanks
// around it are no part of a name. Numbers are not negative; an empty value or number of nulls is 0.
func Read(ctx context.Context, from io.Reader) (*Paths, error) {
	buffered := bufio.NewReaderSize(from, 1<<16)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = buffered.Discard(len(mark))
	}
	lines := csv.NewReader(buffered)
	lines.ReuseRecord = true
	header, err := lines.Read()
	if errors.Is(err, io.EOF) {
		return nil, &LineError{1, "the file is empty: its first line names the columns path,conversions,value,nulls"}
	}
	if err != nil {
		return nil, lineError(err)
	}
	places, err := findColumns(header)
	if err != nil {
		return nil, err
	}
	paths := &Paths{}
	for n := 0; ; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		cells, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, lineError(err)
		}
		line, _ := lines.FieldPos(0)
		if err := paths.read(cells, places); err != nil {
			return nil, &LineError{line, err.Error()}
		}
	}
	if paths.Len() == 0 {
		return nil, &LineError{2, "there is no path: the file has a header and nothing else"}
	}
	return paths, nil
}

// lineError names the line of a file that is not CSV.
func lineError(err error) error {
	broken := new(csv.ParseError)
	if !errors.As(err, &broken) {
		return fmt.Errorf("read paths: %w", err)
	}
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		return &LineError{broken.Line, "it has more or fewer cells than the header: put a path that contains a comma between quotes"}
	case errors.Is(err, csv.ErrQuote), errors.Is(err, csv.ErrBareQuote):
		return &LineError{broken.Line, `a quote is not closed, or stands inside a cell: put the whole cell between quotes, and write "" for one`}
	}
	return &LineError{broken.Line, broken.Err.Error()}
}

// findColumns returns the place of each of columns in the header, -1 where it is not there.
func findColumns(header []string) ([]int, error) {
	names := make([]string, len(header))
	for i, cell := range header {
		names[i] = strings.ToLower(strings.TrimSpace(cell))
	}
	places := make([]int, len(columns))
	for i, column := range columns {
		places[i] = -1
		for at, name := range names {
			if name != column.name && !slices.Contains(column.also, name) {
				continue
			}
			if places[i] >= 0 {
				return nil, &LineError{1, fmt.Sprintf("the column %s is there twice: leave one out", column.name)}
			}
			places[i] = at
		}
		if places[i] < 0 && column.mustBe {
			return nil, &LineError{1, fmt.Sprintf("there is no column %s, only %.200s: the first line names the columns path,conversions,value,nulls, with commas",
				column.name, strings.Join(names, ","))}
		}
	}
	return places, nil
}

func (p *Paths) read(cells []string, places []int) error {
	var numbers [4]decimal.Decimal
	for i := 1; i < len(columns); i++ {
		if places[i] < 0 {
			continue
		}
		text := strings.TrimSpace(cells[places[i]])
		if text == "" && !columns[i].mustBe {
			continue
		}
		number, err := parseNumber(text)
		if err != nil {
			return fmt.Errorf("%s is %.64q: %w", columns[i].name, text, err)
		}
		numbers[i] = number
	}
	text := cells[places[0]]
	if !utf8.ValidString(text) {
		return errors.New("the path is not UTF-8: save the file in that encoding")
	}
	var touches []string
	for touch := range strings.SplitSeq(text, ">") {
		touch = strings.TrimSpace(touch)
		if touch == "" && strings.TrimSpace(text) == "" {
			return errors.New("the path is empty: name at least one touch, or leave the line out")
		}
		if touch == "" {
			return fmt.Errorf("the path %.100q has a touch without a name: give it one, such as (not set), or take a > away", text)
		}
		touches = append(touches, strings.Clone(touch))
	}
	p.Add(touches, numbers[1], numbers[2], numbers[3])
	return nil
}

// The most digits of a number, before and after the point.
const maxDigits = 18

// parseNumber reads a number that is not negative.
func parseNumber(text string) (decimal.Decimal, error) {
	if len(text) > 64 || strings.ContainsAny(text, "xXpP_") {
		return decimal.Zero, errors.New("write a number such as 12 or 12.50")
	}
	number, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.Zero, errors.New("write a number such as 12 or 12.50")
	}
	if number.IsNegative() {
		return decimal.Zero, errors.New("it can't be below 0")
	}
	if number.Exponent() > maxDigits || number.Exponent() < -64 {
		return decimal.Zero, fmt.Errorf("write it with at most %d digits before and after the point", maxDigits)
	}
	number = trimmed(number)
	if number.Exponent() < -maxDigits || number.GreaterThanOrEqual(decimal.New(1, maxDigits)) {
		return decimal.Zero, fmt.Errorf("write it with at most %d digits before and after the point", maxDigits)
	}
	return number, nil
}
