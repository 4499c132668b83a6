package doctor

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// names is a name server that answers each question of a host with the next of its answers, the last one for ever.
type names map[string][]string

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	answers := n[host]
	if len(answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(answers) > 1 {
		n[host] = answers[1:]
	}
	var addrs []netip.Addr
	for text := range strings.SplitSeq(answers[0], " ") {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	return addrs, nil
}

func TestSecurityDoctorReachesNothingInside(t *testing.T) {
	var reached atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer inside.Close()
	port := inside.URL[strings.LastIndexByte(inside.URL, ':')+1:]
	resolver := names{
		"private.example": {"10.0.0.1"}, "mixed.example": {"93.184.215.14 127.0.0.1"}, "mapped.example": {"::ffff:127.0.0.1"},
		"nat64.example": {"64:ff9b::7f00:1"}, "sixtofour.example": {"2002:7f00:1::"}, "metadata.example": {"169.254.169.254"},
		"six.example": {"fd00:ec2::254"}, "localhost": {"127.0.0.1"},
	}
	// Every port is allowed here, as for a site's own origin, so that the address alone decides.
	addresses := []string{
		"127.0.0.1", "127.1.2.3", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.1",
		"192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.88.99.1", "168.63.129.16",
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2001::1]",
		"[2001:db8::1]", "[3fff::1]", "[fc00::1]", "[fd00:ec2::254]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[100::1]",
		"private.example", "mixed.example", "mapped.example", "nat64.example", "sixtofour.example", "metadata.example", "six.example", "localhost", "LOCALHOST.",
	}
	f := &Fetcher{Agent: "test", Resolver: resolver}
	for _, address := range addresses {
		origin := "http://" + strings.ToLower(strings.TrimSuffix(address, ".")) + ":" + port
		_, err := f.Get(t.Context(), "http://"+address+":"+port+"/", []string{origin})
		if refusal, ok := errors.AsType[*Refusal](err); !ok || refusal.ID != "refused_address" {
			t.Errorf("%s: %v", address, err)
		}
	}
	for address, want := range map[string]string{
		"http://2130706433/": "refused_url", "http://0x7f.1/": "refused_url", "http://0177.0.0.1/": "refused_url", "http://127.1/": "refused_url", "http://1.2.3.4.5/": "refused_url",
		"http://[fe80::1%25eth0]/": "refused_address", "file:///etc/passwd": "refused_scheme", "gopher://acme.example/": "refused_scheme", "//acme.example/": "refused_url", "nonsense": "refused_url",
		"http://user:pass@acme.example/": "refused_user", "http://acme.example:22/": "refused_port", "https://acme.example:80/": "refused_port", "http://acme.example:6379/": "refused_port",
		"http://acme.example\\@127.0.0.1/": "refused_url", "http://a\r\nb/": "refused_url", "http:///": "refused_url", "http://acme.example:99999/": "refused_url",
		"http://acme.example/" + strings.Repeat("a", maxFetchedURL): "refused_long", "http://unknown.example/": "no_host",
	} {
		_, err := f.Get(t.Context(), address, nil)
		if refusal, ok := errors.AsType[*Refusal](err); !ok || refusal.ID != want {
			t.Errorf("%.60s: %v, want %s", address, err, want)
		}
	}
	if reached.Load() != 0 {
		t.Errorf("something inside was reached %d times", reached.Load())
	}
}

// A name whose second answer is another address than the one that was checked reaches neither: one answer is asked for, and the socket
// goes to what was checked. The dialer's own check holds even where a resolver would be wrong about what it answers.
func TestSecurityDoctorRebinding(t *testing.T) {
	var reached atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer inside.Close()
	port := inside.URL[strings.LastIndexByte(inside.URL, ':')+1:]
	resolver := names{"rebind.example": {"127.0.0.1", "93.184.215.14"}}
	f := &Fetcher{Agent: "test", Resolver: resolver}
	if _, err := f.Get(t.Context(), "http://rebind.example:"+port+"/", []string{"http://rebind.example:" + port}); err == nil {
		t.Error("the first answer is not looked at")
	}
	asked := 0
	f.Resolver = counting{&asked, "93.184.215.14"}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nothing goes out to the internet: the name is looked up, the dial ends at once
	_, _ = f.dial(ctx, &net.Dialer{}, "rebind.example:"+port, false)
	if asked != 1 {
		t.Errorf("the name was asked for %d times", asked)
	}
	dialer := f.transport(false)
	if _, err := dialer.DialContext(t.Context(), "tcp", "127.0.0.1:"+port); err == nil {
		t.Error("the transport connects to loopback")
	}
	if dialer.Proxy != nil {
		t.Error("the transport has a proxy")
	}
	if reached.Load() != 0 {
		t.Error("something inside was reached")
	}
}

type counting struct {
	asked  *int
	answer string
}

func (c counting) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	*c.asked++
	return []netip.Addr{netip.MustParseAddr(c.answer)}, nil
}

// A host that the operator allows is reached for the site that has it, on its port, and for nobody else.
func TestDoctorHosts(t *testing.T) {
	var seen http.Header
	demo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(strings.Repeat("x", maxFetched+10)))
	}))
	defer demo.Close()
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	u, _ := url.Parse(demo.URL)
	f := &Fetcher{Agent: "Headwater-Doctor (test)", Hosts: []string{u.Host}}
	for range 2 {
		got, err := f.Get(t.Context(), demo.URL, []string{demo.URL})
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != 200 || len(got.Body) != maxFetched || !got.Truncated {
			t.Errorf("%d, %d bytes, %t", got.Status, len(got.Body), got.Truncated)
		}
	}
	if seen.Get("User-Agent") != "Headwater-Doctor (test)" || seen.Get("Cookie") != "" || seen.Get("Authorization") != "" || seen.Get("Referer") != "" {
		t.Errorf("sent: %v", seen)
	}
	for name, try := range map[string]func() error{
		"another site": func() error { _, err := f.Get(t.Context(), demo.URL, []string{"https://www.acme.example"}); return err },
		"no hosts": func() error {
			_, err := (&Fetcher{}).Get(t.Context(), demo.URL, []string{demo.URL})
			return err
		},
		"another port": func() error {
			_, err := f.Get(t.Context(), "http://127.0.0.1:1/", []string{demo.URL})
			return err
		},
	} {
		if err := try(); err == nil {
			t.Errorf("%s reaches it", name)
		}
	}
}
