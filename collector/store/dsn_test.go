package store

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/headwater/headwater/collector/collectortest"
)

// certificate makes a certificate for 127.0.0.1 that vouches for itself, and the file that a DSN names to trust it.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

func TestDSNs(t *testing.T) {
	_, ca := certificate(t)
	for _, c := range []struct {
		dsn, addresses, database string
		protocol                 clickhouse.Protocol
		tls                      bool
	}{
		{"clickhouse://u:p@db:9000/hw", "db:9000", "hw", clickhouse.Native, false},
		{"tcp://db/hw", "db:9000", "hw", clickhouse.Native, false},
		{"clickhouse://db/hw?secure=true", "db:9440", "hw", clickhouse.Native, true},
		{"clickhouse://u:p@a:9440,b:9440,c/hw?secure=true&ca_file=" + ca, "a:9440 b:9440 c:9440", "hw", clickhouse.Native, true},
		{"http://db/hw", "db:8123", "hw", clickhouse.HTTP, false},
		{"http://a:1,b:2/hw?alt_hosts=c:3", "a:1 b:2 c:3", "hw", clickhouse.HTTP, false},
		{"https://db/hw", "db:8443", "hw", clickhouse.HTTP, true},
		{"https://db:443/hw?skip_verify=true&tls_server_name=ch.example.com", "db:443", "hw", clickhouse.HTTP, true},
		{"http://[::1]:8123/hw", "[::1]:8123", "hw", clickhouse.HTTP, false},
		{"http://127.0.0.1:8123", "127.0.0.1:8123", "", clickhouse.HTTP, false},
	} {
		options, err := parseDSN(c.dsn)
		if err != nil {
			t.Errorf("%s: %v", c.dsn, err)
			continue
		}
		if got := strings.Join(options.Addr, " "); got != c.addresses || options.Auth.Database != c.database ||
			options.Protocol != c.protocol || (options.TLS != nil) != c.tls {
			t.Errorf("%s: %s, database %q, %v, TLS %v", c.dsn, got, options.Auth.Database, options.Protocol, options.TLS != nil)
		}
		if _, set := options.Settings["ca_file"]; set {
			t.Errorf("%s: ca_file is sent to the server as a setting", c.dsn)
		}
		if c.tls && strings.Contains(c.dsn, "ca_file") != (options.TLS.RootCAs != nil) {
			t.Errorf("%s: own authorities: %v", c.dsn, options.TLS.RootCAs != nil)
		}
	}
}

// A wrong DSN is refused with what to do about it, and never with its password.
func TestWrongDSNs(t *testing.T) {
	_, ca := certificate(t)
	noPEM := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(noPEM, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for dsn, want := range map[string]string{
		"":                                              "begin with clickhouse://",
		"db:9000":                                       "begin with clickhouse://",
		"mysql://u:hunter2@db/hw":                       "begin with clickhouse://",
		"http://u:hunter2@/hw":                          "no host",
		"http://u:hunter2@:8123/hw":                     "no host",
		"http://u:hunter2@%zz/hw":                       "give one such as",
		"http://u:hunter2@db/hw?secure=true":            "use https://",
		"https://u:hunter2@db/hw?secure=false":          "use http://",
		"clickhouse://u:hunter2@db/hw?secure=maybe":     "secure",
		"clickhouse://u:hunter2@db/hw?skip_verify=true": "add secure=true",
		"http://u:hunter2@db/hw?tls_server_name=x":      "add secure=true",
		"clickhouse://u:hunter2@db/hw?ca_file=" + ca:    "add secure=true",
		"clickhouse://u:hunter2@db/hw?secure=true&ca_file=/no/such/file": "ca_file",
		"https://u:hunter2@db/hw?ca_file=" + noPEM:                       "no certificate in PEM",
		"http://u:hunter2@db/hw?dial_timeout=soon":                       "dial timeout",
		"http://u:hunter2@db/hw?a=%zz":                                   "percent-encode",
	} {
		err := CheckDSN(dsn)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, want %q", dsn, err, want)
		}
		if _, opened := Open(t.Context(), dsn); opened == nil || !strings.Contains(opened.Error(), "clickhouse_dsn: ") {
			t.Errorf("Open(%q): %v", dsn, opened)
		}
	}
}

func TestMaskedDSNs(t *testing.T) {
	for dsn, want := range map[string]string{
		"clickhouse://u:hunter2@a:9000,b:9000/hw": "clickhouse://u:xxxxx@a:9000,b:9000/hw",
		"http://db:8123/hw?password=hunter2":      "http://db:8123/hw?password=xxxxx",
		"u:hunter2@db":                            "(not a URL)",
	} {
		if got := MaskDSN(dsn); got != want {
			t.Errorf("%q is shown as %q, want %q", dsn, got, want)
		}
	}
}

// FuzzDSN: no text makes the parser panic, and none that it takes leads to no host or keeps our own parameter.
func FuzzDSN(f *testing.F) {
	for _, seed := range []string{"clickhouse://u:p@a:9000,b/hw?secure=true", "https://[::1]/?ca_file=", "http://h?x=%", "tcp://:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, dsn string) {
		options, err := parseDSN(dsn)
		if err != nil {
			return
		}
		if len(options.Addr) == 0 || options.Settings["ca_file"] != nil {
			t.Errorf("%q: hosts %q, settings %v", dsn, options.Addr, options.Settings)
		}
	})
}

// tlsFront puts TLS in front of the real server's HTTP interface. It returns the DSN through it.
func tlsFront(t *testing.T, dsn string, certificate tls.Certificate) string {
	t.Helper()
	target, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: target.Host}), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	return "https://" + listener.Addr().String() + target.Path
}

func TestHTTPWithTLS(t *testing.T) {
	pair, ca := certificate(t)
	dsn := tlsFront(t, collectortest.ClickHouse(t), pair)
	for _, parameters := range []string{"?ca_file=" + ca, "?skip_verify=true"} {
		s := open(t, dsn+parameters)
		if err := s.Migrate(t.Context(), MigrateConfig{}); err != nil {
			t.Fatalf("%s: %v", parameters, err)
		}
		if err := s.Insert(t.Context(), "touches", "tls"+parameters, []any{touchAt(time.Now())}); err != nil {
			t.Errorf("%s: %v", parameters, err)
		}
	}
	err := open(t, dsn).Ping(t.Context())
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown authority is believed: %v", err)
	}
	if Classify(err) == Data || Classify(err) == Schema {
		t.Errorf("an unknown authority is of class %v", Classify(err))
	}
}

// There is no server of the native protocol here: a listener shows that TLS is spoken to it, and whom it trusts.
func TestNativeWithTLS(t *testing.T) {
	pair, ca := certificate(t)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	hello := make(chan byte, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			first := make([]byte, 1)
			if _, err := io.ReadFull(conn, first); err == nil {
				hello <- first[0]
			}
			conn.Close()
		}
	}()
	dsn := "clickhouse://" + listener.Addr().String() + "/hw?secure=true"
	const clientHello = 0
	for _, parameters := range []string{"&ca_file=" + ca, "&skip_verify=true"} {
		s := open(t, dsn+parameters) // asks for the version
		if got := <-hello; got != clientHello {
			t.Errorf("%s: the first byte is %d, not a hello", parameters, got)
		}
		if err := s.Ping(t.Context()); Classify(err) != Retry {
			t.Errorf("%s: a server that hangs up: %v is %v", parameters, err, Classify(err))
		}
		<-hello
	}
	if err := open(t, dsn).Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown authority is believed: %v", err)
	}
}

// closedPort is the address of a port where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// silentPort is the address of a server that accepts and never answers.
func silentPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
		}
	}()
	return listener.Addr().String()
}

func TestTheNextHostIsTried(t *testing.T) {
	dsn := collectortest.ClickHouse(t)
	for name, address := range map[string]string{"dead": closedPort(t), "silent": silentPort(t)} {
		t.Run(name, func(t *testing.T) {
			several := strings.Replace(dsn, "http://", "http://"+address+",", 1) + "?dial_timeout=300ms"
			s := open(t, several)
			if err := s.Migrate(t.Context(), MigrateConfig{}); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			for i := range 3 {
				if err := s.Insert(t.Context(), "touches", name, []any{touchAt(time.Now())}); err != nil {
					t.Errorf("insert %d: %v", i, err)
				}
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("three inserts took %v: the host that failed is tried first each time", took)
			}
		})
	}
}

func TestNoHostAnswers(t *testing.T) {
	first, second := closedPort(t), closedPort(t)
	s := open(t, "http://"+first+","+second+"/hw")
	err := s.Ping(t.Context())
	if err == nil || !strings.Contains(err.Error(), first) || !strings.Contains(err.Error(), second) || Classify(err) != Retry {
		t.Errorf("%v (%v): both hosts should be named", err, Classify(err))
	}
}

// Hosts that failed come last for a while, and first again once they work.
func TestHostsInTurn(t *testing.T) {
	h := newHosts(time.Second)
	options := &clickhouse.Options{Addr: []string{"a", "b", "c"}}
	var asked []string
	down := map[string]bool{"a": true}
	dial := func(_ context.Context, address string, one *clickhouse.Options) (clickhouse.DialResult, error) {
		asked = append(asked, address)
		if one.DialTimeout != h.timeout {
			t.Errorf("%s has %v", address, one.DialTimeout)
		}
		if down[address] {
			return clickhouse.DialResult{}, io.ErrUnexpectedEOF
		}
		return clickhouse.DialResult{}, nil
	}
	wantAsked := func(want string) {
		t.Helper()
		asked = nil
		_, _ = h.dial(t.Context(), 1, options, dial)
		if got := strings.Join(asked, " "); got != want {
			t.Errorf("asked %s, want %s", got, want)
		}
	}
	wantAsked("a b")
	wantAsked("b")
	down["b"] = true
	wantAsked("b c")
	down["a"], down["b"], down["c"] = false, false, true
	wantAsked("c a")
	wantAsked("a")
	down["a"], options.ConnOpenStrategy = true, clickhouse.ConnOpenRoundRobin
	wantAsked("a b") // the others rest: in turn from the second, as the number of the connection is 1
}
