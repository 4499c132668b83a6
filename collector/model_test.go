package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const journeyPaths = "path,conversions,value,nulls\ndirect,2,20.00,1\nsearch > email,3,30,2\nsearch > social > email,5,50.55,4\n"

func writePaths(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "paths.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestModel(t *testing.T) {
	clearEnvironment(t)
	paths := writePaths(t, journeyPaths)
	for model, want := range map[string]string{
		"first":    "channel,conversions,value\nsearch,8.00000000,80.55000000\ndirect,2.00000000,20.00000000\nemail,0.00000000,0.00000000\nsocial,0.00000000,0.00000000\n",
		"position": "channel,conversions,value\nemail,3.50000000,35.22000000\nsearch,3.50000000,35.22000000\ndirect,2.00000000,20.00000000\nsocial,1.00000000,10.11000000\n",
		"shapley":  "channel,conversions,value\nemail,3.16666667,31.85000000\nsearch,3.16666667,31.85000000\ndirect,2.00000000,20.00000000\nsocial,1.66666666,16.85000000\n",
	} {
		out, problems, code := headwater(t, "model", "--paths", paths, "--model", model, "--format", "csv")
		if out != want || problems != "" || code != 0 {
			t.Errorf("%s: code %d, %s\n%s", model, code, problems, out)
		}
	}
	out, _, _ := headwater(t, "model", "--paths", writePaths(t, "path,conversions,nulls\nC1>C2>C3,1,0\nC1,0,1\nC2>C3,0,1\n"), "--model", "markov", "--format", "csv")
	if want := "channel,conversions,value,removal_effect\nC2,0.40000000,0.00000000,1.00000000\nC3,0.40000000,0.00000000,1.00000000\nC1,0.20000000,0.00000000,0.50000000\n"; out != want {
		t.Errorf("markov:\n%s", out)
	}
}

// TestModelFlags: every flag reaches the model.
func TestModelFlags(t *testing.T) {
	clearEnvironment(t)
	paths := writePaths(t, "path,conversions\na > a > b > none,6\n")
	for flags, want := range map[string]string{
		"--model position --weights 2/0/1":                   "a,4.00000000,0.00000000\nnone,2.00000000,0.00000000\nb,0",
		"--model time_decay --half-life 0.5":                 "none,4.51764706",
		"--model linear --drop-direct --direct-name none":    "a,4.00000000,0.00000000\nb,2",
		"--model last --drop-last-direct --direct-name none": "b,6",
		"--model linear --collapse-repeats":                  "a,2.00000000,0.00000000\nb,2",
		"--model linear --first-only":                        "a,2.00000000,0.00000000\nb,2",
		"--model last_non_direct --direct-name none":         "b,6",
		"--model markov --order 2":                           "a,2.00000000,0.00000000,1.00000000\nb,2",
		"--model shapley --samples 1 --seed 1 --first-only":  ",6.00000000,0.00000000\n",
	} {
		out, problems, code := headwater(t, append([]string{"model", "--paths", paths, "--format", "csv"}, strings.Fields(flags)...)...)
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("%s: code %d, %s\n%s", flags, code, problems, out)
		}
		if strings.Contains(flags, "samples") != strings.Contains(problems, "with 95 % confidence") {
			t.Errorf("%s: the error is stated where credits are sampled: %q", flags, problems)
		}
	}
}

func TestModelFormats(t *testing.T) {
	clearEnvironment(t)
	paths := writePaths(t, journeyPaths)
	out, _, _ := headwater(t, "model", "--paths", paths, "--model", "linear")
	if !strings.Contains(out, "total             10       100.55") || !strings.Contains(out, "model: linear") {
		t.Errorf("table:\n%s", out)
	}
	out, _, _ = headwater(t, "model", "--paths", paths, "--model", "last", "--format", "json")
	var got struct {
		Rows []struct {
			Channel            string
			Conversions, Value json.Number
		}
		Totals struct{ Conversions, Value json.Number }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Rows[0].Channel != "email" || got.Rows[0].Value != "80.55000000" || got.Totals.Value != "100.55" || got.Totals.Conversions != "10" {
		t.Errorf("%+v", got)
	}
}

func TestModelProblems(t *testing.T) {
	clearEnvironment(t)
	good, bad := writePaths(t, journeyPaths), writePaths(t, "path,conversions\na,1\nb,many\n")
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"--paths " + bad + " --model first", 1, bad + ": line 3: conversions is \"many\""},
		{"--paths " + good + "x --model first", 1, "no such file"},
		{"--paths " + good + " --model best", 2, "is none of first, last"},
		{"--paths " + good, 2, "--model"},
		{"--model first", 2, "--paths"},
		{"--paths " + good + " --model position --weights 1/2", 2, "three numbers such as 40/20/40"},
		{"--paths " + good + " --model markov --order 99", 2, "not within 1 to"},
		{"--paths " + good + " --model first --format xml", 2, "--format"},
	} {
		out, problems, code := headwater(t, append([]string{"model"}, strings.Fields(c.args)...)...)
		if code != c.code || out != "" || !strings.Contains(problems, c.want) {
			t.Errorf("%s: code %d, %q %q", c.args, code, out, problems)
		}
	}
}

// TestModelStdin: - is standard input, and whoever stops waiting for it is not kept.
func TestModelStdin(t *testing.T) {
	clearEnvironment(t)
	before := os.Stdin
	t.Cleanup(func() { os.Stdin = before })
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdin = read
	if _, err := write.WriteString(journeyPaths); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	if out, problems, code := headwater(t, "model", "--paths", "-", "--model", "last", "--format", "csv"); code != 0 || !strings.Contains(out, "email,8.0") {
		t.Errorf("code %d: %s%s", code, out, problems)
	}
	read, write, err = os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdin = read
	ctx, stop := context.WithCancel(context.Background())
	stop()
	var out bytes.Buffer
	if err := run(ctx, []string{"model", "--paths", "-", "--model", "last"}, &out, &out); err == nil || err.Error() != "interrupted" {
		t.Errorf("%v", err)
	}
	_ = write.Close()
}
