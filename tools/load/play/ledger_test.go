package play

import (
	"strings"
	"testing"
)

func touches(ids ...string) []record {
	var records []record
	for _, id := range ids {
		records = append(records, record{Key: Key{Touch, id}, visitor: "v" + id})
	}
	return records
}

func TestOracleFindsWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		stored map[Key]int
		want   Verdict
	}{
		"all is well":  {map[Key]int{{Touch, "a"}: 1, {Touch, "b"}: 1}, Verdict{Accepted: 2, Stored: 2}},
		"unanswered":   {map[Key]int{{Touch, "a"}: 1, {Touch, "b"}: 1, {Touch, "c"}: 1}, Verdict{Accepted: 2, Stored: 3, Unanswered: 1}},
		"lost":         {map[Key]int{{Touch, "a"}: 1}, Verdict{Accepted: 2, Stored: 1, Lost: 1}},
		"another kind": {map[Key]int{{Touch, "a"}: 1, {Deal, "b"}: 1}, Verdict{Accepted: 2, Stored: 2, Lost: 1, Strange: 1}},
		"twice":        {map[Key]int{{Touch, "a"}: 2, {Touch, "b"}: 1}, Verdict{Accepted: 2, Stored: 2, Duplicated: 1}},
		"never sent":   {map[Key]int{{Touch, "a"}: 1, {Touch, "b"}: 1, {Touch, "x"}: 1}, Verdict{Accepted: 2, Stored: 3, Strange: 1}},
	} {
		l := NewLedger()
		l.send(touches("a", "b", "c"))
		l.take(touches("a", "b"))
		l.take(touches("b"))
		l.refuse("spool_full")
		p := &Player{Config: Config{Ledger: l}}
		got := Verdict{stored: c.stored}
		p.judge(&got)
		if got.Accepted != c.want.Accepted || got.Stored != c.want.Stored || got.Lost != c.want.Lost || got.Duplicated != c.want.Duplicated ||
			got.Strange != c.want.Strange || got.Unanswered != c.want.Unanswered {
			t.Errorf("%s: %+v", name, got)
		}
		if wrong := got.Lost+got.Duplicated+got.Strange > 0; wrong != (got.Wrong() != "") || len(got.Examples) > 0 != wrong {
			t.Errorf("%s: it says %q", name, got.Wrong())
		}
		totals := l.Totals()
		if totals.Accepted[Touch] != 2 || totals.Resent != 1 || totals.Refused["spool_full"] != 1 || totals.Latest.IsZero() {
			t.Errorf("totals %+v", totals)
		}
	}
}

func TestExpectedReport(t *testing.T) {
	l := NewLedger()
	records := append(touches("a", "b"),
		record{Key: Key{Submission, "1"}, email: "new"}, record{Key: Key{Submission, "2"}, email: "new"}, record{Key: Key{Submission, "3"}, email: "old"},
		record{Key: Key{Contact, "c"}, email: "old"}, record{Key: Key{Deal, "d/open"}, deal: "d"}, record{Key: Key{Deal, "d/won"}, deal: "d", cents: 1205},
		record{Key: Key{Deal, "e/open"}, deal: "e"}, record{Key: Key{Submission, "never stored"}, email: "x"})
	l.send(records)
	v := Verdict{stored: map[Key]int{}}
	for _, r := range records[:len(records)-1] {
		v.stored[r.Key] = 1
	}
	p := &Player{Config: Config{Ledger: l}}
	var told []string
	expected := p.Expected(v)
	for _, column := range Columns(expected) {
		told = append(told, column+" "+expected[column])
	}
	if text := strings.Join(told, ", "); text != "conversions 2, deals 2, leads 1, visitors 2, won_amount 12.05, won_deals 1" {
		t.Error(text)
	}
}
