package doctor

import (
	"net/url"
	"slices"
	"strings"
)

// policy is one Content Security Policy: its directives in lower case, the first of a name counts.
type policy map[string][]string

// parsePolicies reads a header's value, which may hold several policies with commas between them.
func parsePolicies(values []string) []policy {
	var list []policy
	for _, value := range values {
		for text := range strings.SplitSeq(value, ",") {
			if p := parsePolicy(text); len(p) > 0 {
				list = append(list, p)
			}
		}
	}
	return list
}

func parsePolicy(text string) policy {
	p := policy{}
	for part := range strings.SplitSeq(text, ";") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		name := strings.ToLower(words[0])
		if _, there := p[name]; !there {
			p[name] = words[1:]
		}
	}
	return p
}

// forMeta drops what a policy in a meta element cannot say.
func (p policy) forMeta() policy {
	for _, name := range []string{"frame-ancestors", "report-uri", "sandbox"} {
		delete(p, name)
	}
	return p
}

// sources returns the list of the first of names that the policy has; false where none of them restricts.
func (p policy) sources(names ...string) ([]string, string, bool) {
	for _, name := range names {
		if list, there := p[name]; there {
			return list, name, true
		}
	}
	return nil, "", false
}

// scriptLoad is what a policy looks at to let a script run.
type scriptLoad struct {
	url       *url.URL
	nonce     string
	integrity string
}

// allowsScript tells whether the policy lets an external script run, and which directive decides. Source: CSP 3, "Script directives
// pre-request check".
func (p policy) allowsScript(load scriptLoad, page *url.URL) (bool, string) {
	list, directive, restricts := p.sources("script-src-elem", "script-src", "default-src")
	if !restricts {
		return true, ""
	}
	if load.nonce != "" && slices.Contains(list, "'nonce-"+load.nonce+"'") {
		return true, directive
	}
	if hashesMatch(list, load.integrity) {
		return true, directive
	}
	if containsWord(list, "'strict-dynamic'") {
		return false, directive // only what a trusted script inserts, and nobody knows who does
	}
	return matchesAny(list, load.url, page), directive
}

// hashesMatch tells whether a list names every hash of an integrity attribute.
func hashesMatch(list []string, integrity string) bool {
	hashes := strings.Fields(integrity)
	for _, hash := range hashes {
		hash, _, _ = strings.Cut(hash, "?")
		if !slices.Contains(list, "'"+hash+"'") {
			return false
		}
	}
	return len(hashes) > 0
}

func containsWord(list []string, word string) bool {
	return slices.ContainsFunc(list, func(entry string) bool { return strings.EqualFold(entry, word) })
}

// allowsConnect tells whether the policy lets a page send to an address.
func (p policy) allowsConnect(to, page *url.URL) (bool, string) {
	list, directive, restricts := p.sources("connect-src", "default-src")
	return !restricts || matchesAny(list, to, page), directive
}

// allowsForm tells whether the policy lets a form post to an address; default-src says nothing of forms.
func (p policy) allowsForm(to, page *url.URL) (bool, string) {
	list, directive, restricts := p.sources("form-action")
	return !restricts || matchesAny(list, to, page), directive
}

// sandboxed tells whether the policy puts the page into a sandbox without a permission, such as allow-scripts.
func (p policy) sandboxed(permission string) bool {
	list, there := p["sandbox"]
	return there && !containsWord(list, permission)
}

// matchesAny tells whether an address is one of a list of sources. Source: CSP 3, "Does url match source list in origin".
func matchesAny(list []string, u, page *url.URL) bool {
	return slices.ContainsFunc(list, func(source string) bool { return matchesSource(source, u, page) })
}

func matchesSource(source string, u, page *url.URL) bool {
	switch {
	case source == "*":
		return u.Scheme == "http" || u.Scheme == "https" || u.Scheme == page.Scheme
	case strings.EqualFold(source, "'self'"):
		return u.Hostname() == page.Hostname() && schemeFits(page.Scheme, u.Scheme) && (portOf(u) == portOf(page) || defaultPorts(u, page))
	case strings.HasPrefix(source, "'"):
		return false
	case strings.HasSuffix(source, ":") && !strings.ContainsAny(source, "/*."):
		return schemeFits(strings.ToLower(strings.TrimSuffix(source, ":")), u.Scheme)
	}
	return matchesHost(source, u, page)
}

// schemeFits: an http source also allows https.
func schemeFits(source, scheme string) bool {
	return source == scheme || source == "http" && scheme == "https"
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

func defaultPorts(a, b *url.URL) bool { return a.Port() == "" && b.Port() == "" }

// matchesHost matches a host source: [scheme://]host[:port][/path].
func matchesHost(source string, u, page *url.URL) bool {
	scheme, rest, hasScheme := strings.Cut(source, "://")
	if !hasScheme {
		scheme, rest = page.Scheme, source
	}
	if !schemeFits(strings.ToLower(scheme), u.Scheme) {
		return false
	}
	hostPort, path, hasPath := strings.Cut(rest, "/")
	host, port, hasPort := strings.Cut(hostPort, ":")
	host, name := strings.ToLower(host), u.Hostname()
	switch below, isWild := strings.CutPrefix(host, "*."); {
	case host == "*":
	case isWild:
		if !strings.HasSuffix(name, "."+below) {
			return false
		}
	case host != name:
		return false
	}
	switch {
	case !hasPort:
		if port := portOf(u); port != "443" && port != "80" || u.Port() != "" && port != map[string]string{"http": "80", "https": "443"}[u.Scheme] {
			return false
		}
	case port != "*" && port != portOf(u) && !(port == "80" && portOf(u) == "443"):
		return false
	}
	if !hasPath || path == "" {
		return true
	}
	path = "/" + path
	if strings.HasSuffix(path, "/") {
		return strings.HasPrefix(u.Path, path)
	}
	return u.Path == path
}
