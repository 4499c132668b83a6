package store

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/churl"
)

const exampleDSN = "give one such as clickhouse://user:password@host:9000/database or http://host:8123/database"

// CheckDSN tells what is wrong with a DSN, without its password; it reads the CA file but connects nowhere.
func CheckDSN(dsn string) error {
	_, err := parseDSN(dsn)
	return err
}

// parseDSN reads a DSN:
//
//	clickhouse://user:password@host:9000/database    ClickHouse's native protocol (tcp:// is the same)
//	http://user:password@host:8123/database          its HTTP interface; https:// with TLS
//
// Several hosts are separated by commas. The parameters secure=true (TLS for the native protocol), skip_verify=true,
// tls_server_name=… and compress=… are clickhouse-go's, as are its others; ca_file=… is ours: a PEM file with the
// authorities that are trusted instead of the system's. What is no parameter of either is a setting of ClickHouse.
func parseDSN(dsn string) (*clickhouse.Options, error) {
	place, parameters, _ := strings.Cut(dsn, "?")
	query, err := url.ParseQuery(parameters)
	if err != nil {
		return nil, errors.New("its parameters can't be read: percent-encode what is special in them")
	}
	scheme, rest, found := strings.Cut(place, "://")
	if !found || !slices.Contains([]string{"clickhouse", "tcp", "http", "https"}, scheme) {
		return nil, errors.New("it does not begin with clickhouse://, http:// or https://: " + exampleDSN)
	}
	authority, _, _ := strings.Cut(rest, "/")
	if authority == "" || strings.HasSuffix(authority, "@") {
		return nil, errors.New("it has no host: " + exampleDSN)
	}
	caFile := query.Get("ca_file")
	query.Del("ca_file")
	if err := tlsParameters(scheme, query, caFile); err != nil {
		return nil, err
	}
	options, err := clickhouse.ParseDSN(place + "?" + query.Encode())
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, exampleDSN) // the password is masked by clickhouse-go
	}
	if caFile != "" {
		if options.TLS.RootCAs, err = authorities(caFile); err != nil {
			return nil, err
		}
	}
	if options.TLS != nil {
		options.TLS.MinVersion = tls.VersionTLS12
	}
	for i, address := range options.Addr {
		if options.Addr[i], err = withPort(address, options); err != nil {
			return nil, err
		}
	}
	return options, nil
}

// tlsParameters refuses parameters that would be without effect, which an operator learns too late.
func tlsParameters(scheme string, query url.Values, caFile string) error {
	switch {
	case scheme == "https":
		if query.Get("secure") == "false" {
			return errors.New("https:// and secure=false contradict each other: use http:// for no TLS")
		}
		query.Set("secure", "true")
	case scheme == "http" && query.Has("secure") && query.Get("secure") != "false":
		return errors.New("http:// and secure=true contradict each other: use https:// for TLS")
	case !query.Has("secure") || query.Get("secure") == "false":
		for _, parameter := range []string{"skip_verify", "tls_server_name"} {
			if query.Has(parameter) {
				return fmt.Errorf("%s is without effect: add secure=true (or use https://) for TLS", parameter)
			}
		}
		if caFile != "" {
			return errors.New("ca_file is without effect: add secure=true (or use https://) for TLS")
		}
	}
	return nil
}

func authorities(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("ca_file: %s has no certificate in PEM", file)
	}
	return pool, nil
}

// withPort gives an address without a port the one that ClickHouse listens on by default.
func withPort(address string, options *clickhouse.Options) (string, error) {
	if host, _, err := net.SplitHostPort(address); err == nil {
		if host == "" {
			return "", errors.New("it has no host: " + exampleDSN)
		}
		return address, nil
	}
	port := "9000"
	switch {
	case options.Protocol == clickhouse.HTTP && options.TLS != nil:
		port = "8443"
	case options.Protocol == clickhouse.HTTP:
		port = "8123"
	case options.TLS != nil:
		port = "9440"
	}
	address = net.JoinHostPort(strings.Trim(address, "[]"), port)
	if _, _, err := net.SplitHostPort(address); err != nil {
		return "", fmt.Errorf("host %q: %w", address, err)
	}
	return address, nil
}

// MaskDSN is the DSN without its password, for people.
func MaskDSN(dsn string) string {
	u, err := churl.Parse(dsn)
	if err != nil || !strings.HasPrefix(dsn, u.Scheme+"://") {
		return "(not a URL)" // and perhaps a password
	}
	query := u.Query()
	for name := range query {
		if lower := strings.ToLower(name); strings.Contains(lower, "pass") || strings.Contains(lower, "secret") || name == "http_proxy" {
			query.Set(name, "xxxxx")
			u.RawQuery = query.Encode()
		}
	}
	return u.Redacted()
}
