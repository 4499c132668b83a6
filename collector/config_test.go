package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const goodConfig = `secret = "0123456789abcdef0123456789abcdef"

[[site]]
id = "acme"
origins = ["https://www.acme.example"]

  [[site.form]]
  id = "signup"
`

// writeConfig writes a file into a folder of its own and clears what the environment would add.
func writeConfig(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "headwater.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func clearEnvironment(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "HEADWATER_") || name == "CLICKHOUSE_DSN" || name == "REDIS_URL" {
			t.Setenv(name, "")
		}
	}
}

// headwater runs the program and returns what it prints and how it would exit.
func headwater(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, problems bytes.Buffer
	err := run(context.Background(), args, &out, &problems)
	code = exitCode(err, &problems)
	return out.String(), problems.String(), code
}

func TestCheckConfigGood(t *testing.T) {
	clearEnvironment(t)
	path := writeConfig(t, `# comment
clickhouse_dsn = "clickhouse://u:hunter2@db:9000/hw?password=hunter2"
redis_url = "redis://:hunter2@cache:6379/0"
public_url = "https://t.acme.example"
`+strings.Replace(goodConfig, "[[site]]", "[[site]]\nown_domains = [\"acme.test\"]", 1))
	out, _, code := headwater(t, "check-config", "--config", path)
	if code != 0 || !strings.Contains(out, "The configuration is good.") {
		t.Errorf("exit code %d: %s", code, out)
	}
	for _, want := range []string{
		"clickhouse://u:xxxxx@db:9000", path + ":2)", "set, 32 characters", "(default)", "https://t.acme.example/f/signup",
		`data-site="acme" data-own-domains="acme.test"`, `integrity="sha384-`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%s is not in %s", want, out)
		}
	}
	for _, secret := range []string{"hunter2", "0123456789abcdef"} {
		if strings.Contains(out, secret) {
			t.Errorf("a secret is shown: %s", out)
		}
	}
}

// TestCheckConfigProblems: everything wrong is said at once, with where it is and without secrets.
func TestCheckConfigProblems(t *testing.T) {
	clearEnvironment(t)
	path := writeConfig(t, `listen = "8080"
clickhouse_dsn = "mysql://u:hunter2@db/x"
redis_url = "hunter2"
public_url = "t.acme.example"
retention_months = 0
trusted_proxies = ["10.0.0.0/8", "proxy.example"]
log_level = "loud"
secret = "short"
colour = "red"

[[site]]
id = "ACME"
orgins = ["https://www.acme.example"]
origins = ["https://www.acme.example/", "https://WWW.acme.example", "https://www.acme.example:443", "acme.example", "https://å.example"]
own_domains = ["https://acme.example"]
lookback_days = 0
time_zone = "Middle-earth"
api_key_hashes = ["hwk_secretkey"]
parameters = ["Ref", "gclid", "hw_link", "ok", "ok", "", "source"]

  [[site.form]]
  id = "sign up"
  thank_you = "https://evil.example/"

  [[site.form]]
  id = "a"

  [[site.form]]
  id = "a"
  thankyou = "x"

  [[site.source_host]]
  host = "https://x.example"
  source = ""

[[site]]
id = "beta"
origins = []
`)
	out, _, code := headwater(t, "check-config", "--config", path, "--log-format", "xml")
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{
		path + ":1: listen:", path + ":2: clickhouse_dsn:", path + ":3: redis_url: it is not a URL such as redis://", "cluster=true", path + ":4: public_url:", path + ":5: retention_months:",
		path + ":6: trusted_proxies: \"proxy.example\"", path + ":7: log_level:", path + ":8: secret:", path + ":9: colour: unknown key",
		"flag --log-format: log_format:", path + ":12: site[0].id:", path + ":13: site.orgins: unknown key; did you mean site.origins?",
		path + ":14: site[0].origins: \"https://www.acme.example/\"", "\"https://WWW.acme.example\"", "\"https://www.acme.example:443\"",
		"\"acme.example\" is not an origin", "\"https://å.example\"", path + ":15: site[0].own_domains:", path + ":16: site[0].lookback_days:",
		path + ":17: site[0].time_zone:", path + ":18: site[0].api_key_hashes:", path + ":19: site[0].parameters: \"Ref\" is not a name",
		"\"gclid\" is a name of Headwater's own", "\"hw_link\" is a name", "\"ok\" stands there twice", "\"\" is not a name", "\"source\" is a name", path + ":22: site[0].form[0].id:", path + ":23: site[0].form[0].thank_you:",
		path + ":29: site[0].form[2].id:", path + ":30: site.form.thankyou: unknown key; did you mean site.form.thank_you?",
		path + ":33: site[0].source_host[0].host:", path + ":34: site[0].source_host[0].source:", path + ":38: site[1].origins: is empty",
		path + ":36: site[1]: the site \"beta\" has no form",
	} {
		if !strings.Contains(out, "problem: "+want) && !strings.Contains(out, want) {
			t.Errorf("%s is not said", want)
		}
	}
	if strings.Contains(out, "hunter2") || strings.Contains(out, "hwk_secretkey") {
		t.Error("a secret is shown")
	}
	if t.Failed() {
		t.Log(out)
	}
}

func TestConfigSyntaxError(t *testing.T) {
	clearEnvironment(t)
	path := writeConfig(t, "listen = \":1\"\nsecret = [\n")
	out, _, code := headwater(t, "check-config", "--config", path)
	if code != 1 || !strings.Contains(out, "problem: "+path+":") {
		t.Errorf("%d %s", code, out)
	}
	path = writeConfig(t, "retention_months = \"many\"\n")
	if out, _, code = headwater(t, "check-config", "--config", path); code != 1 || !strings.Contains(out, "retention_months") {
		t.Errorf("%d %s", code, out)
	}
}

// TestConfigPrecedence: a flag beats the environment, that the file, that the default.
func TestConfigPrecedence(t *testing.T) {
	clearEnvironment(t)
	path := writeConfig(t, "listen = \":1\"\nprivate_listen = \":2\"\nspool_dir = \"from-file\"\n"+goodConfig)
	t.Setenv("HEADWATER_CONFIG", path)
	t.Setenv("HEADWATER_LISTEN", ":3")
	t.Setenv("HEADWATER_PRIVATE_LISTEN", ":4")
	t.Setenv("REDIS_URL", "redis://environment:1/0")
	t.Setenv("HEADWATER_TRUSTED_PROXIES", "10.0.0.0/8,192.0.2.1")
	t.Setenv("HEADWATER_LOG_LEVEL", "")
	out, _, code := headwater(t, "check-config", "--listen", ":5")
	lines := map[string]string{}
	for line := range strings.Lines(out) {
		if words := strings.Fields(line); len(words) > 2 {
			lines[words[0]] = strings.Join(words[1:], " ")
		}
	}
	for key, want := range map[string]string{
		"listen":           ":5 (flag --listen)",
		"private_listen":   ":4 (environment HEADWATER_PRIVATE_LISTEN)",
		"redis_url":        "redis://environment:1/0 (environment REDIS_URL)",
		"spool_dir":        "from-file (" + path + ":3)",
		"trusted_proxies":  "10.0.0.0/8, 192.0.2.1 (environment HEADWATER_TRUSTED_PROXIES)",
		"retention_months": "25 (default)",
		"log_level":        "info (default)",
	} {
		if lines[key] != want {
			t.Errorf("%s is %s, not %s", key, lines[key], want)
		}
	}
	if code != 0 {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// TestSettingsAreTheConfig: every setting can be given in all three ways under the same name.
func TestSettingsAreTheConfig(t *testing.T) {
	keys, flags := map[string]bool{}, map[string]bool{}
	for i := range reflect.TypeFor[Config]().NumField() {
		if key := reflect.TypeFor[Config]().Field(i).Tag.Get("toml"); key != "site" {
			keys[key] = true
		}
	}
	for i := range reflect.TypeFor[settings]().NumField() {
		env := reflect.TypeFor[settings]().Field(i).Tag.Get("env")
		flags[strings.ToLower(strings.TrimPrefix(env, "HEADWATER_"))] = true
	}
	if !reflect.DeepEqual(keys, flags) {
		t.Errorf("the file knows %v, flags and environment %v", keys, flags)
	}
}

func TestConfigIsFound(t *testing.T) {
	clearEnvironment(t)
	folder := t.TempDir()
	t.Chdir(folder)
	out, _, code := headwater(t, "check-config")
	if code != 1 || !strings.Contains(out, "No configuration file") || !strings.Contains(out, "there is no site") {
		t.Errorf("%d %s", code, out)
	}
	if err := os.Mkdir(".headwater", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{".headwater/headwater.toml", "headwater.toml"} {
		if err := os.WriteFile(path, []byte(goodConfig), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, _, code := headwater(t, "check-config"); code != 0 || !strings.Contains(out, "Configuration file: "+path+"\n") {
			t.Errorf("%s: %d %s", path, code, out)
		}
	}
	if _, problems, code := headwater(t, "check-config", "--config", "elsewhere.toml"); code != 1 || !strings.Contains(problems, "elsewhere.toml") {
		t.Errorf("%d %s", code, problems)
	}
}

func TestCommandLine(t *testing.T) {
	clearEnvironment(t)
	path := writeConfig(t, goodConfig)
	for _, c := range []struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{nil, 0, "check-config", ""},
		{[]string{"-h"}, 0, "HEADWATER_LISTEN", ""},
		{[]string{"serve", "-h"}, 0, "POST /t", ""},
		{[]string{"migrate", "-h"}, 0, "refuses to touch", ""},
		{[]string{"report", "-h"}, 0, "source_breakdown", ""},
		{[]string{"report", "top_forms", "--sql"}, 0, "FROM submissions", ""},
		{[]string{"report", "facts/scope", "--sql"}, 2, "", "no such report"},
		{[]string{"check-config", "-h"}, 0, "exit code is 1", ""},
		{[]string{"key"}, 0, "its hash:", ""},
		{[]string{"nonsense"}, 2, "", "unexpected argument nonsense"},
		{[]string{"serve", "--nonsense"}, 2, "", "unknown flag --nonsense"},
		{[]string{"report", "totals", "--format", "xml"}, 2, "", "xml"},
		{[]string{"report", "totals", "--config", path, "--site", "beta"}, 2, "", "there are acme"},
		{[]string{"report", "contact_card", "--config", path, "--email", "x"}, 2, "", "not an address"},
		{[]string{"report", "nothing", "--config", path, "--clickhouse-dsn", "http://127.0.0.1:1/default"}, 1, "", "no such report"},
		{[]string{"report", "totals", "--config", path, "--from", "soon", "--clickhouse-dsn", "http://127.0.0.1:1/default"}, 1, "", "from"},
		{[]string{"serve", "--config", path, "--secret", "x"}, 1, "", "flag --secret: secret: must be at least 32"},
		{[]string{"migrate", "--config", path, "--clickhouse-dsn", "http://127.0.0.1:1/default"}, 1, "", "connection refused"},
	} {
		stdout, stderr, code := headwater(t, c.args...)
		unwrapped := strings.Join(strings.Fields(stdout), " ")
		if code != c.code || !strings.Contains(unwrapped, c.stdout) || !strings.Contains(stderr, c.stderr) {
			t.Errorf("headwater %s: %d\n%s%s", strings.Join(c.args, " "), code, stdout, stderr)
		}
	}
}

func TestServeRefusesATakenAddress(t *testing.T) {
	clearEnvironment(t)
	r := startAlone(t)
	path := writeConfig(t, goodConfig)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, flags := range [][]string{
		{"--listen", r.Addr().String(), "--private-listen", "127.0.0.1:0"},
		{"--listen", "127.0.0.1:0", "--private-listen", r.Addr().String()},
	} {
		var out bytes.Buffer
		args := append([]string{"serve", "--config", path, "--spool-dir", t.TempDir(), "--clickhouse-dsn", "http://127.0.0.1:1/default"}, flags...)
		if err := run(ctx, args, &out, &out); err == nil || !strings.Contains(err.Error(), "address already in use") {
			t.Errorf("%v: %v", flags, err)
		}
	}
}

func FuzzFindKeys(f *testing.F) {
	f.Add(goodConfig)
	f.Add("[[a]]\nb=1\n[[a.b]]\nc=2\n[a.c]\nd=1\n[[ \"x\" . y ]]\n=")
	f.Fuzz(func(t *testing.T, text string) {
		for key, line := range findKeys(text) {
			if line < 1 || line > strings.Count(text, "\n")+1 {
				t.Fatalf("%s is on line %d", key, line)
			}
		}
	})
}

// Rules about sources are looked at before anything starts.
func TestCheckConfigSourceRules(t *testing.T) {
	clearEnvironment(t)
	path := writeConfig(t, "sources_file = \"/nowhere/sources.csv\"\n"+goodConfig+`
  [[site.source_rule]]
  utm_source = "a"
  channel = "Organic"

  [[site.source_rule]]
  source = "b"

  [[site.source_rule]]
  host = "c.example"

  [[site.source_rule]]
  click_id = "xclid"
  medium = "cpc"

  [[site.source_rule]]
  utm_campaign = "a*b"
  channel = "Email"

  [[site.source_rule]]
  utm_campaign = "ok*"
  chanel = "Email"
`)
	out, _, code := headwater(t, "check-config", "--config", path)
	for _, want := range []string{
		path + ":1: sources_file: read the list of sources: open /nowhere/sources.csv",
		"site[0].source_rule[0]: there is no channel \"Organic\": Direct, Cross-network, ", "site[0].source_rule[1]: it has no condition: say host",
		"site[0].source_rule[2]: it changes nothing", "site[0].source_rule[3]: \"xclid\" is no click id: gclid, ", "site[0].source_rule[4]: \"a*b\" has a * that is not at an end",
		"site.source_rule.chanel: unknown key; did you mean site.source_rule.channel?", "site[0].source_rule[5]: it changes nothing",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not said", want)
		}
	}
	if code != 1 {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// A site keeps its rows for no longer than the tables do; left out, it is as long.
func TestRetentionOfASite(t *testing.T) {
	clearEnvironment(t)
	for line, want := range map[string]string{"": "kept           13 months", "retention_months = 6": "kept           6 months", "retention_months = 13": "kept           13 months",
		"retention_months = 14": "site[0].retention_months: 14 is not between 1 and the installation's 13", "retention_months = 0": "site[0].retention_months: 0 is not between"} {
		path := writeConfig(t, "retention_months = 13\n"+strings.Replace(goodConfig, "[[site]]", "[[site]]\n"+line, 1))
		out, _, code := headwater(t, "check-config", "--config", path)
		if good := strings.HasPrefix(want, "kept"); (code == 0) != good || !strings.Contains(out, want) {
			t.Errorf("%q: exit code %d, lacks %q:\n%s", line, code, want, out)
		}
	}
}
