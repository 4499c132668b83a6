package schema

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"
)

// How a record is kept in the spool: its kind (one byte), the version of the format (one byte), and then every member that
// is not empty as number (two bytes, little-endian), length (uvarint), value.
//
//	text       its bytes
//	time       milliseconds since 1970 (varint); what is left of a millisecond follows in nanoseconds (uvarint) where there is any
//	map        for each entry, ordered by name: length and name, length and value
//	truth      no bytes: it is there or not
//	decimal    as decimal.MarshalBinary has it
//	count      uvarint
//
// A member's number is a hash of the column's name, so nobody keeps a list of numbers: columns may be added, moved and taken
// out, and a spool that an older or newer version wrote is still read; unknown members are passed over. A test holds that
// no two columns of a record share a number. Records of before this format are kind and JSON, and are read as well.

// codecVersion is the second byte of a payload. JSON begins with {, so every version must be less than a blank.
const codecVersion = 1

// shape is how the value of a member is written.
type shape byte

const (
	shapeText shape = iota
	shapeTime
	shapeMap
	shapeTruth
	shapeDecimal
	shapeCount
)

// member is a member of a record as the codec sees it.
type member struct {
	number uint16
	shape  shape
	name   string
	index  []int
}

// layout is what the codec knows of one type of record.
type layout struct {
	members []member
	at      map[uint16]int // number to index in members
	err     error
}

var layouts sync.Map // reflect.Type of a record struct to its *layout

func layoutOf(record reflect.Type) *layout {
	if known, ok := layouts.Load(record); ok {
		return known.(*layout)
	}
	l := newLayout(record)
	layouts.Store(record, l)
	return l
}

func newLayout(record reflect.Type) *layout {
	l := &layout{at: map[uint16]int{}}
	for _, field := range fieldsOf(record) {
		l.add(field.Name, field.index, record.FieldByIndex(field.index).Type)
	}
	for i := range record.NumField() { // what has no column is kept all the same
		if own := record.Field(i); own.Tag.Get("ch") == "-" {
			name, _, _ := strings.Cut(own.Tag.Get("json"), ",")
			l.add(name, own.Index, own.Type)
		}
	}
	return l
}

func (l *layout) add(name string, index []int, of reflect.Type) {
	m := member{number: memberNumber(name), name: name, index: index}
	switch {
	case of == reflect.TypeFor[time.Time]():
		m.shape = shapeTime
	case of == reflect.TypeFor[decimal.Decimal]():
		m.shape = shapeDecimal
	case of == reflect.TypeFor[map[string]string]():
		m.shape = shapeMap
	case of.Kind() == reflect.String:
		m.shape = shapeText
	case of.Kind() == reflect.Bool:
		m.shape = shapeTruth
	case of.Kind() == reflect.Uint64:
		m.shape = shapeCount
	default:
		l.err = fmt.Errorf("the codec has no shape for %s, which is %s: give it one in schema/codec.go", name, of)
	}
	if other, taken := l.at[m.number]; taken {
		l.err = fmt.Errorf("%s and %s have one number in the spool: call the newer otherwise", l.members[other].name, name)
	}
	l.at[m.number] = len(l.members)
	l.members = append(l.members, m)
}

func memberNumber(name string) uint16 {
	sum := fnv.New32a()
	sum.Write([]byte(name))
	return uint16(sum.Sum32()) ^ uint16(sum.Sum32()>>16)
}

// Encode returns the record as it is kept in the spool.
func Encode(record Record) ([]byte, error) {
	return AppendRecord(make([]byte, 0, 768), record)
}

// AppendRecord appends what Encode returns to buf.
func AppendRecord(buf []byte, record Record) ([]byte, error) {
	v := reflect.ValueOf(record).Elem()
	l := layoutOf(v.Type())
	if l.err != nil {
		return nil, fmt.Errorf("encode %T: %w", record, l.err)
	}
	buf = append(buf, byte(record.Kind()), codecVersion)
	for i := range l.members {
		var err error
		if buf, err = l.members[i].append(buf, v); err != nil {
			return nil, fmt.Errorf("encode %T: %s: %w", record, l.members[i].name, err)
		}
	}
	return buf, nil
}

func (m *member) append(buf []byte, record reflect.Value) ([]byte, error) {
	v := record.FieldByIndex(m.index)
	switch m.shape {
	case shapeText:
		if text := v.String(); text != "" {
			buf = append(m.head(buf, len(text)), text...)
		}
	case shapeTime:
		if at := *v.Addr().Interface().(*time.Time); !at.IsZero() {
			var scratch [2 * binary.MaxVarintLen64]byte
			value := binary.AppendVarint(scratch[:0], at.UnixMilli())
			if rest := at.Nanosecond() % 1e6; rest > 0 {
				value = binary.AppendUvarint(value, uint64(rest))
			}
			buf = append(m.head(buf, len(value)), value...)
		}
	case shapeMap:
		if entries := *v.Addr().Interface().(*map[string]string); len(entries) > 0 {
			buf = appendEntries(m.head(buf, entriesSize(entries)), entries)
		}
	case shapeTruth:
		if v.Bool() {
			buf = m.head(buf, 0)
		}
	case shapeDecimal:
		if number := *v.Addr().Interface().(*decimal.Decimal); !number.IsZero() {
			value, err := number.MarshalBinary()
			if err != nil {
				return nil, err
			}
			buf = append(m.head(buf, len(value)), value...)
		}
	case shapeCount:
		if n := v.Uint(); n > 0 {
			var scratch [binary.MaxVarintLen64]byte
			value := binary.AppendUvarint(scratch[:0], n)
			buf = append(m.head(buf, len(value)), value...)
		}
	}
	return buf, nil
}

func (m *member) head(buf []byte, size int) []byte {
	return binary.AppendUvarint(binary.LittleEndian.AppendUint16(buf, m.number), uint64(size))
}

func appendEntries(buf []byte, entries map[string]string) []byte {
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		buf = append(binary.AppendUvarint(buf, uint64(len(name))), name...)
		buf = append(binary.AppendUvarint(buf, uint64(len(entries[name]))), entries[name]...)
	}
	return buf
}

func entriesSize(entries map[string]string) int {
	size := 0
	for name, value := range entries {
		size += uvarintSize(len(name)) + len(name) + uvarintSize(len(value)) + len(value)
	}
	return size
}

func uvarintSize(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// Decode reads what Encode wrote. The texts of the record are parts of one copy of the payload.
func Decode(payload []byte) (Record, error) {
	if len(payload) == 0 {
		return nil, errors.New("decode record: empty payload")
	}
	record := newRecord(Kind(payload[0]))
	if record == nil {
		return nil, fmt.Errorf("decode record: unknown kind %q", payload[0])
	}
	var err error
	switch {
	case len(payload) > 1 && payload[1] == codecVersion:
		err = decodeMembers(payload[2:], record)
	case len(payload) > 1 && payload[1] < ' ':
		err = fmt.Errorf("format %d: written by a newer version of Headwater", payload[1])
	default:
		err = json.Unmarshal(payload[1:], record)
	}
	if err != nil {
		return nil, fmt.Errorf("decode %T: %w", record, err)
	}
	return record, nil
}

// Readable returns a payload as records were kept before they were binary, kind and JSON: people can read that, and Decode
// reads it too. One that is JSON already stays as it is.
func Readable(payload []byte) ([]byte, error) {
	record, err := Decode(payload)
	if err != nil {
		return nil, err
	}
	if payload[1] != codecVersion {
		return payload, nil
	}
	body, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("make %T readable: %w", record, err)
	}
	return append([]byte{payload[0]}, body...), nil
}

func decodeMembers(data []byte, record Record) error {
	v := reflect.ValueOf(record).Elem()
	l := layoutOf(v.Type())
	if l.err != nil {
		return l.err
	}
	text := string(data)
	next := 0 // members mostly come in the order of the layout
	for at := 0; at < len(data); {
		if len(data)-at < 3 {
			return errCut
		}
		number := binary.LittleEndian.Uint16(data[at:])
		size, n := binary.Uvarint(data[at+2:])
		at += 2 + n
		if n <= 0 || size > uint64(len(data)-at) {
			return errCut
		}
		end := at + int(size)
		if i, known := l.find(number, next); known {
			if err := l.members[i].decode(v, data[at:end], text[at:end]); err != nil {
				return fmt.Errorf("%s: %w", l.members[i].name, err)
			}
			next = i + 1
		}
		at = end
	}
	return nil
}

var errCut = errors.New("it is cut or damaged")

// find returns the index of the member with this number. It stands a little behind next unless the columns were moved.
func (l *layout) find(number uint16, next int) (int, bool) {
	for i := next; i < len(l.members) && i < next+8; i++ {
		if l.members[i].number == number {
			return i, true
		}
	}
	i, known := l.at[number]
	return i, known
}

// decode sets the member; data and text are the same bytes.
func (m *member) decode(record reflect.Value, data []byte, text string) error {
	v := record.FieldByIndex(m.index)
	switch m.shape {
	case shapeText:
		v.SetString(text)
	case shapeTime:
		ms, n := binary.Varint(data)
		rest, more := uint64(0), 0
		if n > 0 && n < len(data) {
			rest, more = binary.Uvarint(data[n:])
		}
		if n <= 0 || n+more != len(data) || rest >= 1e6 {
			return errCut
		}
		*v.Addr().Interface().(*time.Time) = time.UnixMilli(ms).Add(time.Duration(rest)).UTC()
	case shapeMap:
		entries, err := decodeEntries(data, text)
		if err != nil {
			return err
		}
		*v.Addr().Interface().(*map[string]string) = entries
	case shapeTruth:
		v.SetBool(true)
	case shapeDecimal:
		return v.Addr().Interface().(*decimal.Decimal).UnmarshalBinary(data)
	case shapeCount:
		n, size := binary.Uvarint(data)
		if size <= 0 || size != len(data) {
			return errCut
		}
		v.SetUint(n)
	}
	return nil
}

func decodeEntries(data []byte, text string) (map[string]string, error) {
	var entries map[string]string
	for at := 0; at < len(data); {
		var parts [2]string
		for i := range parts {
			size, n := binary.Uvarint(data[at:])
			at += n
			if n <= 0 || size > uint64(len(data)-at) {
				return nil, errCut
			}
			parts[i] = text[at : at+int(size)]
			at += int(size)
		}
		if entries == nil {
			entries = map[string]string{}
		}
		entries[parts[0]] = parts[1]
	}
	return entries, nil
}
