package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/idna"
)

// Limits of one fetch.
const (
	fetchTimeout  = 10 * time.Second
	maxFetched    = 2 << 20 // bytes of a body, decompressed
	maxFetchedURL = 8 << 10
	maxHeader     = 64 << 10
)

// Resolver finds the addresses of a host; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Fetcher fetches pages that a person names, and reaches nothing that is not public: see Refusal. It keeps no cookies, sends no
// credentials, and follows no redirect by itself. Safe for concurrent use.
type Fetcher struct {
	// Hosts may have private addresses, as host or host:port, where the site that is asked for has them among its origins. For a website
	// that is only reached from within, such as that of a demo.
	Hosts []string
	// Agent is the User-Agent header: it says who asks.
	Agent    string
	Resolver Resolver // nil: net.DefaultResolver
}

// Refusal says why something is not fetched, as the id of a finding.
type Refusal struct {
	ID   string
	Data map[string]string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s %v", r.ID, r.Data) }

func refuse(id string, pairs ...string) error {
	return &Refusal{ID: id, Data: finding(Bad, id, pairs...).Data}
}

// Response is what came.
type Response struct {
	URL       *url.URL
	Status    int
	Header    http.Header
	Body      []byte
	Truncated bool // the body was longer than is read
}

// Get fetches one address. origins are those of the site that the person looks at: they may have any port, and those of Hosts any
// address.
func (f *Fetcher) Get(ctx context.Context, address string, origins []string) (*Response, error) {
	u, err := readURL(address)
	if err != nil {
		return nil, err
	}
	own := slices.Contains(origins, u.Scheme+"://"+u.Host)
	if port := u.Port(); port != "" && !own && !(port == "443" && u.Scheme == "https") && !(port == "80" && u.Scheme == "http") {
		return nil, refuse("refused_port", "Port", port)
	}
	private := own && (slices.Contains(f.Hosts, u.Host) || slices.Contains(f.Hosts, u.Hostname()))
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, refuse("refused_url")
	}
	request.Header.Set("User-Agent", f.Agent)
	request.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	request.Header.Set("Accept-Language", "en,*;q=0.5")
	transport := f.transport(private)
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, failure(ctx, err, u)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxFetched+1))
	if err != nil && len(body) == 0 {
		return nil, failure(ctx, err, u)
	}
	got := &Response{URL: u, Status: response.StatusCode, Header: response.Header, Body: body}
	if len(body) > maxFetched {
		got.Body, got.Truncated = body[:maxFetched], true
	}
	return got, nil
}

// readURL reads an address that came from a person or from a website, with its host in ASCII.
func readURL(address string) (*url.URL, error) {
	address = strings.TrimSpace(address)
	if len(address) > maxFetchedURL {
		return nil, refuse("refused_long")
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme == "" || strings.ContainsAny(address, "\\\x00\r\n\t"):
		return nil, refuse("refused_url")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, refuse("refused_scheme", "Scheme", u.Scheme)
	case u.User != nil:
		return nil, refuse("refused_user")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, refuse("refused_url")
	}
	host := strings.ToLower(u.Hostname())
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" {
			return nil, refuse("refused_address", "Host", host)
		}
	} else {
		ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(host, "."))
		if err != nil || numeric(ascii) {
			return nil, refuse("refused_url")
		}
		host = ascii
	}
	port := u.Port()
	if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0) {
		return nil, refuse("refused_url")
	}
	u.Host = host
	if port != "" {
		u.Host = net.JoinHostPort(host, port)
	} else if strings.Contains(host, ":") {
		u.Host = "[" + host + "]"
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}

// numeric tells whether a host is one of the other spellings of an IPv4 address (2130706433, 0x7f.1), which some resolvers take.
func numeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	_, err := strconv.ParseUint(last, 0, 64)
	return err == nil || last == "" || strings.Trim(last, "0123456789") == ""
}

// transport dials only what is allowed. It knows of no proxy and keeps no connection.
func (f *Fetcher) transport(private bool) *http.Transport {
	dialer := &net.Dialer{
		Timeout: fetchTimeout,
		// The last word, at the very address that the socket connects to.
		Control: func(network, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil || !strings.HasPrefix(network, "tcp") {
				return refuse("refused_address", "Host", address)
			}
			return allowed(at.Addr().Unmap(), private, at.Addr().String())
		},
	}
	return &http.Transport{
		Proxy: nil,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return f.dial(ctx, dialer, address, private)
		},
		DisableKeepAlives:      true,
		TLSHandshakeTimeout:    fetchTimeout,
		ResponseHeaderTimeout:  fetchTimeout,
		MaxResponseHeaderBytes: maxHeader,
	}
}

func allowed(addr netip.Addr, private bool, host string) error {
	if private || public(addr) {
		return nil
	}
	return refuse("refused_address", "Host", host, "Address", addr.String())
}

// dial asks for the host's addresses once, refuses it where any of them is not public, and connects to one of those it checked: a
// second answer of the host's name server is never asked for.
func (f *Fetcher) dial(ctx context.Context, dialer *net.Dialer, address string, private bool) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addrs, err := f.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	for i, addr := range addrs {
		addrs[i] = addr.Unmap()
		if err := allowed(addrs[i], private, host); err != nil {
			return nil, err
		}
	}
	var failures []error
	for _, addr := range addrs {
		connection, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(addr.String(), port))
		if err == nil {
			return connection, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

var errNoHost = errors.New("no such host")

func (f *Fetcher) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	resolver := f.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	addrs, err := resolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(addrs) == 0 {
		return nil, errors.Join(errNoHost, err)
	}
	return slices.Clone(addrs), nil
}

// failure says in an id what went wrong on the way to a website.
func failure(ctx context.Context, err error, u *url.URL) error {
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal
	}
	host := u.Host
	switch {
	case errors.Is(err, errNoHost):
		return refuse("no_host", "Host", host)
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded):
		return refuse("too_slow", "Host", host, "Seconds", strconv.Itoa(int(fetchTimeout.Seconds())))
	case strings.Contains(err.Error(), "tls:"), strings.Contains(err.Error(), "x509:"):
		return refuse("bad_certificate", "Host", host)
	}
	return refuse("unreachable", "Host", host)
}
