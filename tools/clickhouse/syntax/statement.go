package syntax

import "strings"

// A Statement is what the HTTP interface has to know of one statement.
type Statement struct {
	Tokens  []Token
	Verb    string // first keyword in capitals: SELECT, INSERT, …; empty when there is none
	TextEnd int    // where the statement ends without its FORMAT clause, whatever follows that, and semicolons
	Format  string // output format, or the format of an INSERT's data; empty when none is named

	// Insert tells that the statement is an INSERT; DataStart is then the offset of its data, or -1 when
	// the text names neither FORMAT nor VALUES (yet). HeadEnd is where the part before FORMAT or VALUES ends.
	Insert     bool
	InputTable int // index of the token input in INSERT … SELECT … FROM input('…') FORMAT x, or -1
	DataStart  int
	HeadEnd    int
}

// Balanced tells whether the text is closed in itself: no parenthesis closes what it didn't open, nothing is
// left open, and no semicolon ends it.
func Balanced(text string) bool {
	depth := 0
	for _, token := range Lex(text) {
		switch {
		case token.IsSymbol("("):
			depth++
		case token.IsSymbol(")"):
			depth--
		case token.IsSymbol(";") || token.Kind == Invalid:
			return false
		}
		if depth < 0 {
			return false
		}
	}
	return depth == 0
}

// Parse reads one statement. The text of an INSERT may be cut off anywhere in its data.
func Parse(text string) Statement {
	s := Statement{Tokens: Lex(text), DataStart: -1, InputTable: -1, TextEnd: len(text)}
	first := 0
	for first < len(s.Tokens) && s.Tokens[first].IsSymbol("(") {
		first++
	}
	if first == len(s.Tokens) || s.Tokens[first].Kind != Word {
		return s
	}
	s.Verb = strings.ToUpper(s.Tokens[first].Text)
	if s.Verb == "INSERT" {
		s.Insert = true
		s.parseInsert(text)
		return s
	}
	s.Format, s.TextEnd = outputFormat(s.Tokens, len(text))
	return s
}

// parseInsert finds the data of INSERT INTO [TABLE] [FUNCTION] name [(columns)] [SETTINGS …] FORMAT x | VALUES.
func (s *Statement) parseInsert(text string) {
	t := s.Tokens
	at := 1
	for at < len(t) && (t[at].Is("INTO") || t[at].Is("TABLE") || t[at].Is("FUNCTION")) && at+1 < len(t) && t[at+1].Kind != Symbol {
		at++
	}
	at++ // the table's name
	for at+1 < len(t) && t[at].IsSymbol(".") {
		at += 2
	}
	isSelect := false
	depth := 0
	for ; at < len(t); at++ {
		token := t[at]
		switch {
		case token.IsSymbol("(") || token.IsSymbol("[") || token.IsSymbol("{"):
			depth++
			isSelect = isSelect || at+1 < len(t) && (t[at+1].Is("SELECT") || t[at+1].Is("WITH"))
		case token.IsSymbol(")") || token.IsSymbol("]") || token.IsSymbol("}"):
			depth--
		case token.Is("input") && at+1 < len(t) && t[at+1].IsSymbol("("):
			s.InputTable = at
		case depth != 0:
		case token.Is("SELECT") || token.Is("WITH"):
			isSelect = true
		case token.Is("VALUES") && !isSelect:
			s.Format, s.HeadEnd, s.DataStart = "Values", token.Start, token.End
			return
		case token.Is("FORMAT") && at+1 < len(t) && t[at+1].IsName() && (!isSelect || s.InputTable >= 0):
			s.Format, s.HeadEnd, s.DataStart = t[at+1].Text, token.Start, dataStart(text, t[at+1].End)
			return
		}
	}
}

// dataStart skips what separates a format's name from the data: blanks and one line end. A semicolon ends
// the statement's text and belongs to neither.
func dataStart(text string, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\t' || text[at] == '\f') {
		at++
	}
	if at < len(text) && text[at] == '\r' {
		at++
	}
	if at < len(text) && text[at] == '\n' {
		at++
	}
	return at
}

// outputFormat finds FORMAT name at the end of the statement, where only SETTINGS or INTO may follow.
func outputFormat(t []Token, end int) (string, int) {
	depth := 0
	found := ""
	for i, token := range t {
		switch {
		case token.IsSymbol("(") || token.IsSymbol("[") || token.IsSymbol("{"):
			depth++
		case token.IsSymbol(")") || token.IsSymbol("]") || token.IsSymbol("}"):
			depth--
		case depth == 0 && token.Is("FORMAT") && i > 0 && endsExpression(t[i-1]) && i+1 < len(t) && t[i+1].IsName() && endsStatement(t[i+2:]):
			found, end = t[i+1].Text, token.Start
		case token.IsSymbol(";"):
			end = min(end, token.Start)
		}
	}
	return found, end
}

func endsStatement(rest []Token) bool {
	return len(rest) == 0 || rest[0].IsSymbol(";") || rest[0].Is("SETTINGS") || rest[0].Is("INTO") || rest[0].Is("PARALLEL")
}

// endsExpression tells whether a clause may begin behind the token: behind BY or a comma, "format" is a column.
func endsExpression(t Token) bool {
	if t.Kind == Symbol {
		return strings.Contains(")]}*", t.Text)
	}
	for _, keyword := range []string{"SELECT", "BY", "WHERE", "HAVING", "PREWHERE", "QUALIFY", "AND", "OR", "NOT", "ON", "IN", "AS", "DISTINCT", "FROM", "JOIN", "LIMIT"} {
		if t.Is(keyword) {
			return false
		}
	}
	return t.Kind != Invalid
}
