package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headwater/headwater/schema"
)

// classified runs headwater classify with lines on its standard input.
func classified(t *testing.T, input string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lines")
	if err := os.WriteFile(path, []byte(input), 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	was := os.Stdin
	os.Stdin = file
	t.Cleanup(func() { os.Stdin = was; _ = file.Close() })
	return headwater(t, append([]string{"classify"}, args...)...)
}

func TestClassify(t *testing.T) {
	clearEnvironment(t)
	for _, c := range []struct{ line, want string }{
		{`{}`, `{"source":"(direct)","medium":"(none)","campaign":"","channel":"Direct","rule":"nothing > direct"}`},
		{`{"referrer":null,"utm_source":"","gclid":null,"whatever":{"a":[1]}}`, `{"source":"(direct)","medium":"(none)","campaign":"","channel":"Direct","rule":"nothing > direct"}`},
		{`{"utm_source":"FB","utm_medium":"Paid_Social","utm_campaign":"Spring Sale"}`, `{"source":"facebook","medium":"paid_social","campaign":"spring sale","channel":"Paid Social","rule":"utm_source list > social source, paid medium"}`},
		{`{"landing_page":"https://acme.example/?utm_source=google&utm_medium=cpc&gclid=x"}`, `{"source":"google","medium":"cpc","campaign":"","channel":"Paid Search","rule":"utm_source list + gclid > search source, paid medium"}`},
		{`{"landing_page":"https://acme.example/#/shop?utm_source=news&utm_medium=email"}`, `{"source":"news","medium":"email","campaign":"","channel":"Email","rule":"utm_source > email medium"}`},
		{`{"utm_source":"partner","landing_page":"https://acme.example/?utm_source=google&utm_medium=affiliate"}`, `{"source":"partner","medium":"affiliate","campaign":"","channel":"Affiliates","rule":"utm_source > affiliate medium"}`},
		{`{"referrer":"https://shop.acme.co.uk/cart","landing_page":"https://www.acme.co.uk/thanks"}`, `{"source":"(direct)","medium":"(none)","campaign":"","channel":"Direct","rule":"own domain > direct"}`},
		{`{"referrer":"https://other.co.uk/","landing_page":"https://www.acme.co.uk/"}`, `{"source":"other.co.uk","medium":"referral","campaign":"","channel":"Referral","rule":"referrer host > referral medium"}`},
		{`{"referrer":"m.facebook.com"}`, `{"source":"facebook","medium":"social","campaign":"","channel":"Organic Social","rule":"referrer list > social source"}`},
		{`{"referrer":"$direct"}`, `{"source":"(direct)","medium":"(none)","campaign":"","channel":"Direct","rule":"unreadable referrer > direct"}`},
		{`{"GCLID":"x"}`, `{"source":"google","medium":"cpc","campaign":"","channel":"Paid Search","rule":"click_id gclid > search source, paid medium"}`},
		{`{"utm_source":123,"utm_medium":4.5,"utm_campaign":true}`, `{"source":"123","medium":"4.5","campaign":"true","channel":"Unassigned","rule":"utm_source > none"}`},
		{`{"user_agent":"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.30.1234"}`, `{"source":"linkedin","medium":"(in-app)","campaign":"","channel":"Organic Social","rule":"in-app browser > social source"}`},
	} {
		stdout, stderr, code := classified(t, c.line+"\n")
		if strings.TrimSpace(stdout) != c.want || stderr != "" || code != 0 {
			t.Errorf("%s\ngives %s%s (exit %d)\nwant  %s", c.line, stdout, stderr, code, c.want)
		}
	}
}

// A line that cannot be read is told by its number, and the others are named all the same.
func TestClassifyBadLines(t *testing.T) {
	clearEnvironment(t)
	input := "{\"gclid\":\"x\"}\n\nnot json\n[1]\n{\"utm_source\":{\"a\":1}}\n" + `{"utm_source":"` + strings.Repeat("a", longestLine) + "\"}\n" + `{"referrer":"https://bing.com/"}`
	stdout, stderr, code := classified(t, input)
	if code != 1 || strings.Count(stdout, "\n") != 2 || !strings.Contains(stdout, `"bing"`) {
		t.Errorf("exit %d, printed\n%s", code, stdout)
	}
	for _, want := range []string{"line 3: it is no JSON object", "line 4: it is no JSON object", "line 5: utm_source: it is no text", "line 6: it is longer than"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr lacks %q:\n%s", want, stderr)
		}
	}
	if strings.Count(stderr, "\n") != 4 {
		t.Errorf("stderr:\n%s", stderr)
	}
}

// Many lines come out in their order, whoever named them.
func TestClassifyKeepsTheOrder(t *testing.T) {
	clearEnvironment(t)
	var input strings.Builder
	const lines = 20_000
	for i := range lines {
		fmt.Fprintf(&input, `{"utm_source":"s%d"}`+"\n", i)
	}
	stdout, stderr, code := classified(t, input.String())
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	number := 0
	for line := range strings.Lines(stdout) {
		if !strings.HasPrefix(line, fmt.Sprintf(`{"source":"s%d",`, number)) {
			t.Fatalf("line %d is %s", number+1, line)
		}
		number++
	}
	if number != lines {
		t.Errorf("%d lines", number)
	}
}

// Who asks line by line is answered line by line.
func TestClassifyAnswersAtOnce(t *testing.T) {
	resolver, err := schema.NewResolver(&schema.Site{})
	if err != nil {
		t.Fatal(err)
	}
	questions, ask := io.Pipe()
	hear, answers := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		_, err := classifyLines(resolver, questions, bufio.NewWriter(answers), io.Discard, "")
		ended <- err
	}()
	answered := bufio.NewReader(hear)
	for range 3 {
		if _, err := io.WriteString(ask, `{"referrer":"https://www.google.com/"}`+"\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := answered.ReadString('\n'); err != nil || !strings.Contains(line, `"Organic Search"`) {
			t.Fatalf("%q, %v", line, err)
		}
	}
	_ = ask.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestClassifyWithTheOperatorsRules(t *testing.T) {
	clearEnvironment(t)
	own := filepath.Join(t.TempDir(), "sources.csv")
	if err := os.WriteFile(own, []byte("# mine\npartner.example,partner,social\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	stdout, _, code := classified(t, `{"referrer":"https://partner.example/"}`+"\n"+`{"referrer":"https://www.google.com/"}`, "--sources-file", own)
	if code != 0 || !strings.Contains(stdout, `"Organic Social"`) || !strings.Contains(stdout, `"google.com"`) {
		t.Errorf("exit %d: %s", code, stdout)
	}
	if err := os.WriteFile(own, []byte("# mine\nx.example,x,socail\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := classified(t, `{}`, "--sources-file", own); code != 1 || !strings.Contains(stderr, own+": line 2: \"socail\" is no category") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	config := writeConfig(t, goodConfig+`
  [[site.source_rule]]
  utm_source = "deals-*"
  channel = "Affiliates"
`)
	stdout, stderr, code := classified(t, `{"utm_source":"deals-uk","utm_medium":"cpc"}`, "--config", config, "--site", "acme")
	if want := `{"source":"deals-uk","medium":"cpc","campaign":"","channel":"Affiliates","rule":"site rule utm_source=deals-* > site rule"}`; strings.TrimSpace(stdout) != want {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
	printed, _, code := classified(t, "", "--print-sources")
	if _, err := schema.ParseSources(printed); err != nil || code != 0 {
		t.Errorf("the printed list: %v", err)
	}
}

func BenchmarkClassify(b *testing.B) {
	resolver, err := schema.NewResolver(&schema.Site{})
	if err != nil {
		b.Fatal(err)
	}
	line := []byte(`{"referrer":"https://www.google.com/","landing_page":"https://www.acme.example/pricing?utm_source=google&utm_medium=cpc&utm_campaign=spring&gclid=Cj0KCQ","user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"}` + "\n")
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	out := bufio.NewWriter(io.Discard)
	if ok, err := classifyLines(resolver, bytes.NewReader(bytes.Repeat(line, b.N)), out, io.Discard, ""); err != nil || !ok {
		b.Fatal(ok, err)
	}
}
