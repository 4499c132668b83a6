package main

import (
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// settings are the members of Config as flags and environment variables; nil is not given.
type settings struct {
	Listen               *string  `help:"Address of the public endpoints. Default :8080." placeholder:"ADDRESS" env:"HEADWATER_LISTEN"`
	PrivateListen        *string  `help:"Address of /metrics, /healthz, /readyz and pprof, never public. Default 127.0.0.1:8081." placeholder:"ADDRESS" env:"HEADWATER_PRIVATE_LISTEN"`
	PublicURL            *string  `name:"public-url" help:"Where browsers reach the public endpoints, such as https://t.example.com. Default http://localhost with the port of listen, for trying out." placeholder:"URL" env:"HEADWATER_PUBLIC_URL"`
	ClickhouseDSN        *string  `name:"clickhouse-dsn" help:"ClickHouse, such as clickhouse://user:password@host:9000/database or http://host:8123/database. Default clickhouse://127.0.0.1:9000/default." placeholder:"DSN" env:"CLICKHOUSE_DSN"`
	RedisURL             *string  `name:"redis-url" help:"Redis, such as redis://host:6379/0, with ?cluster=true a Cluster, with ?master_name=main its Sentinels (collector/visitors/README.md). Default redis://127.0.0.1:6379/0." placeholder:"URL" env:"REDIS_URL"`
	SpoolDir             *string  `help:"Folder, on a local disk, of records that ClickHouse does not have yet. Default .headwater/spool." placeholder:"FOLDER" env:"HEADWATER_SPOOL_DIR"`
	SpoolMaxBytes        *int64   `help:"How many bytes may wait there before browsers are told to come again. Default 10737418240." placeholder:"BYTES" env:"HEADWATER_SPOOL_MAX_BYTES"`
	SpoolSealMS          *int     `help:"Age in milliseconds at which waiting records are forwarded. Lower shows leads sooner, higher makes fewer, larger inserts. Default 500." placeholder:"MS" env:"HEADWATER_SPOOL_SEAL_MS"`
	SpoolReplayHours     *int     `help:"How long forwarded records are held there for a replay. Default 24." placeholder:"HOURS" env:"HEADWATER_SPOOL_REPLAY_HOURS"`
	SetAsideDays         *int     `help:"How long dead letters and damaged segments are kept for you; 0 for ever. Default 90." placeholder:"DAYS" env:"HEADWATER_SET_ASIDE_DAYS"`
	Secret               *string  `help:"Secret of this installation, at least 32 characters; contact ids depend on it, so keep it. Better in the file or the environment than here." placeholder:"SECRET" env:"HEADWATER_SECRET"`
	RetentionMonths      *int     `help:"How long ClickHouse keeps rows. Default 25." placeholder:"MONTHS" env:"HEADWATER_RETENTION_MONTHS"`
	TrustedProxies       []string `help:"Proxies whose X-Forwarded-For is believed: addresses or ranges, separated by commas." placeholder:"RANGES" env:"HEADWATER_TRUSTED_PROXIES"`
	UserHeader           *string  `help:"Header in which a trusted proxy says the e-mail address of who is signed in, such as X-Auth-Request-Email: they need no password in the console. Default none." placeholder:"NAME" env:"HEADWATER_USER_HEADER"`
	SignOutURL           *string  `name:"sign-out-url" help:"Where signing out of the console leads to for who came through that proxy, such as https://auth.example.com/sign_out." placeholder:"URL" env:"HEADWATER_SIGN_OUT_URL"`
	DoctorHosts          []string `help:"Hosts (or host:port) that the doctor may look at although their addresses are private, where a site has them among its origins; separated by commas. Default none." placeholder:"HOSTS" env:"HEADWATER_DOCTOR_HOSTS"`
	LogLevel             *string  `help:"debug, info, warn or error. Default info." placeholder:"LEVEL" env:"HEADWATER_LOG_LEVEL"`
	LimitTouches         *int     `help:"Touches that one network (/24, /48) may send in a minute; more are turned away. 0: no limit. Default 1200." placeholder:"N" env:"HEADWATER_LIMIT_TOUCHES"`
	LimitSubmissions     *int     `help:"Submissions that one network may send in a minute; more are kept under suspicion, and turned away beyond ten times as many. 0: no limit. Default 240." placeholder:"N" env:"HEADWATER_LIMIT_SUBMISSIONS"`
	LimitSiteTouches     *int     `help:"The same for all touches of one site. Default 600000." placeholder:"N" env:"HEADWATER_LIMIT_SITE_TOUCHES"`
	LimitSiteSubmissions *int     `help:"The same for all submissions of one site. Default 60000." placeholder:"N" env:"HEADWATER_LIMIT_SITE_SUBMISSIONS"`
	ReferrerSpamFile     *string  `help:"A list of referrer spam, a host a line, in place of the built-in one." placeholder:"FILE" env:"HEADWATER_REFERRER_SPAM_FILE"`
	SourcesFile          *string  `help:"A list of known sources in place of the built-in one; headwater classify --print-sources prints that, to start from." placeholder:"FILE" env:"HEADWATER_SOURCES_FILE"`
	LogFormat            *string  `help:"text or json. Default text." placeholder:"FORMAT" env:"HEADWATER_LOG_FORMAT"`
}

// apply puts what was given over the config. An empty environment variable is as good as none.
func (s settings) apply(c *Config) {
	for _, text := range []struct{ from, to *string }{
		{s.Listen, &c.Listen}, {s.PrivateListen, &c.PrivateListen}, {s.PublicURL, &c.PublicURL},
		{s.ClickhouseDSN, &c.ClickHouseDSN}, {s.RedisURL, &c.RedisURL}, {s.SpoolDir, &c.SpoolDir},
		{s.Secret, &c.Secret}, {s.LogLevel, &c.LogLevel}, {s.LogFormat, &c.LogFormat}, {s.ReferrerSpamFile, &c.ReferrerSpamFile}, {s.SourcesFile, &c.SourcesFile},
		{s.UserHeader, &c.UserHeader}, {s.SignOutURL, &c.SignOutURL},
	} {
		if text.from != nil && *text.from != "" {
			*text.to = *text.from
		}
	}
	if s.SpoolMaxBytes != nil {
		c.SpoolMaxBytes = *s.SpoolMaxBytes
	}
	if s.SpoolSealMS != nil {
		c.SpoolSealMS = *s.SpoolSealMS
	}
	if s.SpoolReplayHours != nil {
		c.SpoolReplayHours = *s.SpoolReplayHours
	}
	if s.SetAsideDays != nil {
		c.SetAsideDays = *s.SetAsideDays
	}
	if s.RetentionMonths != nil {
		c.RetentionMonths = *s.RetentionMonths
	}
	for _, limit := range []struct{ from, to *int }{
		{s.LimitTouches, &c.LimitTouches}, {s.LimitSubmissions, &c.LimitSubmissions},
		{s.LimitSiteTouches, &c.LimitSiteTouches}, {s.LimitSiteSubmissions, &c.LimitSiteSubmissions},
	} {
		if limit.from != nil {
			*limit.to = *limit.from
		}
	}
	if len(s.TrustedProxies) > 0 {
		c.TrustedProxies = s.TrustedProxies
	}
	if len(s.DoctorHosts) > 0 {
		c.DoctorHosts = s.DoctorHosts
	}
}

// givenSettings says which settings came from a flag or from the environment.
func givenSettings(parsed *kong.Context) map[string]string {
	given := map[string]string{}
	for _, flag := range parsed.Flags() {
		key := strings.ReplaceAll(flag.Name, "-", "_")
		for _, name := range flag.Envs {
			if os.Getenv(name) != "" && knownKeys[key] {
				given[key] = "environment " + name
			}
		}
	}
	for _, path := range parsed.Path {
		if path.Flag == nil || path.Resolved {
			continue
		}
		if key := strings.ReplaceAll(path.Flag.Name, "-", "_"); knownKeys[key] {
			given[key] = "flag --" + path.Flag.Name
		}
	}
	return given
}
