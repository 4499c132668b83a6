package syntax

import (
	"strings"
	"testing"
)

// words joins what the tokens mean, for comparison.
func words(tokens []Token) string {
	kinds := map[Kind]string{Word: "w", Quoted: "q", String: "s", Number: "n", Symbol: "", Invalid: "!"}
	var out []string
	for _, token := range tokens {
		out = append(out, kinds[token.Kind]+token.Text)
	}
	return strings.Join(out, " ")
}

// Package httpapi compares the lexer with the engine's own on a corpus and by fuzzing; here is what can be
// checked without an engine.
func TestLex(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT a, 'it''s' FROM `b c`":  "wSELECT wa , sit's wFROM qb c",
		"a -- x\nb":                     "wa wb",
		"a /* /* */ x */ b":             "wa wb",
		"a // 'x\nb":                    "wa wb",
		"a # x\nb #! y":                 "wa wb",
		"'\\x41\\t\\'\\\\'":             "sA\t'\\",
		"`\\x66ile`(":                   "qfile (",
		"$$it's$$ $a$ $$ $a$":           "sit's s $$ ",
		"1st 1.5e-3 0xFF + .5 t.1.2":    "w1st n1.5e-3 n0xFF + n.5 wt . n1 . n2",
		"x'4142' X'a' b'01000001' B'1'": "sAB s\n sA s\x01",
		"a\u00a0b\u3000c":               "wa wb wc",
		"‘a’ “b”":                       "sa qb",
		"'open":                         "!'open",
		"a /* open":                     "wa !/* open",
		"":                              "",
	} {
		if got := words(Lex(text)); got != want {
			t.Errorf("%q is cut into %q, want %q", text, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	for _, check := range []struct{ text, verb, format, head, data string }{
		{"SELECT 1", "SELECT", "", "SELECT 1", ""},
		{"select 1 format JSON", "SELECT", "JSON", "select 1", ""},
		{"SELECT 1 FORMAT JSON SETTINGS a = 1;", "SELECT", "JSON", "SELECT 1", ""},
		{"SELECT format FROM t ORDER BY format DESC", "SELECT", "", "SELECT format FROM t ORDER BY format DESC", ""},
		{"SELECT a AS format FROM t ORDER BY a, format DESC;", "SELECT", "", "SELECT a AS format FROM t ORDER BY a, format DESC", ""},
		{"SELECT 'x FORMAT CSV'", "SELECT", "", "SELECT 'x FORMAT CSV'", ""},
		{"(SELECT 1 FORMAT CSV)", "SELECT", "", "(SELECT 1 FORMAT CSV)", ""},
		{"SHOW TABLES FORMAT TSVRaw", "SHOW", "TSVRaw", "SHOW TABLES", ""},
		{"INSERT INTO t VALUES (1)", "INSERT", "Values", "INSERT INTO t ", " (1)"},
		{"INSERT INTO t FORMAT CSV\n1\n", "INSERT", "CSV", "INSERT INTO t ", "1\n"},
		{"INSERT INTO t FORMAT CSV \r\n\n1\n", "INSERT", "CSV", "INSERT INTO t ", "\n1\n"},
		{"INSERT INTO t FORMAT CSV", "INSERT", "CSV", "INSERT INTO t ", ""},
		{"INSERT INTO values (format, values) VALUES (1", "INSERT", "Values", "INSERT INTO values (format, values) ", " (1"},
		{"INSERT INTO db.format FORMAT TSV 1", "INSERT", "TSV", "INSERT INTO db.format ", "1"},
		{"INSERT INTO TABLE t (a) SETTINGS x = 1 FORMAT `TSV`\n1", "INSERT", "TSV", "INSERT INTO TABLE t (a) SETTINGS x = 1 ", "1"},
		{"INSERT INTO t SELECT 1 FORMAT Null", "INSERT", "", "", ""},
		{"INSERT INTO t (SELECT 1) FORMAT Null", "INSERT", "", "", ""},
		{"INSERT INTO t SELECT x FROM input('x Int8') FORMAT CSV 1", "INSERT", "CSV", "INSERT INTO t SELECT x FROM input('x Int8') ", "1"},
		{"INSERT INTO t", "INSERT", "", "", ""},
		{"INSERT", "INSERT", "", "", ""},
		{"", "", "", "", ""},
		{"((", "", "", "((", ""},
	} {
		s := Parse(check.text)
		head, data := check.text[:s.TextEnd], ""
		if s.Insert {
			head = check.text[:s.HeadEnd]
		}
		if s.DataStart >= 0 {
			data = check.text[s.DataStart:]
		}
		if s.Verb != check.verb || s.Format != check.format || strings.TrimSpace(head) != strings.TrimSpace(check.head) || data != check.data {
			t.Errorf("%q: verb %q, format %q, head %q, data %q", check.text, s.Verb, s.Format, head, data)
		}
	}
}

func TestBalanced(t *testing.T) {
	for text, want := range map[string]bool{"a Int8, b Tuple(c String)": true, "a) (b": false, "a (": false, "a; b": false, "')'": true, "'": false, "": true} {
		if Balanced(text) != want {
			t.Errorf("Balanced(%q) is %v", text, !want)
		}
	}
}

func FuzzLex(f *testing.F) {
	for _, seed := range []string{"SELECT 'a' FROM `b` /* c */ -- d", "$a$ x $a$", "'\\x4", "0x1p-3.5e", "“”‘’−", "x'4", "/*/**/", "INSERT INTO t VALUES ("} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, token := range Lex(text) {
			if token.Start < end || token.End <= token.Start || token.End > len(text) {
				t.Fatalf("%q: token %+v after offset %d", text, token, end)
			}
			end = token.End
		}
		s := Parse(text)
		if s.DataStart > len(text) || s.HeadEnd > len(text) || s.TextEnd > len(text) || s.DataStart >= 0 && s.HeadEnd > s.DataStart {
			t.Fatalf("%q: %+v", text, s)
		}
	})
}
