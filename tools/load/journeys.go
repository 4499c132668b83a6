package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/client"
	"github.com/headwater/headwater/tools/dev/stack"
)

type journeysConfig struct {
	rate     float64 // visitors a second
	duration time.Duration
	workers  int
	out      io.Writer
}

// ledger is the oracle: what the collector said it has taken, by id.
type ledger struct {
	mu       sync.Mutex
	accepted map[string]bool
	refused  int
	resent   int
}

// take notes the answer to one record.
func (l *ledger) take(id string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.refused++
		return
	}
	if l.accepted[id] {
		l.resent++
	}
	l.accepted[id] = true
}

// runJourneys plays visitors and then holds ClickHouse against the ledger.
func runJourneys(ctx context.Context, file string, c journeysConfig) error {
	s, err := stack.Read(ctx, file)
	if err != nil {
		return err
	}
	if err := onLoopback(s.Collector); err != nil {
		return err
	}
	if c.rate <= 0 || c.duration <= 0 || c.workers < 1 {
		return errors.New("-rate, -duration and -connections must be more than nothing")
	}
	run := "load-" + uuid.NewString()[:8]
	fmt.Fprintf(c.out, "%g visitors a second for %s at %s, marked snippet_version = '%s'\n", c.rate, c.duration, s.Collector, run)
	kept := &ledger{accepted: map[string]bool{}}
	play(ctx, s, run, c, kept)
	return compare(ctx, s, run, kept, c.out)
}

// play lets visitors come at the rate, as far as the workers can follow.
func play(ctx context.Context, s *stack.Stack, run string, c journeysConfig, kept *ledger) {
	api := &client.Client{URL: s.Collector, Key: s.APIKey, HTTP: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: c.workers}}}
	visitors := make(chan struct{}, c.workers)
	var group sync.WaitGroup
	for range c.workers {
		group.Go(func() {
			for range visitors {
				visit(ctx, api, s.Site, run, kept)
			}
		})
	}
	began := time.Now()
	for n := 0; ; n++ {
		due := began.Add(time.Duration(float64(n) / c.rate * float64(time.Second)))
		if due.Sub(began) >= c.duration || ctx.Err() != nil {
			break
		}
		time.Sleep(time.Until(due))
		visitors <- struct{}{}
	}
	close(visitors)
	group.Wait()
}

var sources = []string{"linkedin", "facebook", "newsletter", "google", "partner-a", "partner-b"}

// visit is one visitor: one to three arrivals, now and then sent twice as a browser does that saw no answer, and in one of
// five a form.
func visit(ctx context.Context, api *client.Client, site, run string, kept *ledger) {
	visitor := schema.VisitorID(uuid.Must(uuid.NewV7()).String())
	var first, latest schema.Touch
	for range 1 + rand.IntN(3) {
		latest = schema.Touch{TouchID: schema.TouchID(uuid.Must(uuid.NewV7()).String()), OccurredAt: time.Now().UTC().Truncate(time.Millisecond),
			UTMSource: sources[rand.IntN(len(sources))], UTMMedium: "load", LandingPage: "http://localhost/"}
		if !first.Present() {
			first = latest
		}
		record := &schema.TouchRecord{SiteID: schema.SiteID(site), VisitorID: visitor, Touch: latest, SnippetVersion: run}
		for range 1 + rand.IntN(20)/19 {
			kept.take(string(latest.TouchID), api.Touch(ctx, record))
		}
	}
	if rand.IntN(5) > 0 {
		return
	}
	id := uuid.Must(uuid.NewV7()).String()
	submission := &schema.Submission{SiteID: schema.SiteID(site), SubmissionID: schema.SubmissionID(id), VisitorID: visitor, Form: "newsletter",
		OccurredAt: time.Now().UTC().Truncate(time.Millisecond), FirstTouch: first, LatestTouch: latest, SnippetVersion: run,
		Fields: map[string]string{"email": "load-" + id[24:] + "@load.example"}}
	for range 1 + rand.IntN(20)/19 {
		kept.take(id, api.Submit(ctx, submission))
	}
}

// compare waits until ClickHouse has every accepted record, and says what it lacks and what it has twice.
func compare(ctx context.Context, s *stack.Stack, run string, kept *ledger, out io.Writer) error {
	options, err := clickhouse.ParseDSN(s.ClickHouseDSN)
	if err != nil {
		return err
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return err
	}
	defer conn.Close()
	var stored map[string]int
	var lost int
	for deadline := time.Now().Add(time.Minute); ; {
		if stored, err = storedIDs(ctx, conn, s.Site, run); err != nil {
			return err
		}
		if lost = kept.missing(stored); lost == 0 || time.Now().After(deadline) {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	doubled := 0
	for _, times := range stored {
		if times > 1 {
			doubled++
		}
	}
	fmt.Fprintf(out, "  accepted   %8d records, %d of them sent twice\n  refused    %8d answers\n  stored     %8d records\n  lost       %8d\n  duplicated %8d\n",
		len(kept.accepted), kept.resent, kept.refused, len(stored), lost, doubled)
	if lost > 0 || doubled > 0 {
		return fmt.Errorf("%d accepted records are lost and %d are stored more than once", lost, doubled)
	}
	return nil
}

func (l *ledger) missing(stored map[string]int) int {
	missing := 0
	for id := range l.accepted {
		if stored[id] == 0 {
			missing++
		}
	}
	return missing
}

// storedIDs counts the rows of each id of this run, as reports see them.
func storedIDs(ctx context.Context, conn driver.Conn, site, run string) (map[string]int, error) {
	rows, err := conn.Query(ctx, `
		SELECT toString(touch_id) FROM touches FINAL WHERE site_id = {site:String} AND snippet_version = {run:String} UNION ALL
		SELECT toString(submission_id) FROM submissions FINAL WHERE site_id = {site:String} AND snippet_version = {run:String}`,
		clickhouse.Named("site", site), clickhouse.Named("run", run))
	if err != nil {
		return nil, fmt.Errorf("look up what is stored: %w", err)
	}
	defer rows.Close()
	stored := map[string]int{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("look up what is stored: %w", err)
		}
		stored[id]++
	}
	return stored, rows.Err()
}
