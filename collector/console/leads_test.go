package console

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/reports"
)

// Who watches for leads asks whether anything has changed, and for the leads only then.
func TestWatchingLeadsIsCheap(t *testing.T) {
	s := newLiveStand(t)
	var asked atomic.Int64
	ask := s.console.config.Reports
	s.console.config.Reports = ReportsFunc(func(ctx context.Context, name string, p reports.Params) (*reports.Result, error) {
		asked.Add(1)
		return ask.Run(ctx, name, p)
	})
	cookie := s.signIn(t, acmeViewer)
	// look looks so long after the look before, and tells how often the leads have been asked.
	look := func(later time.Duration) int64 {
		t.Helper()
		s.console.leads.mu.Lock()
		for _, shared := range s.console.leads.sites {
			shared.done, shared.asked = time.Now().Add(-later), time.Now().Add(-later)
		}
		s.console.leads.mu.Unlock()
		if answer := s.get(t, "/console/leads", cookie); answer.StatusCode != 200 {
			t.Fatal(answer.Status)
		}
		return asked.Load()
	}
	first := look(0)
	if again := look(leadsFresh); again != first {
		t.Errorf("where nothing has changed the leads are asked %d times more", again-first)
	}
	sample := newSampler(t, testSites()[0])
	sample.story()
	s.insert(t, sample.records)
	if after := look(leadsFresh); after != first+1 {
		t.Errorf("after new leads they are asked %d times", after-first)
	}
	if after := look(leadsAnyway); after != first+2 {
		t.Errorf("after a while they are asked %d times more", after-first-1)
	}
}
