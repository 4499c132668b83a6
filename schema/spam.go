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

// Has tells whether a host, in lower case, or a domain that it belongs to is in the set.
func (h Hosts) Has(host string) bool {
	for host != "" {
		if _, ok := h[host]; ok {
			return true
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return false
}
