package schema

import (
	_ "embed"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
)

// maxUserAgent is how much of a User-Agent header is looked at, in bytes: a longer one is no browser's.
const maxUserAgent = 512

//go:embed bots.txt
var botsText string

// Bot tells whether a User-Agent header is one of a known crawler, scanner or driven browser (bots.txt). Libraries that other
// programs send with are none: a site's backend may pass its forms on. Its time is linear in the first 512 bytes.
func Bot(userAgent string) bool {
	if len(userAgent) > maxUserAgent {
		userAgent = userAgent[:maxUserAgent]
	}
	return botMarks().match(userAgent)
}

// gram is the bytes by which a mark is looked up.
const gram = 3

// botMark is one pattern. A text that it matches contains one of its literals; expression is nil where that is enough.
type botMark struct {
	literals   []string
	expression *regexp.Regexp
}

// botIndex finds the patterns that a text may match by three bytes of their literals, so that a browser's header, which matches
// none, costs a look at a bit for each of its bytes and not a search for each of 1,500 patterns.
type botIndex struct {
	bits  [1 << 16 / 64]uint64
	byKey map[uint32][]indexedLiteral
	// others have no literal that is long enough, and are always tried.
	others []*regexp.Regexp
}

type indexedLiteral struct {
	text string
	mark *botMark
}

var botMarks = sync.OnceValue(func() *botIndex {
	index := &botIndex{byKey: map[uint32][]indexedLiteral{}}
	for line := range strings.Lines(botsText) {
		line = strings.TrimRight(line, "\r\n")
		if line != "" && line[0] != '#' {
			index.add(line)
		}
	}
	return index
})

func (x *botIndex) add(pattern string) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return // a test holds that there is none
	}
	parsed = parsed.Simplify()
	mark := &botMark{literals: required(parsed)}
	whole := parsed.Op == syntax.OpLiteral && parsed.Flags&syntax.FoldCase == 0
	if !whole {
		mark.expression = regexp.MustCompile(pattern)
	}
	if len(mark.literals) == 0 || slices.ContainsFunc(mark.literals, func(text string) bool { return len(text) < gram }) {
		x.others = append(x.others, regexp.MustCompile(pattern))
		return
	}
	for _, literal := range mark.literals {
		at := rarest(literal)
		key := keyOf(literal, at)
		x.byKey[key] = append(x.byKey[key], indexedLiteral{literal, mark})
		slot := slotOf(key)
		x.bits[slot/64] |= 1 << (slot % 64)
	}
}

func (x *botIndex) match(text string) bool {
	for i := 0; i+gram <= len(text); i++ {
		key := keyOf(text, i)
		slot := slotOf(key)
		if x.bits[slot/64]&(1<<(slot%64)) == 0 {
			continue
		}
		for _, literal := range x.byKey[key] {
			if strings.Contains(text, literal.text) && (literal.mark.expression == nil || literal.mark.expression.MatchString(text)) {
				return true
			}
		}
	}
	for _, expression := range x.others {
		if expression.MatchString(text) {
			return true
		}
	}
	return false
}

func keyOf(text string, at int) uint32 {
	return uint32(text[at]) | uint32(text[at+1])<<8 | uint32(text[at+2])<<16
}

func slotOf(key uint32) uint32 { return key * 0x9E3779B1 >> 16 }

// everyday is what people's browsers send: a literal is better looked up by bytes that are not in it.
const everyday = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0 " +
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1 " +
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7; rv:132.0) Gecko/20100101 Firefox/132.0 Mozilla/5.0 (X11; Linux x86_64) Mozilla/5.0 (Linux; Android 10; K)"

// rarest returns where in a literal the bytes are by which it is looked up.
func rarest(literal string) int {
	for i := 0; i+gram <= len(literal); i++ {
		if !strings.Contains(everyday, literal[i:i+gram]) {
			return i
		}
	}
	return 0
}

// required returns texts one of which every match of an expression contains; none where it tells no such.
func required(expression *syntax.Regexp) []string {
	switch expression.Op {
	case syntax.OpLiteral:
		if expression.Flags&syntax.FoldCase == 0 {
			return []string{string(expression.Rune)}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return required(expression.Sub[0])
	case syntax.OpConcat:
		var best []string
		for _, part := range expression.Sub {
			if texts := required(part); shortest(texts) > shortest(best) {
				best = texts
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, part := range expression.Sub {
			texts := required(part)
			if len(texts) == 0 {
				return nil
			}
			all = append(all, texts...)
		}
		return all
	}
	return nil
}

// shortest is the length of the shortest text, 0 where there is none.
func shortest(texts []string) int {
	if len(texts) == 0 {
		return 0
	}
	return len(slices.MinFunc(texts, func(a, b string) int { return len(a) - len(b) }))
}
