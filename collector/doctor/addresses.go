package doctor

import "net/netip"

// forbidden are the ranges that no page of the internet is in: what is private, of this machine or of the operator's network, what only
// documents use, and what wraps an IPv4 address so that it could be any of these (mapped, NAT64, 6to4, Teredo). Source: the IANA
// special-purpose address registries (RFC 6890 and its updates). The metadata services of clouds (169.254.169.254, fd00:ec2::254,
// 100.100.100.200) lie in them; that of Azure's fabric, 168.63.129.16, is public by its number and named.
var forbidden = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
)

// global is where public IPv6 addresses are; 64:ff9b::/96, ::ffff:0:0/96, fc00::/7, fe80::/10 and all others are outside.
var global = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// public tells whether an address is one of the internet.
func public(addr netip.Addr) bool {
	if !addr.IsValid() || addr.Zone() != "" || addr.Is6() && !global.Contains(addr) {
		return false
	}
	for _, prefix := range forbidden {
		if prefix.Contains(addr) {
			return false
		}
	}
	return true
}
