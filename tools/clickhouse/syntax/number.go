package syntax

// selectsElement tells whether a dot here selects a tuple's element rather than starting a number.
func (l *lexer) selectsElement() bool {
	if len(l.tokens) == 0 {
		return false
	}
	last := l.tokens[len(l.tokens)-1]
	return last.IsName() || last.Kind == Number || last.IsSymbol(")") || last.IsSymbol("]")
}

// number consumes what starts with a digit: a numeric literal, or a word such as 1st.
func (l *lexer) number(rest string) {
	end := l.numberEnd(rest)
	if end == len(rest) || !isWordByte(rest[end]) {
		l.emit(Number, l.at+end, rest[:end])
		return
	}
	for end < len(rest) && isWordByte(rest[end]) {
		end++
	}
	kind := Word
	for i := range end {
		if !isWordByte(rest[i]) {
			kind = Invalid
		}
	}
	l.emit(kind, l.at+end, rest[:end])
}

func (l *lexer) numberEnd(rest string) int {
	if len(l.tokens) > 0 && l.tokens[len(l.tokens)-1].IsSymbol(".") { // t.1.2 selects twice
		return digitsRun(rest, 1, false, false)
	}
	hex, prefixed := false, false
	if len(rest) > 2 && rest[0] == '0' {
		switch rest[1] {
		case 'x', 'X':
			hex = hexValue(rest[2]) >= 0
			prefixed = hex
		case 'b', 'B':
			prefixed = rest[2] == '0' || rest[2] == '1'
		}
	}
	end := 1
	if prefixed {
		end = 2
	}
	end = digitsRun(rest, end, hex, prefixed)
	if end < len(rest) && rest[end] == '.' {
		end = digitsRun(rest, end+1, hex, true)
	}
	return exponentEnd(rest, end, hex)
}

// digitsRun returns where the digits from at on end. An underscore counts between digits, not at the start of
// a block of them.
func digitsRun(s string, at int, hex, startOfBlock bool) int {
	isDigitHere := func(i int) bool {
		return i < len(s) && (isDigit(s[i]) || hex && hexValue(s[i]) >= 0)
	}
	for ; at < len(s); at++ {
		if !isDigitHere(at) && !(s[at] == '_' && !startOfBlock && isDigitHere(at+1)) {
			break
		}
		startOfBlock = false
	}
	return at
}

// exponentEnd returns where the exponent ends that may begin at the offset.
func exponentEnd(s string, at int, hex bool) int {
	if at+1 >= len(s) {
		return at
	}
	switch s[at] {
	case 'e', 'E':
		if hex {
			return at
		}
	case 'p', 'P':
		if !hex {
			return at
		}
	default:
		return at
	}
	at++
	if at+1 < len(s) && (s[at] == '-' || s[at] == '+') {
		at++
	}
	return digitsRun(s, at, false, true)
}
