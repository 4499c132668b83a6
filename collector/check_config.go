package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/headwater/headwater/collector/api"
	"github.com/headwater/headwater/collector/console"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/snippet"
)

type checkConfigCommand struct{}

// Help is shown by headwater check-config -h.
func (checkConfigCommand) Help() string {
	return `Prints every problem with where it is (file and line, flag or environment variable), then each setting in effect
with where it comes from. Secrets are not shown. The exit code is 1 where there is a problem. Nothing is connected to.`
}

// Run is headwater check-config.
func (checkConfigCommand) Run(i *invocation) error {
	l, err := loadConfig(i.command.Config, i.command.Settings, i.given)
	if err != nil {
		return err
	}
	for _, p := range l.problems {
		fmt.Fprintln(i.stdout, "problem:", p)
	}
	if len(l.problems) > 0 {
		fmt.Fprintln(i.stdout)
	}
	if err := l.describe(i.stdout); err != nil {
		return err
	}
	if len(l.problems) > 0 {
		fmt.Fprintf(i.stdout, "\n%d to correct.\n", len(l.problems))
		return errTold
	}
	fmt.Fprintln(i.stdout, "\nThe configuration is good.")
	return nil
}

// describe prints what is in effect.
func (l *loaded) describe(w io.Writer) error {
	if l.path == "" {
		fmt.Fprintf(w, "No configuration file: none of %s is there.\n\n", strings.Join(configPaths, ", "))
	} else {
		fmt.Fprintf(w, "Configuration file: %s\n\n", l.path)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, setting := range [][2]string{
		{"listen", l.Listen},
		{"private_listen", l.PrivateListen},
		{"public_url", l.publicURL()},
		{"clickhouse_dsn", store.MaskDSN(l.ClickHouseDSN)},
		{"redis_url", masked(l.RedisURL)},
		{"spool_dir", l.SpoolDir},
		{"spool_max_bytes", fmt.Sprint(l.SpoolMaxBytes)},
		{"spool_seal_ms", fmt.Sprint(l.SpoolSealMS)},
		{"spool_replay_hours", fmt.Sprint(l.SpoolReplayHours)},
		{"set_aside_days", fmt.Sprint(l.SetAsideDays)},
		{"secret", maskedSecret(l.Secret)},
		{"retention_months", fmt.Sprint(l.RetentionMonths)},
		{"trusted_proxies", strings.Join(l.TrustedProxies, ", ")},
		{"user_header", l.UserHeader},
		{"sign_out_url", l.SignOutURL},
		{"doctor_hosts", strings.Join(l.DoctorHosts, ", ")},
		{"log_level", l.LogLevel},
		{"log_format", l.LogFormat},
		{"limit_touches", fmt.Sprint(l.LimitTouches)},
		{"limit_submissions", fmt.Sprint(l.LimitSubmissions)},
		{"limit_site_touches", fmt.Sprint(l.LimitSiteTouches)},
		{"limit_site_submissions", fmt.Sprint(l.LimitSiteSubmissions)},
		{"referrer_spam_file", l.ReferrerSpamFile},
		{"sources_file", l.SourcesFile},
	} {
		value := setting[1]
		if value == "" {
			value = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t(%s)\n", setting[0], value, l.source(setting[0]))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	l.describeSites(w)
	return nil
}

func (l *loaded) describeSites(w io.Writer) {
	address := strings.TrimSuffix(l.publicURL(), "/")
	for i, site := range l.Sites {
		fmt.Fprintf(w, "\nsite %s (%s)\n", site.ID, l.source(fmt.Sprintf("site[%d]", i)))
		fmt.Fprintf(w, "  origins        %s\n", strings.Join(site.Origins, ", "))
		fmt.Fprintf(w, "  reports        look back %d days, zone %s\n", site.LookbackDays, site.TimeZone)
		fmt.Fprintf(w, "  kept           %d months\n", site.RetentionMonths)
		fmt.Fprintf(w, "  API keys       %d\n", len(site.APIKeyHashes))
		for _, form := range site.Forms {
			next := form.ThankYou
			if next == "" {
				next = "the built-in thank-you page"
			}
			fmt.Fprintf(w, "  form           %s/f/%s, then %s\n", address, form.ID, next)
		}
		about := console.ScriptAttributes(&site)
		fmt.Fprintf(w, "  script         <script async src=\"%s/hw.js\"%s></script>\n", address, about)
		if pinned, ok := snippet.Released(snippet.Core.Name); ok {
			fmt.Fprintf(w, "  or, pinned     <script async src=\"%s/%s\" integrity=\"%s\" crossorigin=\"anonymous\"%s></script>\n", address, pinned.Pinned(), pinned.Integrity, about)
		}
	}
}

// masked shows a URL without its password.
func masked(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" {
		return "(not a URL)" // and perhaps a password
	}
	query := u.Query()
	for name := range query {
		if strings.Contains(strings.ToLower(name), "pass") || strings.Contains(strings.ToLower(name), "secret") {
			query.Set(name, "xxxxx")
			u.RawQuery = query.Encode()
		}
	}
	return u.Redacted()
}

func maskedSecret(secret string) string {
	if secret == "" {
		return ""
	}
	return fmt.Sprintf("set, %d characters", len(secret))
}

type keyCommand struct{}

// Help is shown by headwater key -h.
func (keyCommand) Help() string {
	return `The key is for whoever calls the API (Authorization: Bearer …) and is shown only now; its hash goes into the site's
api_key_hashes. The secret is for a new installation; an installation that has one must keep it.`
}

// Run is headwater key.
func (keyCommand) Run(i *invocation) error {
	key, hash := api.NewKey()
	secret := make([]byte, 32)
	rand.Read(secret) // never fails (crypto/rand)
	fmt.Fprintf(i.stdout, "API key:            %s\n", key)
	fmt.Fprintf(i.stdout, "its hash:           %s\n", hash)
	fmt.Fprintf(i.stdout, "\nFor a new installation only:\nsecret:             %s\n", hex.EncodeToString(secret))
	return nil
}
