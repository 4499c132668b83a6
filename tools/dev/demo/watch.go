package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Watch keeps the page of leads up to date and prints a line in the terminal for every new submission, until ctx
// ends.
func (s *Site) Watch(ctx context.Context) {
	s.leads.watch(ctx)
}

// TablesExist returns nil when the tables can be read that the page of leads reads.
func (s *Site) TablesExist(ctx context.Context) error {
	_, err := s.leads.mark(ctx)
	return err
}

// watch looks three times a second. With the second that the spool may wait, a lead is on the page within two: the list
// of people at once, what Headwater says about them as soon as the reports have answered.
func (l *leads) watch(ctx context.Context) {
	defer l.conn.Close()
	seen := map[string]uint64{}
	for first := true; ; first = false {
		began := time.Now()
		changed, err := l.refresh(ctx)
		if err != nil && ctx.Err() == nil {
			l.fail(err)
		} else if changed {
			l.tell(seen, first)
		}
		select {
		case <-ctx.Done():
			return
		// While a year of data is filled in, everything changes all the time: the page then takes half of the work.
		case <-time.After(max(300*time.Millisecond, time.Since(began))):
		}
	}
}

// refresh reads everything again where anything was stored since the last time. While nobody looks at the page it only
// reads what the terminal shows: the reports are most of the work.
func (l *leads) refresh(ctx context.Context) (changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	mark, err := l.mark(ctx)
	looked := time.Since(time.UnixMilli(l.looked.Load())) < 20*time.Second
	if err != nil || mark == l.marked && (l.complete || !looked) {
		return false, err
	}
	view := l.now()
	view.Problem = ""
	if view.Leads, err = l.latest(ctx); err != nil {
		return false, err
	}
	if view.Rows, err = l.stored(ctx); err != nil {
		return false, err
	}
	waiting := l.addKnownCards(view.Leads, looked)
	l.show(view, mark+" people")
	if err := l.readCards(ctx, view.Leads, waiting); err != nil {
		return false, err
	}
	l.show(view, mark+" cards")
	l.marked, l.complete = mark, false
	if !looked {
		return true, nil
	}
	if view.Breakdown, err = l.readBreakdowns(ctx); err != nil {
		return true, err
	}
	l.show(view, mark)
	l.complete = true
	return true, nil
}

// show makes view what the page shows from now on.
func (l *leads) show(view leadsView, version string) {
	view.Version = version
	l.mu.Lock()
	defer l.mu.Unlock()
	// The pages that show the present view read its leads: the next ones get a list of their own.
	view.Leads = append([]lead(nil), view.Leads...)
	l.view = view
}

// fail shows why nothing can be read: the collector or the engine may be restarting. The next look may succeed.
func (l *leads) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if problem := err.Error(); problem != l.view.Problem {
		l.view.Problem, l.view.Version = problem, "problem "+time.Now().Format(time.RFC3339Nano)
	}
	l.marked = ""
}

// unlooked is how many cards are read for the terminal at a time while nobody looks at the page.
const unlooked = 2

// addKnownCards gives the people the cards that were read before, and returns those whose cards must be read: they sent
// something since, or their card is some time old and imports or late touches may have changed it.
func (l *leads) addKnownCards(people []lead, looked bool) (waiting []int) {
	for i := range people {
		cached, ok := l.cards[people[i].ContactID]
		people[i].Points = cached.points
		if !ok {
			for _, point := range pointNames {
				people[i].Points = append(people[i].Points, dataPoint{Label: point.label, Status: "reading …"})
			}
		}
		switch news := !ok || cached.sent != people[i].Sent; {
		case looked && (news || time.Since(cached.at) > 5*time.Second), !looked && news && len(waiting) < unlooked:
			waiting = append(waiting, i)
		}
	}
	return waiting
}

func (l *leads) readCards(ctx context.Context, people []lead, waiting []int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(3)
	read := make([][]dataPoint, len(people))
	for _, i := range waiting {
		group.Go(func() (err error) {
			read[i], err = card(ctx, l.api, people[i].ContactID)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, i := range waiting {
		people[i].Points = read[i]
		l.cards[people[i].ContactID] = cachedCard{people[i].Sent, time.Now(), read[i]}
	}
	return nil
}

func (l *leads) readBreakdowns(ctx context.Context) ([]breakdown, error) {
	group, ctx := errgroup.WithContext(ctx)
	tables := make([]breakdown, len(breakdowns))
	for i, wanted := range breakdowns {
		group.Go(func() (err error) {
			tables[i], err = readBreakdown(ctx, l.api, wanted.title, wanted.hint, wanted.point)
			return err
		})
	}
	return tables, group.Wait()
}

// tell prints the submissions that are new since the last look. No personal data: a terminal's text is kept in places
// that nobody thinks of.
func (l *leads) tell(seen map[string]uint64, first bool) {
	people := l.now().Leads
	more := 0
	for i := len(people) - 1; i >= 0; i-- {
		one := people[i]
		switch news := seen[one.ContactID] < one.Sent; {
		case first || !news:
		case l.cards[one.ContactID].sent == one.Sent:
			l.Say("  lead %.8s  form %s  %s", one.ContactID, one.Form, pointsLine(one.Points))
		default:
			more++
		}
		seen[one.ContactID] = one.Sent
	}
	if more > 0 {
		l.Say("  … and more leads than are worth a line each")
	}
}

// pointsLine is the way of a person: "First touch linkedin/paid-social/spring → Lead creation …".
func pointsLine(points []dataPoint) string {
	var parts []string
	for _, point := range points {
		if point.Known {
			parts = append(parts, fmt.Sprintf("%s %s", point.Label, slashed(point.Source, point.Medium, point.Campaign)))
		}
	}
	if len(parts) == 0 {
		return "(unattributed)"
	}
	return strings.Join(parts, " → ")
}

func slashed(texts ...string) string {
	return strings.TrimRight(strings.Join(texts, "/"), "/")
}
