package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
)

var printedLink = regexp.MustCompile(`/console/link/[A-Za-z0-9_-]{43}`)

// follow opens a one-time link and returns the cookie of the session.
func (r *rig) follow(t *testing.T, link string, form url.Values) string {
	t.Helper()
	answer, body := r.asAsk(t, ask{http.MethodPost, link, "application/x-www-form-urlencoded", form.Encode()}, caller{})
	for _, cookie := range answer.Cookies() {
		return cookie.Name + "=" + cookie.Value
	}
	t.Fatalf("the link %s: %s %s", link, answer.Status, body)
	return ""
}

// The first start prints a link that makes the first account; the next one, with an account there, prints none. The command line
// adds people, makes links to their accounts and removes them, and the running collector knows of it.
func TestAccountsFromTheFirstStart(t *testing.T) {
	r := &rig{dsn: collectortest.ClickHouse(t), redis: collectortest.Redis(t)}
	r.config, r.key = testConfig(t, r.dsn, r.redis)
	log := &lockedBuffer{}
	r.startWith(t, slog.New(slog.NewTextHandler(log, nil)))
	waitFor(t, 60*time.Second, func() (string, bool) {
		return "no link is printed: " + log.String(), printedLink.MatchString(log.String())
	})
	cookie := r.follow(t, printedLink.FindString(log.String()), url.Values{"email": {"chief@acme.example"}, "password": {"an otter reads maps"}})
	if answer, _ := r.asAsk(t, ask{http.MethodGet, "/console/users", "", ""}, caller{cookie: cookie}); answer.StatusCode != http.StatusOK {
		t.Errorf("the first account at users: %s", answer.Status)
	}
	r.stop(t)
	again := &lockedBuffer{}
	r.startWith(t, slog.New(slog.NewTextHandler(again, nil)))
	r.migratedUp(t)

	path := writeConfig(t, fmt.Sprintf("clickhouse_dsn = %q\nredis_url = %q\nspool_dir = %q\n", r.dsn, r.redis, t.TempDir())+goodConfig)
	command := func(want int, args ...string) string {
		t.Helper()
		stdout, stderr, code := headwater(t, append(append([]string{"account"}, args...), "--config", path)...)
		if code != want {
			t.Fatalf("headwater account %s: code %d\n%s%s", strings.Join(args, " "), code, stdout, stderr)
		}
		return stdout + stderr
	}
	added := command(0, "add", "--email", "Bob@acme.example", "--name", "Bob", "--role", "viewer", "--site", "acme")
	if list := command(0, "list"); !strings.Contains(list, "chief@acme.example") || !strings.Contains(list, "(all)") || !regexp.MustCompile(`bob@acme\.example +Bob +acme +viewer +no`).MatchString(list) {
		t.Errorf("listed:\n%s", list)
	}
	bob := r.follow(t, printedLink.FindString(added), nil)
	sees := func(want int) {
		t.Helper()
		waitFor(t, 30*time.Second, func() (string, bool) {
			answer, _ := r.asAsk(t, ask{http.MethodGet, "/console/script", "", ""}, caller{cookie: bob})
			return answer.Status, answer.StatusCode == want
		})
	}
	sees(http.StatusOK)
	r.follow(t, printedLink.FindString(command(0, "link", "--email", "bob@acme.example")), nil)
	for want, args := range map[string][]string{
		"nobody has an account": {"link", "--email", "eve@acme.example"}, "has no role there": {"remove", "--email", "bob@acme.example"},
		"last admin": {"remove", "--email", "chief@acme.example"}, "no e-mail address": {"add", "--email", "x", "--role", "admin"},
	} {
		if out := command(1, args...); !strings.Contains(out, want) {
			t.Errorf("%v says %q, not %q", args, out, want)
		}
	}
	command(2, "add", "--email", "x@acme.example", "--role", "root")
	command(2, "add", "--email", "x@acme.example", "--role", "admin", "--site", "nothing")
	command(0, "remove", "--email", "bob@acme.example", "--site", "acme")
	sees(http.StatusSeeOther)
	if printedLink.MatchString(again.String()) {
		t.Error("a link is printed although there is an account")
	}
}

func TestUserHeaderIsChecked(t *testing.T) {
	clearEnvironment(t)
	for text, want := range map[string]string{
		"user_header = \"X-Auth-Email\"\n": "name your proxy in trusted_proxies", "user_header = \"cookie\"\ntrusted_proxies = [\"10.0.0.1\"]\n": "any browser sends",
		"user_header = \"a b\"\ntrusted_proxies = [\"10.0.0.1\"]\n": "no name of a header", "sign_out_url = \"/out\"\n": "not a URL",
		"user_header = \"X-Auth-Email\"\ntrusted_proxies = [\"10.0.0.1\"]\nsign_out_url = \"https://auth.example/out\"\n": "The configuration is good",
	} {
		stdout, _, _ := headwater(t, "check-config", "--config", writeConfig(t, text+goodConfig))
		if !strings.Contains(stdout, want) {
			t.Errorf("%s%s", text, stdout)
		}
	}
}
