package faults

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

var operator = &http.Client{Timeout: 5 * time.Second}

// metrics reads the collector's figures from its private listener. Those with labels are left out.
func (p *plant) metrics(ctx context.Context) (map[string]float64, error) {
	text, err := p.ask(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	figures := map[string]float64{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if number, err := strconv.ParseFloat(value, 64); ok && err == nil {
			figures[name] = number
		}
	}
	return figures, nil
}

func (p *plant) ask(ctx context.Context, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.private+path, nil)
	if err != nil {
		return "", err
	}
	answer, err := operator.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", path, answer.Status)
	}
	return string(text), err
}

// patience is how long the collector may take to be as it was after a fault. The longest wait between two tries of the
// forwarder is 30 s, an insert that is never answered ends after 60 s.
const patience = 100 * time.Second

// awaitEmptySpool waits until nothing waits to be forwarded.
func (p *plant) awaitEmptySpool(ctx context.Context) error {
	return p.await(ctx, "the spool is not empty", func(figures map[string]float64) bool {
		waiting, known := figures["headwater_spool_bytes"]
		return known && waiting == 0
	})
}

// awaitCaughtUp waits until the oldest record that waits is younger than the moment since.
func (p *plant) awaitCaughtUp(ctx context.Context, since time.Time) error {
	return p.await(ctx, "records from before wait still", func(figures map[string]float64) bool {
		oldest, known := figures["headwater_spool_oldest_seconds"]
		return known && oldest < time.Since(since).Seconds()
	})
}

func (p *plant) await(ctx context.Context, otherwise string, holds func(map[string]float64) bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		figures, err := p.metrics(ctx)
		if err == nil && holds(figures) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s after %s: see the log of the collector", otherwise, patience)
		case <-time.After(25 * time.Millisecond):
		}
	}
}
