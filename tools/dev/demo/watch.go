package demo

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Watch keeps the page of leads up to date and prints a line in the terminal for every new submission, until ctx
// ends. It looks about twice a second: with the second that the spool may wait, a lead shows within two.
func (s *Site) Watch(ctx context.Context) {
	s.leads.watch(ctx)
}

func (l *leads) watch(ctx context.Context) {
	seen := map[string]uint64{}
	for first := true; ; first = false {
		began := time.Now()
		if changed := l.refresh(ctx); changed {
			l.tell(seen, first)
		}
		// While a year of data is filled in, everything changes all the time: the page then takes a third of the work.
		pause := max(400*time.Millisecond, 2*time.Since(began))
		select {
		case <-ctx.Done():
			l.conn.Close()
			return
		case <-time.After(pause):
		}
	}
}

// refresh reads everything again where anything was stored since the last time.
func (l *leads) refresh(ctx context.Context) (changed bool) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	view, err := l.read(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		// The collector or the engine may be restarting: the page says so and the next look may succeed.
		problem := err.Error()
		if ctx.Err() == nil && problem != l.view.Problem {
			l.view.Problem, l.view.Version = problem, "problem "+time.Now().Format(time.RFC3339Nano)
			l.version = ""
		}
		return false
	}
	if view == nil {
		return false
	}
	l.view, l.version = *view, view.Version
	return true
}

// read returns nil where nothing changed.
func (l *leads) read(ctx context.Context) (*leadsView, error) {
	counted, err := l.stored(ctx)
	if err != nil {
		return nil, err
	}
	view := leadsView{Version: fmt.Sprint(counted), Rows: counted}
	l.mu.Lock()
	same := l.version == view.Version
	l.mu.Unlock()
	if same {
		return nil, nil
	}
	if view.Leads, err = l.latest(ctx); err != nil {
		return nil, err
	}
	for i := range view.Leads {
		if view.Leads[i].Points, err = l.card(ctx, view.Leads[i], fmt.Sprint(counted[2:])); err != nil {
			return nil, err
		}
	}
	for _, wanted := range breakdowns {
		table, err := readBreakdown(ctx, l.api, wanted.title, wanted.hint, wanted.point)
		if err != nil {
			return nil, err
		}
		view.Breakdown = append(view.Breakdown, table)
	}
	return &view, nil
}

// card reads a contact's data points anew when it sent something, the CRM changed or some time has passed: eight cards
// twice a second would be most of the engine's work while a year of data is filled in.
func (l *leads) card(ctx context.Context, who lead, crm string) ([]dataPoint, error) {
	version := fmt.Sprint(who.Sent, crm)
	if cached, ok := l.cards[who.ContactID]; ok && cached.version == version && time.Since(cached.at) < 5*time.Second {
		return cached.points, nil
	}
	points, err := card(ctx, l.api, who.ContactID)
	if err != nil {
		return nil, err
	}
	l.cards[who.ContactID] = cachedCard{version, time.Now(), points}
	return points, nil
}

// tell prints the submissions that are new since the last look. No personal data: a terminal's text is kept in places
// that nobody thinks of.
func (l *leads) tell(seen map[string]uint64, first bool) {
	l.mu.Lock()
	view := l.view
	l.mu.Unlock()
	for i := len(view.Leads) - 1; i >= 0; i-- {
		one := view.Leads[i]
		if !first && seen[one.ContactID] < one.Sent {
			l.Say("  lead %.8s  form %s  %s", one.ContactID, one.Form, pointsLine(one.Points))
		}
		seen[one.ContactID] = one.Sent
	}
}

func pointsLine(points []dataPoint) string {
	var parts []string
	for _, point := range points {
		if point.Known { // no "none yet" in the terminal
			parts = append(parts, point.Label+" "+strings.Join([]string{point.Source, point.Medium, point.Campaign}, "/"))
		}
	}
	if len(parts) == 0 {
		return "(unattributed)"
	}
	return strings.Join(parts, "  →  ")
}
