// Package guard judges SQL text: it refuses statements that would reach the host's files, programs or network.
//
// It is one of several lines of defence and covers what the others leave open. The engine's own access rights
// (package engine) refuse most table functions and sources whatever the spelling; but in chDB the scalar
// function file(), dictionary sources, dynamic disks, INTO OUTFILE and SQL hidden in strings are checked by
// nobody. The guard works on tokens, never on raw text, so that words in strings, comments and column names
// don't matter; and it denies by default: a table function or engine that is not listed here is refused.
package guard

import (
	"fmt"
	"sort"
	"strings"

	"github.com/headwater/headwater/tools/clickhouse/syntax"
)

// A Refusal says what a statement must not contain.
type Refusal struct{ What string }

func (r *Refusal) Error() string {
	return r.What + " is not available in the embedded ClickHouse: it must not reach the host's files, programs or network"
}

func refuse(format string, args ...any) error { return &Refusal{What: fmt.Sprintf(format, args...)} }

// Known lists what the running engine offers, from its system tables.
type Known struct {
	TableFunctions, TableEngines, DatabaseEngines []string
}

// A Policy judges statements for one engine.
type Policy struct {
	deniedScalars map[string]bool // lower-case names of ordinary functions
	deniedCalls   map[string]bool // lower-case names of functions and table functions
	deniedEngines map[string]bool // lower-case names of table and database engines
}

// New makes the policy for an engine: whatever it offers beyond the lists below is refused.
func New(known Known) *Policy {
	p := &Policy{deniedScalars: set(deniedFunctions), deniedCalls: set(deniedFunctions), deniedEngines: map[string]bool{}}
	allowed := set(allowedTableFunctions)
	for _, name := range known.TableFunctions {
		if !allowed[strings.ToLower(name)] {
			p.deniedCalls[strings.ToLower(name)] = true
		}
	}
	allowed = set(append(allowedTableEngines, allowedDatabaseEngines...))
	for _, name := range append(append([]string{}, known.TableEngines...), known.DatabaseEngines...) {
		if !allowed[strings.ToLower(name)] {
			p.deniedEngines[strings.ToLower(name)] = true
		}
	}
	return p
}

// deniedFunctions are scalar functions that read files or call out, and the pseudo-function disk() that puts
// a table on a path or host of the user's choice.
var deniedFunctions = []string{
	"file", "catboostEvaluate", "disk", "aiClassify", "aiGenerate", "aiExtract", "aiTranslate", "aiEmbed", "reverseDNSQuery",
	"executable", "eval",
}

var allowedTableFunctions = []string{
	"dictionary", "format", "generateRandom", "generateSeries", "generate_series", "input", "loop", "merge",
	"mergeTreeIndex", "mergeTreeProjection", "mergeTreeTextIndex", "mergeTreeAnalyzeIndexes", "mergeTreeAnalyzeIndexesUUID",
	"null", "numbers", "numbers_mt", "primes", "values", "view", "viewIfPermitted", "zeros", "zeros_mt",
}

var allowedTableEngines = []string{
	"MergeTree", "ReplacingMergeTree", "SummingMergeTree", "AggregatingMergeTree", "CollapsingMergeTree",
	"VersionedCollapsingMergeTree", "CoalescingMergeTree", "GraphiteMergeTree",
	"Memory", "Log", "TinyLog", "StripeLog", "Null", "Set", "Join", "Buffer", "Merge", "GenerateRandom", "Dictionary",
	"View", "MaterializedView", "Alias",
	// These end in the engine's own error, that no Keeper is configured, which tells more than a refusal here.
	"ReplicatedMergeTree", "ReplicatedReplacingMergeTree", "ReplicatedSummingMergeTree", "ReplicatedAggregatingMergeTree",
	"ReplicatedCollapsingMergeTree", "ReplicatedVersionedCollapsingMergeTree", "ReplicatedCoalescingMergeTree", "ReplicatedGraphiteMergeTree",
}

var allowedDatabaseEngines = []string{"Atomic", "Memory"}

// AllowedEngines lists the table and database engines that statements may name, for the engine's own grants.
func AllowedEngines() []string {
	names := map[string]bool{}
	for _, name := range append(append([]string{}, allowedTableEngines...), allowedDatabaseEngines...) {
		names[name] = true
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	sort.Strings(sorted)
	return sorted
}

func set(names []string) map[string]bool {
	result := map[string]bool{}
	for _, name := range names {
		result[strings.ToLower(name)] = true
	}
	return result
}

// Check judges one statement, without the data of an INSERT, and the values of its {name:Identifier}
// placeholders. It returns a *[Refusal] or nil.
func (p *Policy) Check(statement string, parameters map[string]string) error {
	tokens := substitute(syntax.Lex(statement), parameters)
	if err := checkVerb(tokens); err != nil {
		return err
	}
	if mentionsDictionary(tokens) {
		if err := p.checkDictionary(tokens); err != nil {
			return err
		}
	}
	return p.checkTokens(tokens, declaredName(tokens))
}

// CheckValues judges the data of INSERT … VALUES, in which every field may be an expression.
func (p *Policy) CheckValues(data string) error { return p.checkTokens(syntax.Lex(data), -1) }

// CheckStructure judges a list of columns with their types, which may hold default expressions.
func (p *Policy) CheckStructure(columns string) error { return p.checkTokens(syntax.Lex(columns), -1) }

// checkTokens applies the rules that hold everywhere. declared is the index of a name that is not a call
// although a parenthesis follows, as in CREATE TABLE file (…), or -1.
func (p *Policy) checkTokens(tokens []syntax.Token, declared int) error {
	for i, token := range tokens {
		if !token.IsName() {
			continue
		}
		next := at(tokens, i+1)
		switch {
		case next.IsSymbol("(") && i != declared:
			if err := p.checkCall(tokens, i); err != nil {
				return err
			}
		case token.Is("OUTFILE") && next.Kind == syntax.String && at(tokens, i-1).Is("INTO"):
			return refuse("INTO OUTFILE")
		case token.Is("INFILE") && next.Kind == syntax.String && at(tokens, i-1).Is("FROM"):
			return refuse("FROM INFILE")
		case token.Is("PARALLEL") && next.Is("WITH"):
			return refuse("PARALLEL WITH")
		}
		if err := p.checkKeyword(tokens, i); err != nil {
			return err
		}
	}
	return nil
}

// checkKeyword looks at names that are used without a parenthesis of their own.
func (p *Policy) checkKeyword(tokens []syntax.Token, i int) error {
	switch {
	case tokens[i].Is("ENGINE"): // ENGINE [=] name
		name := at(tokens, i+1)
		if name.IsSymbol("=") {
			name = at(tokens, i+2)
		}
		if name.IsName() && p.deniedEngines[strings.ToLower(name.Text)] {
			return refuse("The engine %s", name.Text)
		}
	case tokens[i].Is("APPLY"): // SELECT * APPLY(function), APPLY function
		name := at(tokens, i+1)
		if name.IsSymbol("(") {
			name = at(tokens, i+2)
		}
		if name.IsName() && p.deniedCalls[strings.ToLower(name.Text)] {
			return refuse("The function %s()", name.Text)
		}
	}
	return nil
}

// at returns a token that may not exist.
func at(tokens []syntax.Token, i int) syntax.Token {
	if i < 0 || i >= len(tokens) {
		return syntax.Token{Kind: syntax.Invalid}
	}
	return tokens[i]
}
