package guard

import (
	"strings"

	"github.com/headwater/headwater/tools/clickhouse/syntax"
)

// structureFunctions take a list of columns as a string, and columns may have default expressions:
//
//	format(JSONEachRow, 'a String DEFAULT file(\'/etc/passwd\')', '{}')
//
// Such strings must be written out, so that they can be judged here: an expression, a parameter or a name
// in their place could make any string.
var structureFunctions = set([]string{"format", "input", "null", "generateRandom", "values"})

func (p *Policy) checkCall(tokens []syntax.Token, i int) error {
	name := strings.ToLower(tokens[i].Text)
	if p.deniedCalls[name] {
		return refuse("The function %s()", tokens[i].Text)
	}
	if strings.HasPrefix(name, "array") || strings.HasPrefix(name, "map") {
		return p.checkFunctionArgument(arguments(tokens, i+1))
	}
	if !structureFunctions[name] {
		return nil
	}
	args := arguments(tokens, i+1)
	if name == "format" && isPattern(args) {
		return nil
	}
	return p.checkStructures(name, args)
}

// checkFunctionArgument refuses arrayMap(file, paths): where no column has that name, the engine takes the
// function for a lambda. Only functions on arrays and maps take lambdas, always as their first argument.
func (p *Policy) checkFunctionArgument(args [][]syntax.Token) error {
	first := 0
	for len(args) > 1 && at(args[0], first).IsSymbol("(") {
		first++
	}
	if len(args) < 2 || !at(args[0], first).IsName() || !p.deniedScalars[strings.ToLower(args[0][first].Text)] {
		return nil
	}
	if after := at(args[0], first+1); after.Kind == syntax.Invalid || after.IsSymbol(")") || after.Is("AS") || after.IsName() {
		return refuse("The function %s()", args[0][first].Text)
	}
	return nil
}

// isPattern tells the ordinary function format('{} of {}', …) from the table function format(JSONEachRow, …):
// a format's name is a word.
func isPattern(args [][]syntax.Token) bool {
	if len(args) == 0 || len(args[0]) != 1 || args[0][0].Kind != syntax.String {
		return false
	}
	inner := syntax.Lex(args[0][0].Text)
	return len(inner) != 1 || inner[0].Kind != syntax.Word
}

// arguments splits what is between the parenthesis at open and its partner at the commas in between.
func arguments(tokens []syntax.Token, open int) [][]syntax.Token {
	var list [][]syntax.Token
	depth, start := 0, open+1
	for i := open; i < len(tokens); i++ {
		switch token := tokens[i]; {
		case token.IsSymbol("(") || token.IsSymbol("[") || token.IsSymbol("{"):
			depth++
		case token.IsSymbol(")") || token.IsSymbol("]") || token.IsSymbol("}"):
			if depth--; depth == 0 {
				return append(list, tokens[start:i])
			}
		case token.IsSymbol(",") && depth == 1:
			list, start = append(list, tokens[start:i]), i+1
		}
	}
	return append(list, tokens[start:])
}

// checkStructures judges the arguments of a function that takes a list of columns. values() may have any
// expression behind its first argument.
func (p *Policy) checkStructures(function string, args [][]syntax.Token) error {
	expressions := strings.EqualFold(formatName(args), "Values")
	for i, arg := range args {
		if function == "values" && i > 0 {
			break
		}
		if i == 0 && function == "format" && len(arg) == 1 && arg[0].IsName() {
			continue
		}
		if !isLiteral(arg) {
			return refuse("An argument of %s() that is no plain literal", function)
		}
		for _, token := range arg {
			if token.Kind != syntax.String {
				continue
			}
			inner := syntax.Lex(token.Text)
			if !expressions && !hasDefault(inner) {
				continue
			}
			if err := p.checkTokens(inner, -1); err != nil {
				return err
			}
		}
	}
	return nil
}

// formatName is the first argument of format().
func formatName(args [][]syntax.Token) string {
	if len(args) == 0 || len(args[0]) != 1 {
		return ""
	}
	return args[0][0].Text
}

// isLiteral tells whether the argument is made of literals only, perhaps in tuples and arrays.
func isLiteral(arg []syntax.Token) bool {
	for i, token := range arg {
		switch token.Kind {
		case syntax.String, syntax.Number:
			if i > 0 && (arg[i-1].Kind == syntax.String || arg[i-1].Kind == syntax.Number) {
				return false
			}
		case syntax.Symbol:
			if !strings.Contains("()[],+-", token.Text) || token.Text == "+" && i > 0 && arg[i-1].Kind == syntax.String {
				return false
			}
		case syntax.Word:
			if !token.Is("NULL") && !token.Is("true") && !token.Is("false") && !token.Is("DEFAULT") {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// hasDefault tells whether a list of columns may hold expressions.
func hasDefault(tokens []syntax.Token) bool {
	for _, token := range tokens {
		for _, keyword := range []string{"DEFAULT", "MATERIALIZED", "ALIAS", "EPHEMERAL", "TTL", "CODEC"} {
			if token.Is(keyword) {
				return true
			}
		}
	}
	return false
}

// substitute replaces {name:Identifier} by the name that the parameter holds.
func substitute(tokens []syntax.Token, parameters map[string]string) []syntax.Token {
	if len(parameters) == 0 {
		return tokens
	}
	result := make([]syntax.Token, 0, len(tokens))
	for i := 0; i < len(tokens); i++ {
		value, known := parameters[at(tokens, i+1).Text]
		if known && tokens[i].IsSymbol("{") && at(tokens, i+2).IsSymbol(":") && at(tokens, i+3).Is("Identifier") && at(tokens, i+4).IsSymbol("}") {
			result = append(result, syntax.Token{Kind: syntax.Quoted, Start: tokens[i].Start, End: tokens[i+4].End, Text: value})
			i += 4
			continue
		}
		result = append(result, tokens[i])
	}
	return result
}
