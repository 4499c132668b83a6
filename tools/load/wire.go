package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// The client writes requests that are ready as bytes and reads no more of an answer than it must: on a small machine
// net/http's client would cost more than the server that is measured, and every ratio would be near 1.

// bodySize is the size of a touch with all five UTM parameters, a click id, a landing page and a referrer.
const bodySize = 600

// requestTo returns a POST /t of a touch with bodySize bytes and where in it the touch id stands.
func requestTo(host, site string) (request []byte, idAt int) {
	const id = "00000000-0000-7000-8000-000000000000"
	body := fmt.Sprintf(`{"site_id":%q,"visitor_id":"0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e","touch_id":%q,"occurred_at":%d,"snippet_version":"load",`+
		`"utm_source":"linkedin","utm_medium":"paid-social","utm_campaign":"spring-planning","utm_term":"orchard-owners","utm_content":"video-a",`+
		`"li_fat_id":"7f3a9c52-4f0e-4d8e-9a55-0d1f2a3b4c5d","referrer":"https://www.linkedin.com/","landing_page":"https://www.brookandbale.example/?`,
		site, id, time.Now().UnixMilli())
	for len(body) < bodySize-2 {
		body += "x"
	}
	body += `"}`
	text := fmt.Sprintf("POST /t HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", host, len(body), body)
	return []byte(text), bytes.Index([]byte(text), []byte(id))
}

// measured is what one round has shown.
type measured struct {
	accepted  int
	perSecond float64
	latencies []time.Duration // sorted
	processor time.Duration   // of the server, 0 where it is not known
}

func (m *measured) rate() float64 { return m.perSecond }

// processorEach is how many microseconds the server computed for one answer.
func (m *measured) processorEach() float64 {
	return float64(m.processor.Microseconds()) / float64(max(m.accepted, 1))
}

func (m *measured) percentile(p float64) time.Duration {
	if len(m.latencies) == 0 {
		return 0
	}
	return m.latencies[min(len(m.latencies)-1, int(p*float64(len(m.latencies))))]
}

// fire sends touches to host for that long over that many connections, each the next as soon as the last is answered.
func fire(ctx context.Context, host, site string, connections int, length time.Duration) (*measured, error) {
	ctx, cancel := context.WithTimeout(ctx, length+10*time.Second)
	defer cancel()
	began := time.Now()
	until := began.Add(length)
	all := make([][]time.Duration, connections)
	errs := make([]error, connections)
	var group sync.WaitGroup
	for i := range connections {
		group.Go(func() { all[i], errs[i] = fireOne(ctx, host, site, until) })
	}
	group.Wait()
	took := time.Since(began)
	m := &measured{latencies: slices.Concat(all...)}
	slices.Sort(m.latencies)
	m.accepted = len(m.latencies)
	m.perSecond = float64(m.accepted) / took.Seconds()
	return m, errors.Join(errs...)
}

func fireOne(ctx context.Context, host, site string, until time.Time) ([]time.Duration, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	reader := bufio.NewReader(conn)
	request, idAt := requestTo(host, site)
	var latencies []time.Duration
	for now := time.Now(); now.Before(until) && ctx.Err() == nil; {
		id, err := uuid.NewV7()
		if err != nil {
			return latencies, err
		}
		copy(request[idAt:], id.String())
		if _, err := conn.Write(request); err != nil {
			return latencies, fmt.Errorf("send a touch: %w", err)
		}
		if err := readNoContent(reader); err != nil {
			return latencies, err
		}
		answered := time.Now()
		latencies = append(latencies, answered.Sub(now))
		now = answered
	}
	return latencies, nil
}

// readNoContent reads one answer, which must be a 204: it has no body.
func readNoContent(reader *bufio.Reader) error {
	status, err := reader.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 204 ")) {
		return fmt.Errorf("the answer is %q, want 204", bytes.TrimSpace(status))
	}
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			return nil
		}
	}
}
