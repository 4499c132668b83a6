package faults

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRunOnce goes the whole way once, shorter than anybody may ask for.
func TestRunOnce(t *testing.T) {
	if _, err := os.Stat("/usr/bin/redis-server"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("redis-server is not installed")
	}
	p, err := startPlant(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c := Config{Duration: 5 * time.Second, Rate: 40, Workers: 16, Seed: 3, Data: p.dir, Out: &out}
	r := &run{Config: c, plant: p, player: newPlayer(c, p)}
	r.introduce()
	err = r.test(t.Context())
	p.stop()
	if err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
	if err := r.privacy(); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{" lost 0 ", " duplicated 0 ", " crashes 0 ", "report agrees", "privacy clean", "caught up", "grep -rlaF"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not print %q:\n%s", want, &out)
		}
	}
	if strings.Contains(text, "accepted 0 ") {
		t.Errorf("nothing was played:\n%s", &out)
	}
	for _, part := range []*process{p.collector, p.cache, p.database} {
		if part.signal(os.Kill, true) {
			t.Errorf("%s was left running", part.name)
		}
	}
}

// TestCrashIsNoticed: an end that nobody asked for is told, with the part's name.
func TestCrashIsNoticed(t *testing.T) {
	p := &plant{}
	dies := &process{name: "a part", path: "/bin/sh", args: []string{"-c", "exit 3"}, log: filepath.Join(t.TempDir(), "log"), crashed: p.noteCrash}
	if err := dies.begin(); err != nil {
		t.Fatal(err)
	}
	<-dies.ended
	for deadline := time.Now().Add(10 * time.Second); len(p.crashed()) == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if told := strings.Join(p.crashed(), ""); told != "a part (exit status 3)" {
		t.Errorf("told: %q", told)
	}
}

func TestGrowthIsJudged(t *testing.T) {
	for name, c := range map[string]struct {
		heap func(i int) float64
		want string
	}{
		"steady": {func(i int) float64 { return 20<<20 + float64(i%3<<20) }, ""},
		"leak":   {func(i int) float64 { return 20<<20 + float64(2*i<<20) }, "live heap grew"},
	} {
		var out bytes.Buffer
		r := &run{Config: Config{Out: &out}}
		for i := range 30 {
			r.growth.samples = append(r.growth.samples, sample{at: time.Duration(i) * time.Minute, heap: c.heap(i), resident: 60 << 20, goroutines: 50})
		}
		err := r.judgeGrowth()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\n%s", name, err, &out)
		}
	}
}

// TestSearchFilesFindsTextAnywhere: at the beginning, at the end, and across what is read at once.
func TestSearchFilesFindsTextAnywhere(t *testing.T) {
	dir, text := t.TempDir(), "198.18.7.7"
	const size = 3 << 20
	for _, at := range []int{0, 1<<20 - len(text), 1<<20 - 5, 1<<20 - 256, 2<<20 - 3 - 256, size - len(text)} {
		content := bytes.Repeat([]byte{0xff}, size)
		copy(content[at:], text)
		if err := os.WriteFile(filepath.Join(dir, "file"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		found, files, err := SearchFiles([]string{dir}, []string{"127.77.", text})
		if err != nil || files != 1 || len(found) != 1 || !strings.Contains(found[0], text) {
			t.Errorf("at %d: %q in %d files, %v", at, found, files, err)
		}
	}
}
