package models

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	want := "[a b|3|30.5|2] [(direct)|1|0|0]"
	for name, text := range map[string]string{
		"plain":           "path,conversions,value,nulls\na > b,3,30.5,2\n(direct),1,0,0\n",
		"no last newline": "path,conversions,value,nulls\na > b,3,30.5,2\n(direct),1,,",
		"windows":         "\ufeffpath,conversions,value,nulls\r\na > b,3,30.5,2\r\n(direct),1,0,0\r\n",
		"quoted":          "\"path\",\"conversions\",\"value\",\"nulls\"\n\"a > b\",\"3\",\"30.5\",\"2\"\n\"(direct)\",1,0,0\n",
		"other order":     "nulls,value,Path,Conversions\n2,30.5,a>b,3\n,,(direct),1\n",
		"more columns":    "\"\",path,total_conversions,total_conversion_value,total_null\n1,a>b,3,30.5,2\n2,(direct),1,0,0\n",
		"blanks":          "path, conversions ,value,nulls\n  a  >b , 3 ,3.05e1,2.0\n\n (direct) ,1,0,0\n",
	} {
		paths, err := Read(context.Background(), strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := show(paths); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	paths, err := Read(context.Background(), strings.NewReader("conversions,path\n2,\"a, b > c\"\n"))
	if err != nil || show(paths) != "[a, b c|2|0|0]" {
		t.Errorf("without value and nulls: %v %v", paths, err)
	}
}

func show(p *Paths) string {
	var all []string
	for _, row := range p.rows {
		var names []string
		for _, id := range row.touches {
			names = append(names, p.names[id])
		}
		all = append(all, fmt.Sprintf("[%s|%s|%s|%s]", strings.Join(names, " "), row.conversions, row.value, row.losses))
	}
	return strings.Join(all, " ")
}

// TestBadRows: every problem names its line and what to do.
func TestBadRows(t *testing.T) {
	const header = "path,conversions,value,nulls\na,1,1,1\n"
	for text, want := range map[string]string{
		"":                                   "line 1: the file is empty",
		"path,conversions\n":                 "line 2: there is no path",
		"path;conversions\na;1\n":            "line 1: there is no column path, only path;conversions",
		"path,value\na,1\n":                  "line 1: there is no column conversions",
		"path,conversions,Path\na,1,b\n":     "line 1: the column path is there twice",
		header + "a,b > c,1,1,1\n":           "line 3: it has more or fewer cells",
		header + "a\n":                       "line 3: it has more or fewer cells",
		header + "a,two,1,1\n":               "line 3: conversions is \"two\": write a number",
		header + "a,,1,1\n":                  "line 3: conversions is \"\": write a number",
		header + "a,NaN,1,1\n":               "line 3: conversions is \"NaN\": write a number",
		header + "a,0x10,1,1\n":              "line 3: conversions is \"0x10\": write a number",
		header + "a,1e999999999,1,1\n":       "line 3: conversions is \"1e999999999\": write a number",
		header + "a,1e30,1,1\n":              "at most 18 digits",
		header + "a,1e-30,1,1\n":             "at most 18 digits",
		header + "a,1234567890123456789,1,1": "at most 18 digits",
		header + "a,-1,1,1\n":                "line 3: conversions is \"-1\": it can't be below 0",
		header + "a,1,-0.01,1\n":             "line 3: value is \"-0.01\": it can't be below 0",
		header + "a,1,1,-5\n":                "line 3: nulls is \"-5\": it can't be below 0",
		header + "\n\n,1,1,1\n":              "line 5: the path is empty",
		header + "a > > b,1,1,1\n":           "line 3: the path \"a > > b\" has a touch without a name",
		header + "a >,1,1,1\n":               "has a touch without a name",
		header + "\"a,1,1,1\n":               "line 3: a quote is not closed",
		header + "a\xff,1,1,1\n":             "line 3: the path is not UTF-8",
	} {
		_, err := Read(context.Background(), strings.NewReader(text))
		wrong := new(LineError)
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("path,conversions,value,nulls\na > b,3,30.5,2\n(direct),1,0,0\n")
	f.Add("\ufeffconversions,path\r\n2,\"a, b > \"\"c\"\"\"\r\n")
	f.Add("path,conversions\na>a>b,1e3\nb,0.000001\n")
	f.Fuzz(func(t *testing.T, text string) {
		paths, err := Read(context.Background(), strings.NewReader(text))
		if err != nil {
			if !strings.Contains(err.Error(), "line ") {
				t.Errorf("no line: %v", err)
			}
			return
		}
		for _, model := range All() {
			credits, err := paths.Credit(context.Background(), model, Options{})
			if err != nil {
				t.Fatalf("%s: %v", model, err)
			}
			if conversions, _ := paths.Totals(); model != Markov || conversions.IsPositive() {
				checkSums(t, paths, credits, string(model))
			}
		}
	})
}
