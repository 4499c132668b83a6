package spool

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// childFolder tells a copy of the test program to be the process that is killed.
const childFolder = "HEADWATER_TEST_SPOOL_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		appendForEver(dir, os.Getenv(childFolder+"_ROUND"))
	}
	os.Exit(m.Run())
}

// appendForEver prints every record that was acknowledged.
func appendForEver(dir, round string) {
	s, err := Open(Config{Dir: dir, SealAfter: 3 * time.Millisecond, SegmentBytes: 64 << 10})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for worker := range 8 {
		go func() {
			for i := 0; ; i++ {
				record := fmt.Sprintf("%s/%d/%d", round, worker, i)
				if err := s.Append(context.Background(), []byte(record)); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				fmt.Println(record)
			}
		}()
	}
	select {}
}

// A process is killed again and again while it appends: whatever it acknowledged is there, once, and a start always works.
func TestKilledAgainAndAgain(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	for round := range 6 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childFolder+"="+dir, childFolder+"_ROUND="+fmt.Sprint(round))
		child.Stderr = os.Stderr
		output, err := child.StdoutPipe()
		if err == nil {
			err = child.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(output)
		for n := 0; lines.Scan(); n++ {
			acknowledged[lines.Text()] = true
			if n == 300+100*round {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = child.Wait() // it was killed
	}
	got := drain(t, mustOpen(t, slowly(dir)))
	found := map[string]bool{}
	for _, record := range got {
		if found[record] {
			t.Errorf("%s is there twice", record)
		}
		found[record] = true
	}
	for record := range acknowledged {
		if !found[record] {
			t.Errorf("%s was acknowledged and is lost", record)
		}
	}
	t.Logf("%d acknowledged, %d kept", len(acknowledged), len(got))
}
