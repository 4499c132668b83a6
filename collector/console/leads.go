package console

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

const (
	leadsLimit = 50 // the script keeps no more rows either
	// leadsFresh is how long one answer serves everybody who watches a site. Together with livePause and the second that
	// the collector takes to forward, a lead shows within 2 s.
	leadsFresh = 200 * time.Millisecond
	// leadsAnyway is how old the latest leads may be where nothing but touches has changed, which may say more of where a lead came from.
	leadsAnyway = 10 * time.Second
	// leadsPatience bounds the query that watchers share.
	leadsPatience = 20 * time.Second
)

// leadView is one form that was sent: what first brought the person, and what led to this form. All of it is text, so
// that page and script show the same.
type leadView struct {
	ID          string `json:"id"` // of the row on the page
	Contact     string `json:"contact"`
	Kind        string `json:"kind"` // lead or conversion
	Title       string `json:"title"`
	When        string `json:"when"`
	Machine     string `json:"machine"`
	Form        string `json:"form"`
	First       string `json:"first"`
	FirstDetail string `json:"first_detail"`
	Point       string `json:"point"` // the data point that the source is
	Source      string `json:"source"`
	Detail      string `json:"detail"`
}

// leadsView is what the page of leads shows.
type leadsView struct {
	Leads   []leadView
	Pattern leadView // empty: the script fills copies of it
	Trouble *trouble
}

func (c *Console) getLeads(ctx echo.Context, s *session) error {
	leads, err := c.recentLeads(ctx.Request().Context(), s)
	view := leadsView{Leads: leads, Trouble: c.troubleOf(ctx, s, "recent_leads", err)}
	return c.render(ctx, statusOf(view.Trouble), "leads", s.say("leads.title"), s, view)
}

// leadsCache lets everyone who watches a site share one query.
type leadsCache struct {
	mu    sync.Mutex
	sites map[schema.SiteID]*sharedLeads
}

// sharedLeads is one query for recent leads; ready closes when its answer is there.
type sharedLeads struct {
	ready  chan struct{}
	done   time.Time
	before *sharedLeads // the answer before; nil once this one is there
	change reports.Change
	asked  time.Time // when the report was asked for what was found
	found  *reports.Result
	err    error
}

// recentLeads returns the site's latest leads, from a query that is running or at most leadsFresh old.
func (c *Console) recentLeads(ctx context.Context, s *session) ([]leadView, error) {
	return c.askLeads(ctx, s).wait(ctx, s)
}

// askLeads begins to ask for the site's latest leads, unless somebody does.
func (c *Console) askLeads(ctx context.Context, s *session) *sharedLeads {
	shared, mine := c.leads.join(s.site.ID)
	if mine {
		// Whoever asked first may go away; the others still wait.
		queryCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leadsPatience)
		go func() {
			defer cancel()
			c.queryLeads(queryCtx, s, shared)
		}()
	}
	return shared
}

// wait returns the leads as s reads them.
func (l *sharedLeads) wait(ctx context.Context, s *session) ([]leadView, error) {
	select {
	case <-l.ready:
		if l.err != nil {
			return nil, l.err
		}
		return s.recent(l.found), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// queryLeads runs in a goroutine of its own, out of reach of the server's recovery: a panic becomes an error.
func (c *Console) queryLeads(ctx context.Context, s *session, shared *sharedLeads) {
	defer func() {
		if fault := recover(); fault != nil {
			shared.err = fmt.Errorf("recent_leads: panic: %v", fault)
		}
		c.leads.mu.Lock()
		defer c.leads.mu.Unlock()
		shared.done, shared.before = time.Now(), nil
		close(shared.ready)
	}()
	shared.asked = time.Now()
	if same := c.sameAsBefore(ctx, s, shared); !same {
		shared.found, shared.err = c.run(ctx, s, "recent_leads", reports.Params{Limit: leadsLimit})
	}
}

// sameAsBefore takes what the answer before found where that is still so, and tells whether it did.
func (c *Console) sameAsBefore(ctx context.Context, s *session, shared *sharedLeads) bool {
	if c.config.LastChange == nil {
		return false
	}
	change, err := c.config.LastChange(ctx, s.site.ID)
	if err != nil {
		return false // the report says what is wrong
	}
	shared.change = change // read before the report, which may know more
	before := shared.before
	if before == nil || before.err != nil || before.change != change || time.Since(before.asked) > leadsAnyway {
		return false
	}
	shared.asked, shared.found = before.asked, before.found
	return true
}

// join returns the query to wait for; mine tells that the caller must run it.
func (l *leadsCache) join(site schema.SiteID) (shared *sharedLeads, mine bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if shared = l.sites[site]; shared != nil && (shared.done.IsZero() || time.Since(shared.done) < leadsFresh) {
		return shared, false
	}
	shared = &sharedLeads{ready: make(chan struct{}), before: shared}
	if l.sites == nil {
		l.sites = map[schema.SiteID]*sharedLeads{}
	}
	l.sites[site] = shared
	return shared, true
}

// recent writes the leads for one reader.
func (s *speaker) recent(result *reports.Result) []leadView {
	leads := make([]leadView, 0, len(result.Rows))
	for i := range result.Rows {
		value := func(column string) string { return text(result.Value(i, column)) }
		at, _ := result.Value(i, "occurred_at").(time.Time)
		when := s.moment(at)
		lead := leadView{
			ID: value("contact_id") + strconv.FormatInt(at.UnixMilli(), 36), Contact: value("contact_id"), Form: value("form"),
			When: when.Text, Machine: when.Machine, Kind: "conversion", Title: s.say("leads.known"), Point: s.say("words.point.conversion"),
			Source: value("source"), Detail: detail(value("medium"), value("campaign")),
			First: value("first_source"), FirstDetail: detail(value("first_medium"), value("first_campaign")),
		}
		if value("kind") == "lead" {
			lead.Kind, lead.Title, lead.Point = "lead", s.say("leads.new"), s.say("words.point.lead_creation")
		}
		if lead.First == "" {
			lead.First, lead.FirstDetail = s.say("leads.none"), s.say("leads.in_crm")
		}
		leads = append(leads, lead)
	}
	return leads
}

// detail writes what there is of medium and campaign.
func detail(medium, campaign string) string {
	if medium == schema.MediumNone {
		medium = ""
	}
	if medium != "" && campaign != "" {
		return medium + " · " + campaign
	}
	return medium + campaign
}
