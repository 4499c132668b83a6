//go:build linux || darwin

package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/headwater/headwater/tools/clickhouse/syntax"
)

// FuzzFilterKeepsTheCanary sends mutated attacks through the whole handler, engine included, and looks for the
// canary in every answer.
func FuzzFilterKeepsTheCanary(f *testing.F) {
	serve(f)
	for _, attack := range attacks {
		f.Add(attack)
	}
	for _, statement := range legitimate {
		f.Add(statement)
	}
	handler := &Handler{Engine: testEngine.engine}
	parameters := url.Values{"max_execution_time": {"2"}, "max_memory_usage": {"300000000"}, "max_result_rows": {"10000"}, "max_threads": {"1"}}
	pairs := attackParameters()
	for i := 0; i < len(pairs); i += 2 {
		parameters.Set(pairs[i], pairs[i+1])
	}
	target := "http://localhost/?" + parameters.Encode()
	f.Fuzz(func(t *testing.T, attack string) {
		if strings.Contains(strings.ToLower(attack), "sleep") {
			return // costs seconds and finds nothing
		}
		statement := inPlace(attack)
		recorder := httptest.NewRecorder()
		func() {
			defer func() {
				if reason := recover(); reason != nil && reason != http.ErrAbortHandler {
					panic(reason)
				}
			}()
			handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, target, strings.NewReader(statement)))
		}()
		checkNoLeak(t, statement, answer{body: recorder.Body.String()})
	})
}

// FuzzLexerAgreesWithEngine compares the tokens that the guard sees with those of the engine's own lexer: where
// they differ, the guard judges another statement than the one that runs.
func FuzzLexerAgreesWithEngine(f *testing.F) {
	serve(f)
	for _, attack := range attacks {
		f.Add(attack)
	}
	for _, statement := range legitimate {
		f.Add(statement)
	}
	for _, text := range []string{"$", "$a", "$a$", "$a b$ x $a b$", "1a 1.a a.1 1.5.6 .5 a.5 1e5 1e+ 0x1p-3 0b12 1__2", "'", "\"", "`", "/*", "--", "−1", "‘a’", "“a”b", "a\x00b", "\xff", "x'41' b'01' X'4'", "@@a @b", "a::Int", "||", "<=>", "!=", "\\G", "\uFEFFSELECT",
		"/* /* */ a */ b", "/*/**/'*/A'", "/*/ a */ b", "0A.", "1.5a", "t.1.2", "1_000.5_0e1_0", "x'4G'", "/**/*/", ".EA", ".", ". 1", ".e1x", "a // '\nb", "a / / b", "//", "#", "#a", "# a", "a#b", "-- '\nb", "--", "-", "\\", "a\\nb", "a\rb", "-- a\rb", "?", "a?b", "^ & | ~", "\u200b", "$$0", "$1$a$1$", "$$a$$b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsRune(text, 0) {
			return // the engine takes it for the end in some places, and refuses it in others
		}
		want, err := engineTokens(text)
		if err != nil {
			t.Fatal(err)
		}
		compareTokens(t, text, want[0])
	})
}

// TestLexerAgreesOnEveryShortText tries each text of three pieces, among them everything that begins or ends a
// token, followed by something that must not be hidden.
func TestLexerAgreesOnEveryShortText(t *testing.T) {
	serve(t)
	pieces := []string{"/", "*", "-", "#", "!", "$", "'", "\"", "`", "\\", ".", "0", "1", "e", "x", "b", "_", " ", "\n", "(", ")", ";", "@", "\u00a0", "“", "’"}
	var texts []string
	for _, first := range pieces {
		for _, second := range pieces {
			for _, third := range pieces {
				texts = append(texts, first+second+third+"a 'b' file('c') ", "a"+first+second+third+"\nf('c')")
			}
		}
	}
	for batch := range slices.Chunk(texts, 3000) {
		want, err := engineTokens(batch...)
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range batch {
			compareTokens(t, text, want[i])
		}
	}
}

// compareTokens fails where the guard's lexer sees another token than the engine's, unless the engine refuses the text.
func compareTokens(t *testing.T, text string, want []engineToken) {
	t.Helper()
	for _, token := range want {
		if strings.HasPrefix(token.kind, "Error") {
			return
		}
	}
	got := syntax.Lex(text)
	for _, token := range got {
		if token.Kind == syntax.Invalid {
			t.Errorf("%q: %v is invalid only here", text, token)
		}
	}
	kinds := map[string]syntax.Kind{
		"BareWord": syntax.Word, "QuotedIdentifier": syntax.Quoted, "StringLiteral": syntax.String, "HereDoc": syntax.String,
		"Number": syntax.Number, "OpeningRoundBracket": syntax.Symbol, "ClosingRoundBracket": syntax.Symbol, "Semicolon": syntax.Symbol,
	}
	for _, token := range want {
		if kind, matters := kinds[token.kind]; matters && !has(got, token, kind) {
			t.Errorf("%q: the engine's %v is none of %v", text, token, got)
		}
	}
}

type engineToken struct {
	start, end int
	kind       string
}

func has(tokens []syntax.Token, want engineToken, kind syntax.Kind) bool {
	for _, token := range tokens {
		if token.Start == want.start && token.End == want.end {
			return token.Kind == kind
		}
	}
	return false
}

// engineTokens asks the engine to cut the texts.
func engineTokens(texts ...string) ([][]engineToken, error) {
	session, err := testEngine.engine.Begin(context.Background(), false)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	literals := make([]string, len(texts))
	for i, text := range texts {
		literals[i] = quoteString(text)
	}
	out, _, err := session.Query("SELECT arrayMap(q -> arrayMap(t -> (t.1, t.2, toString(t.3)), tokenizeQuery(q)), ["+strings.Join(literals, ",")+"])", "JSONCompactEachRow", nil)
	if err != nil {
		return nil, err
	}
	var rows [1][][][3]any
	if err := json.Unmarshal(out, &rows); err != nil {
		return nil, err
	}
	all := make([][]engineToken, len(rows[0]))
	for i, row := range rows[0] {
		for _, field := range row {
			start, _ := field[0].(float64)
			end, _ := field[1].(float64)
			kind, _ := field[2].(string)
			all[i] = append(all[i], engineToken{int(start), int(end), kind})
		}
	}
	return all, nil
}
