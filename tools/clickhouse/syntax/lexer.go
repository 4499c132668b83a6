// Package syntax cuts SQL text into tokens as ClickHouse's own lexer does, and finds the parts of a statement
// that an HTTP interface has to know: its verb, its output format and where an INSERT's data begins.
//
// Whether a statement is allowed belongs to package guard.
package syntax

import (
	"strings"
	"unicode/utf8"
)

// A Kind tells what a token is.
type Kind int

// The kinds that matter here. White space and comments are no tokens.
const (
	Word    Kind = iota // bare word: keyword or identifier
	Quoted              // identifier in back quotes or double quotes
	String              // '…' or a heredoc $tag$…$tag$
	Number              // numeric literal
	Symbol              // one character of punctuation
	Invalid             // what ClickHouse's lexer takes for an error, such as a string without an end
)

// A Token is a piece of SQL text.
type Token struct {
	Kind  Kind
	Start int    // offset of its first byte
	End   int    // offset behind its last byte
	Text  string // what it means: the word, or the content of a quoted token with its escapes resolved
}

// Is tells whether the token is this keyword, in any letter case.
func (t Token) Is(keyword string) bool { return t.Kind == Word && strings.EqualFold(t.Text, keyword) }

// IsSymbol tells whether the token is this punctuation character.
func (t Token) IsSymbol(symbol string) bool { return t.Kind == Symbol && t.Text == symbol }

// IsName tells whether the token may be an identifier.
func (t Token) IsName() bool { return t.Kind == Word || t.Kind == Quoted }

// Lex cuts the text into tokens. It never fails: what is wrong becomes an [Invalid] token.
func Lex(text string) []Token {
	l := lexer{text: text}
	for l.next() {
	}
	return l.tokens
}

type lexer struct {
	text   string
	at     int
	tokens []Token
}

func (l *lexer) emit(kind Kind, end int, meaning string) {
	l.tokens = append(l.tokens, Token{Kind: kind, Start: l.at, End: end, Text: meaning})
	l.at = end
}

// next consumes one token, comment or run of white space.
func (l *lexer) next() bool {
	if l.at >= len(l.text) {
		return false
	}
	rest := l.text[l.at:]
	switch c := rest[0]; {
	case isSpace(c):
		l.at++
	case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "//"), strings.HasPrefix(rest, "#!"), strings.HasPrefix(rest, "# "):
		l.at += lineEnd(rest)
	case strings.HasPrefix(rest, "/*"):
		if end := commentEnd(rest); end > 0 {
			l.at += end
		} else {
			l.emit(Invalid, len(l.text), rest)
		}
	case c == '\'':
		l.quoted(String, c)
	case c == '"' || c == '`':
		l.quoted(Quoted, c)
	case c == '$':
		l.dollar(rest)
	case strings.ContainsRune("xXbB", rune(c)) && len(rest) > 1 && rest[1] == '\'' && digitsEnd(rest) > 0:
		end := digitsEnd(rest)
		l.emit(String, l.at+end+1, fromDigits(c, rest[2:end]))
	case isDigit(c):
		l.number(rest)
	case c == '.' && (l.at == 0 || len(rest) > 1 && isDigit(rest[1]) && !l.selectsElement()):
		end := exponentEnd(rest, digitsRun(rest, 1, false, true), false)
		l.emit(Number, l.at+end, rest[:end])
	case isWordByte(c):
		end := 1
		for end < len(rest) && (isWordByte(rest[end]) || rest[end] == '$') {
			end++
		}
		l.emit(Word, l.at+end, rest[:end])
	case c >= utf8.RuneSelf:
		l.beyondASCII(rest)
	default:
		l.emit(Symbol, l.at+1, rest[:1])
	}
	return true
}

// digitsEnd returns where the quote is that ends x'6869' or b'01', or 0 when s is no such literal.
func digitsEnd(s string) int {
	end := strings.IndexByte(s[2:], '\'') + 2
	for i := 2; i < end; i++ {
		if hexValue(s[i]) < 0 {
			return 0
		}
	}
	if end < 2 {
		return 0
	}
	return end
}

// commentEnd returns the length of the comment at the start of s, or 0 when it does not end. Comments nest.
func commentEnd(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); {
		switch s[i : i+2] {
		case "/*":
			depth++
			i += 2
		case "*/":
			i += 2
			if depth--; depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return 0
}

func lineEnd(s string) int {
	if end := strings.IndexByte(s, '\n'); end >= 0 {
		return end + 1
	}
	return len(s)
}

// quoted consumes a token that ends at the quote it starts with. A backslash escapes; a doubled quote stands
// for itself.
func (l *lexer) quoted(kind Kind, quote byte) {
	var meaning strings.Builder
	for i := l.at + 1; i < len(l.text); {
		switch c := l.text[i]; {
		case c == quote && i+1 < len(l.text) && l.text[i+1] == quote:
			meaning.WriteByte(quote)
			i += 2
		case c == quote:
			l.emit(kind, i+1, meaning.String())
			return
		case c == '\\' && i+1 < len(l.text):
			i += unescape(&meaning, l.text[i:])
		default:
			meaning.WriteByte(c)
			i++
		}
	}
	l.emit(Invalid, len(l.text), l.text[l.at:])
}

var escapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', '0': 0, 'a': '\a', 'v': '\v', 'e': 0x1b}

// unescape writes what the escape sequence at the start of s means and returns its length. s has at least two
// bytes.
func unescape(to *strings.Builder, s string) int {
	c := s[1]
	if c == 'x' && len(s) >= 4 {
		if high, low := hexValue(s[2]), hexValue(s[3]); high >= 0 && low >= 0 {
			to.WriteByte(byte(high<<4 | low))
			return 4
		}
	}
	if c == 'N' { // NULL in a TSV field; nothing in a string
		return 2
	}
	if meaning, ok := escapes[c]; ok {
		to.WriteByte(meaning)
		return 2
	}
	to.WriteByte(c)
	return 2
}

func hexValue(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// dollar consumes a heredoc, a word that starts with a dollar, or a lone dollar.
func (l *lexer) dollar(rest string) {
	tagEnd := 1
	for tagEnd < len(rest) && isWordByte(rest[tagEnd]) {
		tagEnd++
	}
	if tagEnd < len(rest) && rest[tagEnd] == '$' {
		tag := rest[:tagEnd+1]
		if end := strings.Index(rest[len(tag):], tag); end >= 0 {
			l.emit(String, l.at+len(tag)+end+len(tag), rest[len(tag):len(tag)+end])
			return
		}
	}
	if len(rest) == 1 || !isWordByte(rest[1]) {
		l.emit(Symbol, l.at+1, "$")
		return
	}
	end := 1
	for end < len(rest) && (isWordByte(rest[end]) || rest[end] == '$') {
		end++
	}
	l.emit(Word, l.at+end, rest[:end])
}

// beyondASCII consumes white space that word processors insert, typographic quotes, and whatever else is not
// ASCII.
func (l *lexer) beyondASCII(rest string) {
	r, size := utf8.DecodeRuneInString(rest)
	switch {
	case isUnicodeSpace(r):
		l.at += size
	case r == '‘' || r == '’':
		l.typographic(String, rest, size, "’")
	case r == '“' || r == '”':
		l.typographic(Quoted, rest, size, "”")
	case r == '−': // the minus sign of word processors
		l.emit(Symbol, l.at+size, "-")
	default:
		l.emit(Invalid, l.at+size, rest[:size])
	}
}

func (l *lexer) typographic(kind Kind, rest string, size int, closing string) {
	end := strings.Index(rest[size:], closing)
	if end < 0 {
		l.emit(Invalid, l.at+size, rest[:size])
		return
	}
	l.emit(kind, l.at+size+end+len(closing), rest[size:size+end])
}

// fromDigits returns the bytes that x'6869' or b'01101000' stands for; missing leading digits are zeros.
func fromDigits(kind byte, digits string) string {
	perByte, bits := 2, 4
	if kind == 'b' || kind == 'B' {
		perByte, bits = 8, 1
	}
	digits = strings.Repeat("0", (perByte-len(digits)%perByte)%perByte) + digits
	out := make([]byte, 0, len(digits)/perByte)
	for i := 0; i < len(digits); i += perByte {
		value := 0
		for _, digit := range []byte(digits[i : i+perByte]) {
			value = value<<bits | hexValue(digit)
		}
		out = append(out, byte(value))
	}
	return string(out)
}

func isUnicodeSpace(r rune) bool {
	switch r {
	case 0x85, 0xA0, 0x180E, 0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF:
		return true
	}
	return r >= 0x2000 && r <= 0x200D
}

func isSpace(c byte) bool { return c == ' ' || (c >= '\t' && c <= '\r') }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isWordByte(c byte) bool {
	return c == '_' || isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
}
