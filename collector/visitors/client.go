package visitors

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Forms says what a redis_url may look like, for error messages.
const Forms = "redis://user:password@host:6379/0 for one server, unix:///path/redis.sock for one on this machine, " +
	"redis://host:26379?master_name=main&addr=host2:26379 for Sentinels, redis://host:6379?cluster=true&addr=host2:6379 for a Cluster; " +
	"rediss:// for TLS, with ca_file=/path/ca.pem where the system does not know the CA"

// address is a redis_url, taken to pieces.
type address struct {
	url       *url.URL // without what go-redis does not know
	cluster   bool
	sentinels bool
	keyPrefix string
	tls       *tls.Config // nil without TLS
}

// Check tells what is wrong with a redis_url. It reads the files that the URL names but does not connect. The error never
// repeats the URL, which may hold a password.
func Check(redisURL string) error {
	client, _, err := newClient(redisURL, Timeout)
	if err != nil {
		return err
	}
	return client.Close()
}

// newClient makes the client that a URL asks for, whose every wait ends after a time-out. It does not connect.
func newClient(redisURL string, timeout time.Duration) (client redis.UniversalClient, keyPrefix string, err error) {
	a, err := parseAddress(redisURL)
	if err != nil {
		return nil, "", err
	}
	logging.Disable() // go-redis prints to standard error what its calls return too
	switch {
	case a.sentinels:
		client, err = a.newSentinelClient(timeout)
	case a.cluster:
		client, err = a.newClusterClient(timeout)
	default:
		client, err = a.newServerClient(timeout)
	}
	if err != nil {
		// go-redis names the parameter, and repeats a value only where it had to be a number.
		return nil, "", fmt.Errorf("%s (it may be: %s)", strings.TrimPrefix(err.Error(), "redis: "), Forms)
	}
	return client, a.keyPrefix, nil
}

// What is not for a redis_url to say: the time that Redis is given is Timeout, whatever happens within it.
var fixedParameters = []string{"dial_timeout", "read_timeout", "write_timeout", "pool_timeout", "context_timeout_enabled",
	"max_retries", "dialer_retries", "dialer_retry_timeout"}

func parseAddress(redisURL string) (*address, error) {
	u, err := url.Parse(redisURL)
	if err != nil || !slices.Contains([]string{"redis", "rediss", "unix"}, u.Scheme) || u.Host == "" && u.Scheme != "unix" {
		return nil, errors.New("it is not a URL such as " + Forms)
	}
	if port, err := strconv.Atoi(u.Port()); u.Port() != "" && (err != nil || port < 1 || port > 65535) {
		return nil, fmt.Errorf("%s is no port", u.Port())
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("what follows the ? is not name=value&name=value; write %25 for a percent sign")
	}
	a := &address{url: u, sentinels: query.Has("master_name"), keyPrefix: take(query, "key_prefix")}
	if err := a.readKind(query); err != nil {
		return nil, err
	}
	if a.tls, err = readTLS(query, u.Scheme == "rediss"); err != nil {
		return nil, err
	}
	if a.tls != nil && a.tls.ServerName == "" {
		a.tls.ServerName = u.Hostname()
	}
	for _, name := range fixedParameters {
		if query.Has(name) {
			return nil, fmt.Errorf("%s can't be set: Redis has %v to answer, and is left alone for %v when it does not", name, Timeout, Cooldown)
		}
	}
	u.RawQuery = query.Encode()
	return a, nil
}

// readKind decides between server, Sentinels and Cluster.
func (a *address) readKind(query url.Values) (err error) {
	if text := take(query, "cluster"); text != "" {
		if a.cluster, err = strconv.ParseBool(text); err != nil {
			return errors.New("cluster is true or false")
		}
	}
	several := a.cluster || a.sentinels
	switch {
	case a.cluster && a.sentinels:
		return errors.New("cluster=true and master_name exclude each other: a Cluster needs no Sentinels")
	case a.sentinels && query.Get("master_name") == "":
		return errors.New("master_name is empty: give the name after `sentinel monitor` in the Sentinels' configuration")
	case several && a.url.Scheme == "unix":
		return errors.New("a socket is one server: leave cluster and master_name out, or give redis://host:port")
	case !several && query.Has("addr"):
		return errors.New("addr names more hosts: say cluster=true if they are a Cluster, or master_name=… if they are Sentinels")
	case a.cluster && (query.Has("db") || strings.Trim(a.url.Path, "/0") != ""):
		return errors.New("a Cluster has only database 0: leave the number out")
	}
	return nil
}

func readTLS(query url.Values, wanted bool) (*tls.Config, error) {
	caFile, certFile, keyFile := take(query, "ca_file"), take(query, "cert_file"), take(query, "key_file")
	serverName, skipVerify := take(query, "server_name"), take(query, "skip_verify")
	if !wanted {
		if caFile+certFile+keyFile+serverName+skipVerify != "" {
			return nil, errors.New("ca_file, cert_file, key_file, server_name and skip_verify are for TLS: begin the URL with rediss://")
		}
		return nil, nil
	}
	config := &tls.Config{ServerName: serverName, MinVersion: tls.VersionTLS12}
	if skipVerify != "" {
		skip, err := strconv.ParseBool(skipVerify)
		if err != nil {
			return nil, errors.New("skip_verify is true or false")
		}
		config.InsecureSkipVerify = skip
	}
	if caFile != "" {
		text, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("ca_file: %s holds no certificate in PEM", caFile)
		}
	}
	if certFile+keyFile != "" {
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return nil, fmt.Errorf("cert_file and key_file: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// take takes a parameter out.
func take(query url.Values, name string) string {
	value := query.Get(name)
	query.Del(name)
	return value
}

// The three kinds of options have the same members, but no type in common. No command is tried again by go-redis: that
// would only use up the time-out.

func (a *address) newServerClient(timeout time.Duration) (redis.UniversalClient, error) {
	options, err := redis.ParseURL(a.url.String())
	if err != nil {
		return nil, err
	}
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = timeout, timeout, timeout, timeout
	options.ContextTimeoutEnabled, options.MaxRetries, options.DialerRetries = true, -1, 1
	options.MaintNotificationsConfig, options.DisableIdentity = quiet(), true
	options.TLSConfig = a.tls
	return redis.NewClient(options), nil
}

func (a *address) newSentinelClient(timeout time.Duration) (redis.UniversalClient, error) {
	options, err := redis.ParseFailoverURL(a.url.String())
	if err != nil {
		return nil, err
	}
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = timeout, timeout, timeout, timeout
	options.ContextTimeoutEnabled, options.MaxRetries, options.DialerRetries = true, -1, 1
	options.DisableIdentity = true
	options.TLSConfig = a.tls
	return redis.NewFailoverClient(options), nil
}

func (a *address) newClusterClient(timeout time.Duration) (redis.UniversalClient, error) {
	options, err := redis.ParseClusterURL(a.url.String())
	if err != nil {
		return nil, err
	}
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = timeout, timeout, timeout, timeout
	options.ContextTimeoutEnabled, options.MaxRetries, options.DialerRetries = true, -1, 1
	options.MaintNotificationsConfig, options.DisableIdentity = quiet(), true
	options.TLSConfig = a.tls
	return redis.NewClusterClient(options), nil
}

// quiet keeps go-redis from asking for notices of maintenance, which only Redis's own cloud sends.
func quiet() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}
