package schema

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// crowded returns one record of each kind in which every member has a value of its own.
func crowded(t testing.TB) []Record {
	t.Helper()
	var records []Record
	for _, kind := range []Kind{KindTouch, KindSubmission, KindContact, KindCompany, KindDeal, KindSpend, KindRate} {
		record := newRecord(kind)
		crowd(t, reflect.ValueOf(record).Elem(), string(kind))
		records = append(records, record)
	}
	return records
}

func crowd(t testing.TB, v reflect.Value, path string) {
	for i := range v.NumField() {
		member, own := v.Field(i), fmt.Sprintf("%s.%d", path, i)
		switch value := member.Addr().Interface().(type) {
		case *time.Time:
			*value = at.Add(time.Duration(len(own)) * time.Hour).Add(time.Duration(i) * time.Millisecond)
		case *decimal.Decimal:
			*value = decimal.RequireFromString("-1250.0001")
		case *map[string]string:
			*value = map[string]string{"": own, own: "", "ü\xff": strings.Repeat("long ", 60)}
		default:
			switch member.Kind() {
			case reflect.Struct:
				crowd(t, member, own)
			case reflect.Bool:
				member.SetBool(true)
			case reflect.Uint64:
				member.SetUint(1<<63 + uint64(i))
			case reflect.String:
				member.SetString(own + " 🌸")
			default:
				t.Fatalf("%s: give the codec and this test a shape for %s", own, member.Type())
			}
		}
	}
}

func mustEncode(t testing.TB, record Record) []byte {
	t.Helper()
	payload, err := Encode(record)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// Every member of every record comes back as it was, one forgotten by the codec would be lost on its way to ClickHouse.
func TestEncodeDecode(t *testing.T) {
	for _, record := range slices.Concat(crowded(t), fullRecords(), []Record{new(TouchRecord), new(Deal)}) {
		back, err := Decode(mustEncode(t, record))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(record, back) {
			t.Errorf("%T changed on its way through the spool:\n%+v\n%+v", record, record, back)
		}
	}
	for _, record := range fullRecords() {
		if record.Site() != "acme" || record.ID() == "" || !record.PartitionTime().Equal(at) {
			t.Errorf("%T: site %q, id %q, partition %v", record, record.Site(), record.ID(), record.PartitionTime())
		}
	}
	exact := &Contact{CreatedAt: at.Add(time.Nanosecond), ReceivedAt: time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)}
	if back, err := Decode(mustEncode(t, exact)); err != nil || !reflect.DeepEqual(back, Record(exact)) {
		t.Errorf("times became %+v, %v", back, err)
	}
}

// Records that were kept as JSON, before the format was binary, are still read, and any record can be made readable so.
func TestDecodeReadsJSON(t *testing.T) {
	for _, record := range fullRecords() {
		body, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		old := append([]byte{byte(record.Kind())}, body...)
		readable, err := Readable(mustEncode(t, record))
		if err != nil || !bytes.Equal(readable, old) {
			t.Errorf("%T is readable as %s, %v", record, readable, err)
		}
		if same, err := Readable(old); err != nil || !bytes.Equal(same, old) {
			t.Errorf("readable already, and then %s, %v", same, err)
		}
		back, err := Decode(old)
		if err != nil || !reflect.DeepEqual(record, back) {
			t.Errorf("%T was %+v and is %+v, %v", record, record, back, err)
		}
	}
}

// The format lasts: this payload was written once and for all.
func TestDecodeReadsWhatWasWritten(t *testing.T) {
	const written = "7401" + // a touch, version 1
		"b1c6" + "04" + "61636d65" + // site_id
		"7e1d" + "06" + "f4dadd8b9567" + // occurred_at
		"7c66" + "06" + "03726566" + "0178" // parameters
	payload, err := hex.DecodeString(written)
	if err != nil {
		t.Fatal(err)
	}
	want := &TouchRecord{SiteID: "acme", Touch: Touch{OccurredAt: at, Parameters: map[string]string{"ref": "x"}}}
	record, err := Decode(payload)
	if err != nil || !reflect.DeepEqual(record, Record(want)) {
		t.Errorf("read as %+v, %v", record, err)
	}
}

// A spool outlives its collector: columns are added, taken out and moved.
func TestDecodeAcrossVersions(t *testing.T) {
	unknown := (&member{number: memberNumber("a column of the future")}).head(nil, 3)
	var parts [][]byte
	for _, column := range []string{"utm_source", "site_id", "utm_term"} {
		parts = append(parts, append((&member{number: memberNumber(column)}).head(nil, len(column)), column...))
	}
	payload := slices.Concat([]byte{byte(KindTouch), codecVersion}, parts[0], append(unknown, "new"...), parts[1], parts[2])
	record, err := Decode(payload)
	want := &TouchRecord{SiteID: "site_id", Touch: Touch{UTMSource: "utm_source", UTMTerm: "utm_term"}}
	if err != nil || !reflect.DeepEqual(record, Record(want)) {
		t.Errorf("read as %+v, %v", record, err)
	}
	if _, err := Decode([]byte{byte(KindTouch), codecVersion + 1}); err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("a newer format: %v", err)
	}
}

func TestDecodeRefusesDamage(t *testing.T) {
	for _, payload := range []string{"", "x{}", "t", "t[]", `t{"occurred_at":"soon"}`, "t\x01\x00", "t\x01\x00\x00\x05ab"} {
		if record, err := Decode([]byte(payload)); err == nil {
			t.Errorf("Decode(%q) = %+v, want an error", payload, record)
		}
	}
	for column, values := range map[string][]string{
		"occurred_at": {"", "\x80", "\x02\x00\x00", "\x02\x80", "\x02\xff\xff\xff\x7f", strings.Repeat("\xff", 11)},
		"parameters":  {"\x05a", "\x01a", "\x01a\x02b", "\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
		"amount":      {"", "\x00", "\x00\x00\x00\x00\xff"},
	} {
		for _, value := range values {
			for _, kind := range []Kind{KindTouch, KindDeal} {
				_, known := layoutOf(reflect.TypeOf(newRecord(kind)).Elem()).at[memberNumber(column)]
				payload := append((&member{number: memberNumber(column)}).head([]byte{byte(kind), codecVersion}, len(value)), value...)
				if record, err := Decode(payload); known && err == nil {
					t.Errorf("%s = %q was read as %+v", column, value, record)
				}
			}
		}
	}
	// Cut anywhere it is an error, or ends behind a whole member.
	whole := mustEncode(t, crowded(t)[1])
	errs := 0
	for length := range len(whole) {
		if _, err := Decode(whole[:length]); err != nil {
			errs++
		}
	}
	if members := len(layoutOf(reflect.TypeFor[Submission]()).members); errs != len(whole)-members {
		t.Errorf("%d of %d cuts of a record with %d members are noticed", errs, len(whole), members)
	}
}

func TestCodecAllocates(t *testing.T) {
	touch := fullRecords()[0]
	buf := mustEncode(t, touch)
	if n := testing.AllocsPerRun(100, func() { buf, _ = AppendRecord(buf[:0], touch) }); n > 0 {
		t.Errorf("encoding a touch allocates %v objects", n)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = Decode(buf) }); n > 2 {
		t.Errorf("decoding a touch allocates %v objects, not the record and its text", n)
	}
}

func BenchmarkEncode(b *testing.B) {
	touch, buf := fullRecords()[0], make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = AppendRecord(buf[:0], touch)
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkDecode(b *testing.B) {
	payload := mustEncode(b, fullRecords()[0])
	b.ReportAllocs()
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		if _, err := Decode(payload); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, record := range slices.Concat(crowded(f), fullRecords()) {
		payload := mustEncode(f, record)
		f.Add(payload)
		readable, err := Readable(payload)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(readable)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		record, err := Decode(payload)
		if err != nil {
			return
		}
		again := mustEncode(t, record)
		back, err := Decode(again)
		if err != nil {
			t.Fatalf("what was decoded and encoded does not decode: %v", err)
		}
		if third := mustEncode(t, back); !bytes.Equal(again, third) {
			t.Errorf("encoded as %q, and then as %q", again, third)
		}
	})
}
