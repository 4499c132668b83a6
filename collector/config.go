package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/headwater/headwater/schema"
)

// Config is what the collector runs with. Every member has the same name as a key of the file, as a flag and, in
// capitals after HEADWATER_, as an environment variable; a flag beats the environment, that the file, that the default.
type Config struct {
	Listen           string   `toml:"listen"`
	PrivateListen    string   `toml:"private_listen"`
	PublicURL        string   `toml:"public_url"`
	ClickHouseDSN    string   `toml:"clickhouse_dsn"`
	RedisURL         string   `toml:"redis_url"`
	SpoolDir         string   `toml:"spool_dir"`
	SpoolMaxBytes    int64    `toml:"spool_max_bytes"`
	SpoolSealMS      int      `toml:"spool_seal_ms"`
	SpoolReplayHours int      `toml:"spool_replay_hours"`
	SetAsideDays     int      `toml:"set_aside_days"`
	Secret           string   `toml:"secret"`
	RetentionMonths  int      `toml:"retention_months"`
	TrustedProxies   []string `toml:"trusted_proxies"`
	UserHeader       string   `toml:"user_header"`
	SignOutURL       string   `toml:"sign_out_url"`
	DoctorHosts      []string `toml:"doctor_hosts"`
	LogLevel         string   `toml:"log_level"`
	LogFormat        string   `toml:"log_format"`

	LimitTouches         int    `toml:"limit_touches"`
	LimitSubmissions     int    `toml:"limit_submissions"`
	LimitSiteTouches     int    `toml:"limit_site_touches"`
	LimitSiteSubmissions int    `toml:"limit_site_submissions"`
	ReferrerSpamFile     string `toml:"referrer_spam_file"`
	SourcesFile          string `toml:"sources_file"`

	Sites []schema.Site `toml:"site"`
}

// defaults are what a config that says nothing gets. There is none for secret and for the sites.
func defaults() Config {
	return Config{
		Listen:           ":8080",
		PrivateListen:    "127.0.0.1:8081",
		ClickHouseDSN:    "clickhouse://127.0.0.1:9000/default",
		RedisURL:         "redis://127.0.0.1:6379/0",
		SpoolDir:         ".headwater/spool",
		SpoolMaxBytes:    10 << 30,
		SpoolSealMS:      500,
		SpoolReplayHours: 24,
		SetAsideDays:     90,
		RetentionMonths:  schema.DefaultRetentionMonths,
		LogLevel:         "info",
		LogFormat:        "text",

		LimitTouches:         1200,
		LimitSubmissions:     240,
		LimitSiteTouches:     600_000,
		LimitSiteSubmissions: 60_000,
	}
}

// publicURL is where browsers reach the collector: where the config does not say, this machine by name.
func (c *Config) publicURL() string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	_, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return "http://localhost"
	}
	return "http://localhost:" + port
}

// sources is the list of known sources that is in effect.
func (c *Config) sources() (*schema.Sources, error) {
	if c.SourcesFile == "" {
		return schema.BuiltInSources(), nil
	}
	text, err := os.ReadFile(c.SourcesFile)
	if err != nil {
		return nil, fmt.Errorf("read the list of sources: %w", err)
	}
	sources, err := schema.ParseSources(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.SourcesFile, err)
	}
	return sources, nil
}

// configPaths are tried in order where neither --config nor HEADWATER_CONFIG names a file.
var configPaths = []string{"headwater.toml", ".headwater/headwater.toml", "/etc/headwater/headwater.toml"}

// problem is one thing wrong with the config, and where.
type problem struct{ Where, What string }

func (p problem) String() string { return p.Where + ": " + p.What }

// problems is everything wrong with the config, as one error.
type problems []problem

func (p problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return "the configuration has problems (`headwater check-config` shows more):\n  " + strings.Join(lines, "\n  ")
}

// loaded is a config with where each of its values came from.
type loaded struct {
	Config
	path  string // of the file, "" where there is none
	lines keyLines
	// given holds the settings that a flag or the environment gave, by key.
	given    map[string]string
	problems problems
}

// loadConfig puts together defaults, file, environment and flags, and finds everything that is wrong with the result.
// The error is for what keeps it from looking any further: a file that cannot be read.
func loadConfig(path string, settings settings, given map[string]string) (*loaded, error) {
	l := &loaded{Config: defaults(), given: given}
	text, err := l.readFile(path)
	if err != nil {
		return nil, err
	}
	l.decodeFile(text)
	settings.apply(&l.Config)
	for i := range l.Sites {
		site := &l.Sites[i]
		if site.LookbackDays == 0 && l.lines[fmt.Sprintf("site[%d].lookback_days", i)] == 0 {
			site.LookbackDays = schema.DefaultLookbackDays
		}
		if site.RetentionMonths == 0 && l.lines[fmt.Sprintf("site[%d].retention_months", i)] == 0 {
			site.RetentionMonths = l.RetentionMonths
		}
		if site.TimeZone == "" {
			site.TimeZone = schema.DefaultTimeZone
		}
	}
	l.check()
	return l, nil
}

func (l *loaded) readFile(path string) (string, error) {
	paths := configPaths
	if path != "" {
		paths = []string{path}
	}
	for _, candidate := range paths {
		text, err := os.ReadFile(candidate)
		if errors.Is(err, fs.ErrNotExist) && path == "" {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("read the configuration: %w", err)
		}
		l.path = candidate
		return string(text), nil
	}
	return "", nil
}

// decodeFile reads the file and refuses keys that mean nothing, so that a typing error is not a silent default.
func (l *loaded) decodeFile(text string) {
	l.lines = findKeys(text)
	meta, err := toml.Decode(text, &l.Config)
	if parse, ok := errors.AsType[toml.ParseError](err); ok {
		l.wrong(fmt.Sprintf("%s:%d", l.path, parse.Position.Line), "%s", strings.TrimPrefix(parse.Message, "toml: "))
		return
	}
	if err != nil {
		l.wrong(l.path, "%s", strings.TrimPrefix(err.Error(), "toml: "))
		return
	}
	seen := map[string]bool{}
	for _, key := range meta.Undecoded() {
		name := key.String()
		if seen[name] {
			continue
		}
		seen[name] = true
		advice := "unknown key"
		if near := nearestKey(name); near != "" {
			advice += "; did you mean " + near + "?"
		}
		lines := l.lines.all(name)
		if len(lines) == 0 {
			l.wrong(l.path+": "+name, "%s", advice)
		}
		for _, line := range lines {
			l.wrong(fmt.Sprintf("%s:%d: %s", l.path, line, name), "%s", advice)
		}
	}
}

func (l *loaded) wrong(where, format string, args ...any) {
	if where == "" {
		where = "configuration"
	}
	l.problems = append(l.problems, problem{where, fmt.Sprintf(format, args...)})
}

// wrongKey reports a problem with the value of a key, where it was set.
func (l *loaded) wrongKey(key, format string, args ...any) {
	where := key
	if source := l.source(key); source != "default" {
		where = source + ": " + key
	}
	l.wrong(where, format, args...)
}

// source says where the value of a key came from.
func (l *loaded) source(key string) string {
	if source, ok := l.given[key]; ok {
		return source
	}
	if line := l.lines.nearest(key); line > 0 {
		return fmt.Sprintf("%s:%d", l.path, line)
	}
	return "default"
}
