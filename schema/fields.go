package schema

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Field describes one field of a record. Its name is the same in JSON, Go's tag, ClickHouse and, with "hw_" before
// it, the hidden field of a form.
type Field struct {
	Name string // of the JSON member and of the column; fields of a touch inside a submission carry its prefix
	Max  int    // bytes; longer text is cut at a rune boundary; 0 where the type is its own bound
	By   string // who fills it: browser, crm or server

	index []int
	each  int // bytes of each value of a map, of which there are at most MaxParameters; 0 for no bound
}

// Fields lists the fields of a record (TouchRecord, Submission, …, or a pointer to one) in the order of its columns, read
// from the struct tags. Members that have no column (ch:"-") are left out. Don't change the result: it is shared.
func Fields(record any) []Field { return fieldsOf(reflect.Indirect(reflect.ValueOf(record)).Type()) }

var knownFields sync.Map // reflect.Type of a record struct to its []Field

func fieldsOf(record reflect.Type) []Field {
	if known, ok := knownFields.Load(record); ok {
		return known.([]Field)
	}
	fields := appendFields(nil, record, "", nil)
	knownFields.Store(record, fields)
	return fields
}

func appendFields(fields []Field, t reflect.Type, prefix string, index []int) []Field {
	for i := range t.NumField() {
		member := t.Field(i)
		at := append(index[:len(index):len(index)], i)
		column := member.Tag.Get("ch")
		switch {
		case column == "-":
		case member.Anonymous:
			fields = appendFields(fields, member.Type, prefix, at)
		case member.Type == reflect.TypeFor[Touch]():
			fields = appendFields(fields, member.Type, prefix+column, at)
		default:
			longest, _ := strconv.Atoi(member.Tag.Get("max"))
			each, _ := strconv.Atoi(member.Tag.Get("each"))
			fields = append(fields, Field{Name: prefix + column, Max: longest, By: member.Tag.Get("by"), index: at, each: each})
		}
	}
	return fields
}

// Values returns the columns of a record (a struct or a pointer to one) as the values that a ClickHouse batch takes, in
// the order of fields, which must come from Fields of the same type. Empty UUIDs and times become their zero in ClickHouse.
func Values(record any, fields []Field) []any {
	v := reflect.Indirect(reflect.ValueOf(record))
	values := make([]any, len(fields))
	for i := range fields {
		values[i] = columnValue(v.FieldByIndex(fields[i].index))
	}
	return values
}

func columnValue(v reflect.Value) any {
	switch value := v.Interface().(type) {
	case time.Time:
		return columnTime(value)
	case VisitorID:
		return parsedUUID(string(value))
	case TouchID:
		return parsedUUID(string(value))
	case SubmissionID:
		return parsedUUID(string(value))
	case ReclassificationID:
		return parsedUUID(string(value))
	case RecordID:
		return parsedUUID(string(value))
	case ErasureID:
		return parsedUUID(string(value))
	}
	if v.Kind() == reflect.String {
		return v.String()
	}
	return v.Interface()
}

// columnTime is 1970 where there is no time.
func columnTime(t time.Time) time.Time {
	if t.IsZero() {
		return time.UnixMilli(0).UTC()
	}
	return t.UTC()
}

// parsedUUID takes ids that Validate has let through or that are empty; anything else is the nil UUID.
func parsedUUID(text string) uuid.UUID {
	id, _ := uuid.Parse(text)
	return id
}

// Bound cuts every text member of the record that pointer points to at its Max, and every custom parameter at its own, at
// a rune boundary, and drops invalid UTF-8 and NUL bytes. It is the one place where the limits of the struct tags are enforced.
func Bound(pointer any) {
	v := reflect.ValueOf(pointer).Elem()
	for _, field := range fieldsOf(v.Type()) {
		member := v.FieldByIndex(field.index)
		if member.Kind() == reflect.String && field.Max > 0 {
			member.SetString(CutText(member.String(), field.Max))
		} else if field.each > 0 {
			boundMap(member.Interface().(map[string]string), field.each)
		}
	}
}

// boundMap cuts the values; of too many names the last in their order go.
func boundMap(values map[string]string, each int) {
	for i, name := range slices.Sorted(maps.Keys(values)) {
		if i >= MaxParameters {
			delete(values, name)
			continue
		}
		values[name] = CutText(values[name], each)
	}
}

// CutText returns text without invalid UTF-8 and NUL, cut to at most max bytes at a rune boundary.
func CutText(text string, max int) string {
	if text == "" {
		return ""
	}
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "�")
	if len(text) <= max {
		return text
	}
	for max > 0 && text[max]&0xC0 == 0x80 {
		max--
	}
	return text[:max]
}

// SetField sets the text or time member called name of the record that pointer points to, for decoders that read
// flat names (hidden form fields, CSV columns). Times are RFC 3339 or Unix milliseconds.
func SetField(pointer any, name, text string) error {
	v := reflect.ValueOf(pointer).Elem()
	for _, field := range fieldsOf(v.Type()) {
		if field.Name != name {
			continue
		}
		member := v.FieldByIndex(field.index)
		if member.Kind() == reflect.String {
			member.SetString(text)
			return nil
		}
		if member.Type() != reflect.TypeFor[time.Time]() {
			return fmt.Errorf("%s: not a text or time field", name)
		}
		at, err := ParseTime(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		member.Set(reflect.ValueOf(at))
		return nil
	}
	return fmt.Errorf("%s: no such field", name)
}

// ParseTime reads RFC 3339 text, a date, or Unix milliseconds; "" is the zero time. The result is UTC with
// milliseconds, as it is stored.
func ParseTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && len(text) >= 12 {
		return time.UnixMilli(ms).UTC(), nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC().Truncate(time.Millisecond), nil
		}
	}
	return time.Time{}, fmt.Errorf("%.64q is not a time: send RFC 3339 such as 2026-03-01T09:30:00Z, a date, or Unix milliseconds", text)
}
