package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

// configText is the collector's configuration for the demo, written once. Later runs only set the lines that depend
// on the ports, so that what somebody tries out in the file stays.
var configText = template.Must(template.New("headwater.toml").Funcs(template.FuncMap{"host": hostOf}).Parse(`# The configuration of the demo, made once by tools/dev. Yours to change; each run of it sets again: listen,
# private_listen, public_url, clickhouse_dsn, redis_url, spool_dir and the demo website's address.

listen = ""
private_listen = ""
public_url = ""
clickhouse_dsn = ""
redis_url = ""
spool_dir = ""
secret = "{{.Secret}}"
# The demo website is on this machine: only so can the doctor look at it.
doctor_hosts = ["{{host .Demo}}"]

[[site]]
id = "{{.Site}}"
origins = ["{{.Demo}}"]
time_zone = "UTC"
# The key itself is in the file api-key beside this one.
api_key_hashes = ["{{.KeyHash}}"]

  [[site.form]]
  id = "signup"
  thank_you = "{{.Demo}}/thank-you"

  [[site.form]]
  id = "newsletter"
  thank_you = "{{.Demo}}/thank-you?newsletter"

  [[site.form]]
  id = "webinar"
  thank_you = "{{.Demo}}/thank-you?webinar"

  # The outside world of the demo plays a search engine and an assistant on hosts of this machine.
  [[site.source_host]]
  host = "google.localhost"
  source = "google"
  medium = "organic"

  [[site.source_host]]
  host = "chatgpt.localhost"
  source = "chatgpt"
  medium = "ai"
`))

func hostOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	return u.Hostname(), nil
}

// writeConfig makes the configuration on the first run and brings it up to date on later ones. The secret and the
// API key stay, or the data of earlier runs would no longer fit.
func (s *station) writeConfig(context.Context) error {
	s.stack.Config = filepath.Join(s.data, "headwater.toml")
	key, err := s.apiKey()
	if err != nil {
		return err
	}
	s.stack.APIKey = key
	text, err := os.ReadFile(s.stack.Config)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = s.newConfig(key)
	}
	if err != nil {
		return fmt.Errorf("make the configuration: %w", err)
	}
	updated, err := s.refreshConfig(string(text))
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.stack.Config, []byte(updated), 0o600); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

func (s *station) newConfig(key string) ([]byte, error) {
	secret, err := randomHex(32)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256([]byte(key))
	var text strings.Builder
	err = configText.Execute(&text, map[string]string{
		"Secret": secret, "Site": s.site, "Demo": s.stack.Demo, "KeyHash": hex.EncodeToString(hash[:]),
	})
	return []byte(text.String()), err
}

// apiKey returns the demo site's API key, made on the first run.
func (s *station) apiKey() (string, error) {
	path := filepath.Join(s.data, "api-key")
	text, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the API key: %w", err)
	}
	random, err := randomHex(24)
	if err != nil {
		return "", err
	}
	key := "hwk_" + random
	if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the API key: %w", err)
	}
	return key, nil
}

func randomHex(bytes int) (string, error) {
	random := make([]byte, bytes)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("make a secret: %w", err)
	}
	return hex.EncodeToString(random), nil
}

// demoAddress finds the demo website's address of the last run: the origin that is followed by its thank-you page.
var demoAddress = regexp.MustCompile(`(?m)^\s*thank_you = "(http://localhost:[0-9]+)/thank-you`)

// refreshConfig sets the lines of the configuration that depend on this run's ports.
func (s *station) refreshConfig(text string) (string, error) {
	if old := demoAddress.FindStringSubmatch(text); old != nil {
		text = strings.ReplaceAll(text, old[1]+`"`, s.stack.Demo+`"`)
		text = strings.ReplaceAll(text, old[1]+`/`, s.stack.Demo+`/`)
	}
	collector, err := url.Parse(s.stack.Collector)
	if err != nil {
		return "", err
	}
	private, err := url.Parse(s.stack.Private)
	if err != nil {
		return "", err
	}
	for _, setting := range [][2]string{
		{"listen", "127.0.0.1:" + collector.Port()},
		{"private_listen", "127.0.0.1:" + private.Port()},
		{"public_url", s.stack.Collector},
		{"clickhouse_dsn", s.stack.ClickHouseDSN},
		{"redis_url", s.stack.Redis},
		{"spool_dir", filepath.Join(s.data, "spool")},
	} {
		line := regexp.MustCompile(`(?m)^` + setting[0] + ` = .*$`)
		if !line.MatchString(text) {
			return "", fmt.Errorf("%s has no line %q: put it back above the first [[site]], or delete the file to have a new one made", s.stack.Config, setting[0]+` = ""`)
		}
		text = line.ReplaceAllLiteralString(text, fmt.Sprintf("%s = %q", setting[0], setting[1]))
	}
	return text, nil
}
