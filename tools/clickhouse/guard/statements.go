package guard

import (
	"strings"

	"github.com/headwater/headwater/tools/clickhouse/syntax"
)

// allowedVerbs are the statements that make sense here; what is missing manages users, makes backups, or
// attaches tables from paths.
var allowedVerbs = set([]string{
	"SELECT", "WITH", "FROM", "VALUES", "TABLE", "INSERT", "CREATE", "REPLACE", "ALTER", "DROP", "TRUNCATE", "RENAME", "EXCHANGE",
	"OPTIMIZE", "UNDROP", "DELETE", "UPDATE", "DESCRIBE", "DESC", "SHOW", "EXISTS", "EXPLAIN", "CHECK", "USE", "SET", "KILL",
	"SYSTEM", "ATTACH", "DETACH", "BEGIN", "COMMIT", "ROLLBACK",
})

func checkVerb(tokens []syntax.Token) error {
	first := 0
	for at(tokens, first).IsSymbol("(") || at(tokens, first).IsSymbol(";") {
		first++
	}
	verb := at(tokens, first)
	if verb.Kind != syntax.Word {
		return nil // not SQL: the engine has the better message
	}
	name := strings.ToUpper(verb.Text)
	if !allowedVerbs[strings.ToLower(name)] {
		if known := refusedVerbs[name]; known {
			return refuse("%s", name)
		}
		return nil // a typing error: the engine has the better message
	}
	if name == "ATTACH" {
		return checkAttach(tokens[first+1:])
	}
	return nil
}

var refusedVerbs = map[string]bool{
	"BACKUP": true, "RESTORE": true, "SNAPSHOT": true, "COPY": true, "EXECUTE": true, "MOVE": true, "GRANT": true, "REVOKE": true, "WATCH": true,
}

// checkAttach allows ATTACH TABLE name, which undoes DETACH, and nothing that brings a definition or a path.
func checkAttach(tokens []syntax.Token) error {
	for _, token := range tokens {
		if !token.IsName() && !token.IsSymbol(".") && !token.IsSymbol(";") || token.Is("FROM") || token.Is("AS") || token.Is("ENGINE") {
			return refuse("ATTACH with a definition or a path")
		}
	}
	return nil
}

// declaredName returns the index of the table's name in CREATE TABLE [IF NOT EXISTS] [db.]name and
// INSERT INTO [TABLE] [db.]name, where a list of columns follows; -1 elsewhere.
func declaredName(tokens []syntax.Token) int {
	i := 0
	skip := func(keywords ...string) bool {
		for n, keyword := range keywords {
			if !at(tokens, i+n).Is(keyword) {
				return false
			}
		}
		i += len(keywords)
		return true
	}
	switch {
	case skip("INSERT", "INTO"):
		if at(tokens, i).Is("TABLE") && at(tokens, i+1).IsName() {
			i++
		}
		if at(tokens, i).Is("FUNCTION") {
			return -1
		}
	case skip("CREATE"), skip("REPLACE"):
		skip("OR", "REPLACE")
		skip("TEMPORARY")
		skip("MATERIALIZED")
		if !skip("TABLE") && !skip("VIEW") && !skip("DICTIONARY") {
			return -1
		}
		skip("IF", "NOT", "EXISTS")
	default:
		return -1
	}
	for at(tokens, i+1).IsSymbol(".") {
		i += 2
	}
	if !at(tokens, i).IsName() {
		return -1
	}
	return i
}

// mentionsDictionary tells whether the statement may define a dictionary, wherever in it.
func mentionsDictionary(tokens []syntax.Token) bool {
	for _, token := range tokens {
		if token.Is("DICTIONARY") {
			return true
		}
	}
	return false
}

// checkDictionary allows the sources CLICKHOUSE (this engine's own tables) and NULL. Everything else reads
// files, runs programs or calls hosts, and the engine's grants don't cover it. Of the layouts, SSD_CACHE keeps its
// data in a file of the user's choice.
func (p *Policy) checkDictionary(tokens []syntax.Token) error {
	for i := range tokens {
		inner := at(tokens, i+2)
		if !at(tokens, i+1).IsSymbol("(") {
			continue
		}
		if tokens[i].Is("LAYOUT") && strings.Contains(strings.ToLower(inner.Text), "ssd") {
			return refuse("The dictionary layout %s", inner.Text)
		}
		if !tokens[i].Is("SOURCE") {
			continue
		}
		source := inner
		switch {
		case source.Is("NULL"):
		case source.IsName() && strings.EqualFold(source.Text, "CLICKHOUSE"):
			if err := p.checkLocalSource(tokens[i+3:]); err != nil {
				return err
			}
		default:
			return refuse("The dictionary source %s", source.Text)
		}
	}
	return nil
}

// checkLocalSource refuses other hosts, and judges the SQL that QUERY, WHERE and INVALIDATE_QUERY hold.
func (p *Policy) checkLocalSource(tokens []syntax.Token) error {
	depth := 0
	for i, token := range tokens {
		switch {
		case token.IsSymbol("("):
			depth++
		case token.IsSymbol(")"):
			if depth--; depth <= 0 {
				return nil
			}
		case token.IsName() && remoteKeys[strings.ToLower(token.Text)] && !isKeyValue(tokens, i):
			return refuse("The dictionary source CLICKHOUSE with %s", strings.ToUpper(token.Text))
		case token.Kind == syntax.String:
			if err := p.checkTokens(syntax.Lex(token.Text), -1); err != nil {
				return err
			}
		}
	}
	return nil
}

var remoteKeys = set([]string{"host", "port", "secure", "name", "replica", "proto_send_chunked", "proto_recv_chunked"})

// isKeyValue tells whether the name is a value, such as a table called host behind the key TABLE.
func isKeyValue(tokens []syntax.Token, i int) bool {
	before := at(tokens, i-1)
	return before.Is("TABLE") || before.Is("DB") || before.Is("USER") || before.Is("PASSWORD") || before.Is("UPDATE_FIELD")
}
