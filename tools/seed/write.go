package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/BurntSushi/toml"
	"golang.org/x/sync/errgroup"

	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/client"
	"github.com/headwater/headwater/tools/dev/stack"
)

// oldest is the age up to which the collector takes a browser's word for when something happened, less a day.
const oldest = 29 * 24 * time.Hour

// writer brings a year into a stack.
type writer struct {
	out        io.Writer
	now        time.Time
	site       *schema.Site
	contactKey []byte
	resolver   *schema.Resolver
	client     *client.Client
	store      *store.Store
}

func newWriter(ctx context.Context, s *stack.Stack, now time.Time, out io.Writer) (*writer, error) {
	var config struct {
		Secret string        `toml:"secret"`
		Sites  []schema.Site `toml:"site"`
	}
	if _, err := toml.DecodeFile(s.Config, &config); err != nil {
		return nil, fmt.Errorf("read the stack's configuration: %w", err)
	}
	w := &writer{out: out, now: now, client: apiClient(s)}
	for i := range config.Sites {
		if string(config.Sites[i].ID) == s.Site {
			w.site = &config.Sites[i]
		}
	}
	if w.site == nil {
		return nil, fmt.Errorf("%s has no site %q", s.Config, s.Site)
	}
	w.site.OwnDomains = append(w.site.OwnDomains, "brookandbale.example")
	w.contactKey = w.site.ContactKey([]byte(config.Secret))
	var err error
	if w.resolver, err = schema.NewResolver(w.site); err != nil {
		return nil, err
	}
	w.store, err = store.Open(ctx, s.ClickHouseDSN)
	return w, err
}

func (w *writer) close() { w.store.Close() }

func (w *writer) say(format string, args ...any) { fmt.Fprintf(w.out, "  "+format+"\n", args...) }

// imports sends what the CRM knew before the year began.
func (w *writer) imports(ctx context.Context, y *year) error {
	if err := w.client.Import(ctx, client.Companies, y.companies); err != nil {
		return err
	}
	if err := w.client.Import(ctx, client.Contacts, y.contacts); err != nil {
		return err
	}
	w.say("%6d companies and %d contacts that the CRM knew before   (POST /api/companies, /api/contacts)", len(y.companies), len(y.contacts))
	return nil
}

// deals sends every change of every deal.
func (w *writer) deals(ctx context.Context, y *year) error {
	if err := w.client.Import(ctx, client.Deals, y.deals); err != nil {
		return err
	}
	deals := map[string]bool{}
	for _, change := range y.deals {
		deals[change["deal_id"]] = true
	}
	w.say("%6d deals in EUR and NOK, %d changes of them   (POST /api/deals)", len(deals), len(y.deals))
	return nil
}

// oldRows puts what is older than the collector takes into the tables, resolved as the collector would have.
func (w *writer) oldRows(ctx context.Context, y *year) error {
	rows := map[string]map[string][]any{"touches": {}, "submissions": {}, "submission_fields": {}}
	add := func(table string, at time.Time, row any) {
		month := at.UTC().Format("2006-01")
		rows[table][month] = append(rows[table][month], row)
	}
	touches, submissions := 0, 0
	for _, touch := range y.touches {
		if w.now.Sub(touch.OccurredAt) > oldest {
			touches++
			add("touches", touch.OccurredAt, w.storedTouch(touch))
		}
	}
	for _, submission := range y.submissions {
		if w.now.Sub(submission.OccurredAt) <= oldest {
			continue
		}
		stored, err := w.storedSubmission(submission)
		if err != nil {
			return err
		}
		submissions++
		add("submissions", stored.OccurredAt, stored)
		if fields, ok := stored.FieldsRow(); ok {
			add("submission_fields", stored.OccurredAt, fields)
		}
	}
	for table, months := range rows {
		for month, list := range months {
			if err := w.insert(ctx, table, month, list); err != nil {
				return err
			}
		}
	}
	w.say("%6d visits and %d forms older than 29 days   (straight to the tables: from a browser the collector takes 30 days at most)", touches, submissions)
	return nil
}

func (w *writer) insert(ctx context.Context, table, month string, rows []any) error {
	for chunk := 0; len(rows) > 0; chunk++ {
		some := rows[:min(5000, len(rows))]
		rows = rows[len(some):]
		// The token names the content: another run of the same data adds nothing.
		sum := sha256.Sum256(fmt.Append(nil, some))
		token := fmt.Sprintf("seed:%s:%s:%s:%d:%s", w.site.ID, table, month, chunk, hex.EncodeToString(sum[:8]))
		if err := w.store.Insert(ctx, table, token, some); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) storedTouch(touch *schema.TouchRecord) schema.TouchRecord {
	stored := *touch
	stored.SiteID, stored.ReceivedAt = w.site.ID, touch.OccurredAt
	schema.Bound(&stored)
	w.resolver.Resolve(&stored.Touch)
	return stored
}

func (w *writer) storedSubmission(submission *schema.Submission) (*schema.Submission, error) {
	stored := *submission
	stored.SiteID, stored.ReceivedAt = w.site.ID, submission.OccurredAt
	email, err := schema.NormaliseEmail(stored.Fields["email"])
	if err != nil {
		return nil, fmt.Errorf("an invented address: %w", err)
	}
	stored.ContactID = schema.NewContactID(w.contactKey, email)
	stored.CompanyName = stored.Fields["company"]
	stored.CompanyID = schema.NewCompanyID("", schema.EmailDomain(email), stored.CompanyName)
	w.resolver.Resolve(&stored.FirstTouch)
	w.resolver.Resolve(&stored.LatestTouch)
	return &stored, nil
}

// recentRows sends the last 30 days as browsers would.
func (w *writer) recentRows(ctx context.Context, y *year) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	touches, submissions := 0, 0
	for _, touch := range y.touches {
		if w.now.Sub(touch.OccurredAt) <= oldest {
			touches++
			touch.SiteID = w.site.ID
			group.Go(func() error { return w.client.Touch(ctx, touch) })
		}
	}
	for _, submission := range y.submissions {
		if w.now.Sub(submission.OccurredAt) <= oldest {
			submissions++
			submission.SiteID = w.site.ID
			group.Go(func() error { return w.client.Submit(ctx, submission) })
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	w.say("%6d visits and %d forms of the last 29 days   (POST /t and /f/{form})", touches, submissions)
	return nil
}

// settle waits until the collector has forwarded what it took.
func (w *writer) settle(ctx context.Context, y *year) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		var submissions, deals uint64
		row := w.store.Conn().QueryRow(ctx, "SELECT (SELECT count() FROM submissions FINAL WHERE site_id = ? AND snippet_version = ?), (SELECT count() FROM deals FINAL WHERE site_id = ?)",
			string(w.site.ID), seedVersion, string(w.site.ID))
		if err := row.Scan(&submissions, &deals); err != nil {
			return fmt.Errorf("wait for the collector to forward: %w", err)
		}
		if submissions >= uint64(len(y.submissions)) && deals >= uint64(len(y.deals)) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the collector to forward: %d of %d forms and %d of %d changes of deals are in ClickHouse", submissions, len(y.submissions), deals, len(y.deals))
		case <-time.After(100 * time.Millisecond):
		}
	}
}
