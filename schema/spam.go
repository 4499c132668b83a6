package schema

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

//go:embed referrer_spam.txt
var spamText string

// Hosts is a set of hosts, each with its subdomains.
type Hosts map[string]struct{}

// SpamHosts are the hosts that only want to be seen in reports. Don't change the result: it is shared.
var SpamHosts = sync.OnceValue(func() Hosts {
	hosts, _ := ParseHosts(spamText) // a test holds that there is no error
	return hosts
})

// ParseHosts reads a list of hosts, one a line; blank lines and what follows # count for nothing.
func ParseHosts(text string) (Hosts, error) {
	hosts := Hosts{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line, _, _ = strings.Cut(line, "#")
		host := strings.ToLower(strings.Trim(strings.TrimSpace(line), "."))
		if host == "" {
			continue
		}
		if strings.ContainsAny(host, "/:?@ \t*") || !strings.Contains(host, ".") {
			return nil, fmt.Errorf("line %d: %.80q is not a host such as spam.example", number, host)
		}
		hosts[host] = struct{}{}
	}
	return hosts, nil
}

// maxHost is the longest name that DNS knows, in bytes (RFC 1035, 2.3.4).
const maxHost = 253

// Has tells whether a host, in lower case, or a domain that it belongs to is in the set. Of a text that is longer than any host
// only the end is looked at: each of its dots would cost a look at all that follows.
func (h Hosts) Has(host string) bool {
	if over := len(host) - maxHost; over > 0 {
		_, host, _ = strings.Cut(host[over:], ".")
	}
	for host != "" {
		if _, ok := h[host]; ok {
			return true
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return false
}
