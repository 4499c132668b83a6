//go:build linux || darwin

package httpapi

import "github.com/headwater/headwater/tools/clickhouse/syntax"

// killByID cancels the running statements that KILL QUERY WHERE query_id = '…' names: the engine knows them by
// ids of its own. The KILL itself still runs, for conditions of any other kind.
func (h *Handler) killByID(tokens []syntax.Token) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, id := range namedIDs(tokens) {
		if cancel, ok := h.running[id]; ok {
			cancel()
		}
	}
}

// namedIDs finds query_id = 'a' and query_id IN ('a', 'b') in a KILL QUERY that is no TEST.
func namedIDs(tokens []syntax.Token) []string {
	if len(tokens) < 2 || !tokens[0].Is("KILL") || !tokens[1].Is("QUERY") {
		return nil
	}
	var ids []string
	for i, token := range tokens {
		if token.Is("TEST") {
			return nil
		}
		if !token.IsName() || token.Text != "query_id" || i+2 >= len(tokens) {
			continue
		}
		switch next := tokens[i+1]; {
		case next.IsSymbol("="):
			if tokens[i+2].Kind == syntax.String {
				ids = append(ids, tokens[i+2].Text)
			}
		case next.Is("IN"):
			for j := i + 2; j < len(tokens) && !tokens[j].IsSymbol(")"); j++ {
				if tokens[j].Kind == syntax.String {
					ids = append(ids, tokens[j].Text)
				}
			}
		}
	}
	return ids
}
