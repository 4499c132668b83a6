//go:build linux || darwin

package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// endless is a statement that runs for hours; its marker tells it from others in system.processes.
func endless(marker string) string {
	return "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1 AND '" + marker + "' != ''"
}

// waitForProcesses waits until as many statements with the marker run as wanted.
func waitForProcesses(t *testing.T, base, marker string, want string) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for {
		got := strings.TrimSpace(must(t, base, "SELECT count() FROM system.processes WHERE position(query, {m:String}) > 0 AND position(query, 'system.processes') = 0", "param_m", marker))
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s statements with marker %s run, want %s", got, marker, want)
		}
		time.Sleep(10 * time.Millisecond) // between two looks at a condition with a deadline
	}
}

func TestCancelKillsTheStatement(t *testing.T) {
	base := serve(t)
	connection := open(t, base, "default", clickhouse.CompressionLZ4)
	for name, cancelled := range map[string]func(ctx context.Context, marker string) error{
		"counting": func(ctx context.Context, marker string) error {
			return connection.Exec(ctx, endless(marker))
		},
		"streaming": func(ctx context.Context, marker string) error {
			rows, err := connection.Query(ctx, "SELECT number, '"+marker+"' FROM numbers(100000000000)")
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
			}
			return rows.Err()
		},
		"a comment that hides the tag": func(ctx context.Context, marker string) error {
			return connection.Exec(ctx, endless(marker)+" SETTINGS log_comment = 'mine'")
		},
	} {
		marker := fmt.Sprintf("marker_%d", time.Now().UnixNano())
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- cancelled(ctx, marker) }()
		waitForProcesses(t, base, marker, "1")
		cancel()
		if err := <-done; err == nil {
			t.Errorf("%s: no error", name)
		}
		waitForProcesses(t, base, marker, "0")
	}
}

// TestCancelAtAnyMoment cancels after random short times, among them before the engine knows the statement.
func TestCancelAtAnyMoment(t *testing.T) {
	base := serve(t)
	marker := fmt.Sprintf("marker_%d", time.Now().UnixNano())
	var group sync.WaitGroup
	for i := range 30 {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*300*time.Microsecond)
			defer cancel()
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, base, strings.NewReader(endless(marker)))
			if err != nil {
				t.Error(err)
				return
			}
			if response, err := http.DefaultClient.Do(request); err == nil {
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
				t.Error("an endless statement was answered")
			}
		})
	}
	group.Wait()
	waitForProcesses(t, base, marker, "0")
}

func TestQueryIDs(t *testing.T) {
	base := serve(t)
	marker := fmt.Sprintf("marker_%d", time.Now().UnixNano())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan struct{})
	first := func() {
		defer close(done)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/?query_id="+marker, strings.NewReader(endless(marker)))
		if err != nil {
			t.Error(err)
			return
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
		}
	}
	go first()
	waitForProcesses(t, base, marker, "1")
	if got := ask(t, base, "SELECT 1", "query_id", marker); got.header.Get("X-ClickHouse-Exception-Code") != "216" {
		t.Errorf("the same query_id twice: %d %q", got.status, got.body)
	}
	if got := ask(t, base, "SELECT 1", "query_id", marker, "replace_running_query", "1"); got.status != http.StatusOK {
		t.Errorf("replace_running_query: %d %q", got.status, got.body)
	}
	<-done
	waitForProcesses(t, base, marker, "0")
	if got := ask(t, base, "SELECT 1", "query_id", marker); got.status != http.StatusOK {
		t.Errorf("the id again, after its statement ended: %d %q", got.status, got.body)
	}
}

// TestKillQueryByID holds that KILL QUERY finds a statement by the query_id that its sender chose.
func TestKillQueryByID(t *testing.T) {
	base := serve(t)
	for _, kill := range []string{"KILL QUERY WHERE query_id = '%s' SYNC", "KILL QUERY WHERE query_id IN ('x', '%s') ASYNC"} {
		marker := fmt.Sprintf("marker_%d", time.Now().UnixNano())
		done := make(chan answer, 1)
		go func() { done <- ask(t, base, endless(marker), "query_id", marker) }()
		waitForProcesses(t, base, marker, "1")
		must(t, base, fmt.Sprintf(kill, marker))
		if got := <-done; got.header.Get("X-ClickHouse-Exception-Code") != "394" {
			t.Errorf("%s: the killed statement got %d %q", kill, got.status, got.body)
		}
		waitForProcesses(t, base, marker, "0")
	}
}

func TestConcurrentReadersAndWriters(t *testing.T) {
	base := serve(t)
	database := newDatabase(t, base)
	connection := open(t, base, database, clickhouse.CompressionLZ4)
	ctx := context.Background()
	if err := connection.Exec(ctx, "CREATE TABLE t (k UInt64, who UInt8) ENGINE = MergeTree ORDER BY k"); err != nil {
		t.Fatal(err)
	}
	const writers, batches, rows = 3, 15, 500
	var group sync.WaitGroup
	for writer := range writers {
		group.Go(func() {
			for range batches {
				batch, err := connection.PrepareBatch(ctx, "INSERT INTO t")
				if err != nil {
					t.Error(err)
					return
				}
				for i := range rows {
					if err := batch.Append(uint64(i), uint8(writer)); err != nil {
						t.Error(err)
						return
					}
				}
				if err := batch.Send(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 4 {
		group.Go(func() {
			for range 30 {
				var count uint64
				if err := connection.QueryRow(ctx, "SELECT count() FROM t WHERE who < {w:UInt8}", clickhouse.Named("w", writers)).Scan(&count); err != nil {
					t.Error(err)
					return
				}
				if count%rows != 0 {
					t.Errorf("a reader saw %d rows: part of a batch", count)
				}
			}
		})
	}
	group.Wait()
	var count uint64
	if err := connection.QueryRow(ctx, "SELECT count() FROM t").Scan(&count); err != nil || count != writers*batches*rows {
		t.Errorf("%d rows (%v), want %d", count, err, writers*batches*rows)
	}
}

// TestClientThatGoesAwayWhileSending holds that an INSERT whose connection breaks is not stored.
func TestClientThatGoesAwayWhileSending(t *testing.T) {
	base := serve(t)
	database := newDatabase(t, base)
	must(t, base, "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a", "database", database)
	reader, writer := io.Pipe()
	address := base + "/?database=" + database + "&query=" + url.QueryEscape("INSERT INTO t FORMAT CSV")
	request, err := http.NewRequest(http.MethodPost, address, reader)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			response.Body.Close()
			err = fmt.Errorf("answered %d", response.StatusCode)
		}
		done <- err
	}()
	for range 1000 {
		if _, err := io.WriteString(writer, strings.Repeat("1\n", 1000)); err != nil {
			t.Fatal(err)
		}
	}
	writer.CloseWithError(errors.New("gone"))
	<-done
	if got := must(t, base, "SELECT count() FROM t", "database", database); got != "0\n" {
		t.Errorf("%s rows of a broken request were stored", strings.TrimSpace(got))
	}
}
