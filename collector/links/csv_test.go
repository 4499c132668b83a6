package links

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/headwater/headwater/collector/desk"
)

func TestReadCSV(t *testing.T) {
	convention := DefaultConvention()
	old := Saved{Key: desk.Key{ID: "1"}, Value: Link{Target: "https://acme.example/", Tags: Tags{Source: "old", Medium: "m", Campaign: "c", ID: "7"}}}
	const head = "target,utm_source,utm_medium,utm_campaign\n"
	tests := []struct {
		name, body string
		drafts     int
		known      int
		want       string // line:problem …
	}{
		{"two", head + "https://acme.example/,a,b,c\r\n\r\nacme.example/x,a,b,d\n", 2, 0, ""},
		{"semicolons and a mark", "\ufeffTarget; UTM_Source;utm_medium;utm_campaign;note\nhttps://acme.example/;a;b;c;\"x;y\"\n", 1, 0, ""},
		{"tabs", strings.ReplaceAll(head+"https://acme.example/,a,b,c", ",", "\t"), 1, 0, ""},
		{"written columns", "url,target,utm_source,utm_medium,utm_campaign,leads\nx,https://acme.example/,a,b,c,9\n", 1, 0, ""},
		{"a tagged target alone", "target\nhttps://acme.example/?utm_source=a&utm_medium=b&utm_campaign=c\n", 1, 0, ""},
		{"known", head + "https://acme.example,old,m,c\nhttps://acme.example/,a,b,c\n", 1, 1, ""},
		{"known by id", "target,utm_source,utm_medium,utm_campaign,utm_id\nhttps://acme.example/,old,m,c,7\n", 0, 1, ""},
		{"twice", head + "https://acme.example/,a,b,c\nhttps://ACME.example,a,b,c\n", 0, 0, "3:twice"},
		{"all problems, no link", head + "https://acme.example/,a,b,c\njavascript:alert(1),A,b,c\n\"https://acme.example/\nx\",a,,c\n", 0, 0, "3:scheme 3:case 4:target_control 4:missing"},
		{"lines after a long cell", "target,note,utm_source,utm_medium,utm_campaign\nhttps://acme.example/,\"1\n2\n3\",a,b,c\nhttps://acme.example/,,A,b,c\n", 0, 0, "5:case"},
		{"unknown column", "target,utm_sorce\nhttps://acme.example/,a\n", 0, 0, "1:column"},
		{"column twice", "target,note,note\nhttps://acme.example/,a,b\n", 0, 0, "1:column_twice"},
		{"no header", "https://acme.example/,a,b,c\n", 0, 0, "1:column"},
		{"nothing", "", 0, 0, "1:no_header"},
		{"no rows", head, 0, 0, "1:no_rows"},
		{"quotes", head + "\"https://acme.example/\"x,a,b,c\n", 0, 0, "2:quotes"},
		{"too many cells", head + "https://acme.example/,a,b,c,d\n", 0, 0, "2:cells"},
		{"other encoding", "target\nhttps://acme.example/\xe9\n", 0, 0, "1:encoding"},
		{"too many", head + manyRows(MaxRows+1), 0, 0, fmt.Sprintf("%d:rows", MaxRows+2)},
	}
	for _, test := range tests {
		drafts, known, problems := ReadCSV([]byte(test.body), &convention, []Saved{old})
		var got []string
		for _, p := range problems {
			got = append(got, fmt.Sprintf("%d:%s", p.Line, strings.TrimPrefix(p.ID, "links.problem.")))
		}
		if len(drafts) != test.drafts || known != test.known || strings.Join(got, " ") != test.want {
			t.Errorf("%s: %d drafts, %d known, %q; want %d, %d, %q", test.name, len(drafts), known, got, test.drafts, test.known, test.want)
		}
	}
}

func manyRows(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "https://acme.example/%d,a,b,c\n", i)
	}
	return b.String()
}

// A list that was written is read as it was, and no cell of it begins like a formula.
func TestSecurityCSVOfLinks(t *testing.T) {
	hostile := []string{"=1+1", "+1", "-1", "@SUM(A1)", "'quoted", "a\"b,c;d", `=cmd|'/c calc'!A1`, "＝1", "ordinary"}
	var rows []Row
	var want []Draft
	for _, text := range hostile {
		link := Link{Target: "https://acme.example/", Tags: Tags{Source: text, Medium: "m", Campaign: text, ID: text}, Note: text}
		rows = append(rows, Row{Link: link, Owner: text, Numbers: []string{"1", "2", "3", "4", "5", "-6.00 EUR"}})
		want = append(want, Draft{Target: link.Target, Tags: link.Tags, Note: text})
	}
	var out bytes.Buffer
	if err := WriteCSV(&out, rows); err != nil {
		t.Fatal(err)
	}
	cells, err := csv.NewReader(bytes.NewReader(out.Bytes())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range cells[1:] {
		for i, cell := range line[:len(line)-6] {
			if strings.IndexAny(cell, "=+-@\t\r＝") == 0 {
				t.Errorf("column %d: %q begins like a formula", i, cell)
			}
		}
	}
	got, _, problems := ReadCSV(out.Bytes(), &Convention{}, nil)
	if len(problems) > 0 || !slices.Equal(got, want) {
		t.Errorf("read again:\n%+v\n%v\nwant\n%+v", got, problems, want)
	}
}
