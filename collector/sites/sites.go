// Package sites is how the sites are now: as the config file describes them, and in place of parts of it, what their admins
// decided in the console. Every node follows these decisions within desk.Every.
//
// Belongs here: the settings of a site and its API keys, what may be decided, and who is told of a change. Does not belong
// here: the config file (main), forms and pages that change settings (console), and what a setting does (intake, reports).
package sites

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/schema"
)

// The kinds of entries that this package keeps.
const (
	KindSettings schema.EntryKind = "settings" // one of each site
	KindKey      schema.EntryKind = "api_key"  // its id is the beginning of the key's hash
	KindSample   schema.EntryKind = "sample"   // one of a site that has sample data beside it
)

// Settings are an admin's decisions; what is nil stays as the config file says.
type Settings struct {
	// Transfer tells whether forms carry the touches that led to them. Off, a submission is kept without visitor and touches.
	Transfer         *bool     `json:"transfer,omitempty"`
	Forms            []Form    `json:"forms,omitempty"`
	OwnDomains       *[]string `json:"own_domains,omitempty"`
	IgnoredReferrers *[]string `json:"ignored_referrers,omitempty"`
	LookbackDays     *int      `json:"lookback_days,omitempty"`
	// RetentionMonths is how long ClickHouse keeps the site's rows; never longer than the config file says.
	RetentionMonths *int `json:"retention_months,omitempty"`
	// Consent has the script tag wait for the visitor's consent. The tag stands in the site's own pages, so it counts for the
	// tags that are copied from then on.
	Consent *bool `json:"consent,omitempty"`
}

// Form is a form as it can be decided about; what else the config file says of a form of this id stays.
type Form struct {
	ID           schema.FormID `json:"id"`
	ThankYou     string        `json:"thank_you,omitempty"`
	EmailField   string        `json:"email_field,omitempty"`
	CompanyField string        `json:"company_field,omitempty"`
}

// over returns the site with the decisions in place of what it had.
func (s *Settings) over(site schema.Site) schema.Site {
	if s.Transfer != nil {
		site.NoTransfer = !*s.Transfer
	}
	if s.Consent != nil {
		site.Consent = *s.Consent
	}
	if s.OwnDomains != nil {
		site.OwnDomains = *s.OwnDomains
	}
	if s.IgnoredReferrers != nil {
		site.IgnoredReferrers = *s.IgnoredReferrers
	}
	if s.LookbackDays != nil {
		site.LookbackDays = *s.LookbackDays
	}
	if s.RetentionMonths != nil {
		site.RetentionMonths = min(*s.RetentionMonths, mostRetention(&site)) // the file may say less than when it was decided
	}
	if len(s.Forms) > 0 {
		var forms []schema.Form
		for _, decided := range s.Forms {
			form, _ := site.FormByID(decided.ID)
			form.ID, form.ThankYou, form.EmailField, form.CompanyField = decided.ID, decided.ThankYou, decided.EmailField, decided.CompanyField
			forms = append(forms, form)
		}
		site.Forms = forms
	}
	return site
}

// Sites knows how the sites are. All methods may be called concurrently.
type Sites struct {
	base []schema.Site
	desk *desk.Desk
	copy *desk.Copy
	log  *slog.Logger
	now  atomic.Pointer[[]schema.Site]

	mu   sync.Mutex // guards told, and tells one change after another
	told []func([]schema.Site) error
}

// New prepares the sites of the config file. Decisions count once Follow or Refresh has read them.
func New(base []schema.Site, d *desk.Desk, log *slog.Logger) *Sites {
	s := &Sites{base: base, desk: d, copy: d.Copy(log, KindSettings, KindKey, KindSample), log: log}
	s.now.Store(&base)
	s.copy.OnChange(s.changed)
	return s
}

// Follow keeps up with other nodes until ctx ends.
func (s *Sites) Follow(ctx context.Context) { s.copy.Follow(ctx) }

// Refresh reads what has changed.
func (s *Sites) Refresh(ctx context.Context) error { return s.copy.Refresh(ctx) }

// All are the sites as they are now. The list and what it points to are not changed any more.
func (s *Sites) All() []schema.Site { return *s.now.Load() }

// Tell has f called with the sites whenever they are other ones. f never keeps a change from the others: what it returns is logged.
func (s *Sites) Tell(f func([]schema.Site) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, f)
}

func (s *Sites) changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	sites := slices.Clone(s.base)
	for i := range sites {
		if entry, decided := desk.CopiedOne[Settings](s.copy, settingsKey(sites[i].ID)); decided {
			if changed := entry.Value.over(sites[i]); Check(&changed) == nil {
				sites[i] = changed
			} else {
				// The config file may have changed since, such as the origins that a thank-you page must be on.
				s.log.Error("settings that were decided in the console do not fit the config file any more and do not count", "site", sites[i].ID, "error", Check(&changed))
			}
		}
		sites[i].APIKeyHashes = slices.Clone(sites[i].APIKeyHashes)
		for _, key := range desk.Copied[Key](s.copy, sites[i].ID, KindKey) {
			sites[i].APIKeyHashes = append(sites[i].APIKeyHashes, key.Value.Hash)
		}
	}
	s.now.Store(&sites)
	for _, f := range s.told {
		if err := f(sites); err != nil {
			s.log.Error("a change of settings does not count", "error", err)
		}
	}
}

func settingsKey(site schema.SiteID) desk.Key {
	return desk.Key{Site: site, Kind: KindSettings, ID: "site"}
}

// Site returns a site as it is now, with its decisions and their version for Change.
func (s *Sites) Site(id schema.SiteID) (site schema.Site, decided Settings, version uint64, found bool) {
	for _, known := range s.All() {
		if known.ID == id {
			entry, _ := desk.CopiedOne[Settings](s.copy, settingsKey(id))
			return known, entry.Value, entry.Version, true
		}
	}
	return schema.Site{}, Settings{}, 0, false
}

// MostRetention is how many months of retention may be decided for a site at most: what the config file says, 0 for a site that is not in it.
func (s *Sites) MostRetention(id schema.SiteID) int {
	for i := range s.base {
		if s.base[i].ID == id {
			return mostRetention(&s.base[i])
		}
	}
	return 0
}

func mostRetention(base *schema.Site) int {
	return cmp.Or(base.RetentionMonths, schema.DefaultRetentionMonths)
}

// Change makes decisions of a site, over the version of them that was seen. by is the user; what is wrong with them is a *Problem.
func (s *Sites) Change(ctx context.Context, by string, id schema.SiteID, over uint64, decided Settings, summary string) error {
	at := slices.IndexFunc(s.base, func(site schema.Site) bool { return site.ID == id })
	if at < 0 {
		return &Problem{Setting: "site", Value: string(id)}
	}
	changed := decided.over(s.base[at])
	if err := Check(&changed); err != nil {
		return err
	}
	if months := decided.RetentionMonths; months != nil && *months > mostRetention(&s.base[at]) {
		return &Problem{"retention_months", fmt.Sprint(*months)}
	}
	if err := s.desk.Write(ctx, by, desk.Draft{Key: settingsKey(id), Over: over, Value: decided, Summary: summary}); err != nil {
		return err
	}
	return s.Refresh(ctx)
}

// Changes are a page of what was changed.
type Changes struct {
	List []schema.Entry // the latest first
	// Preceding are the versions that those of List changed, in no order.
	Preceding []schema.Entry
	More      bool // there are earlier ones than the last of List
}

// History returns so many changes of settings and keys of sites, and of what else is asked for by kind: the latest, or those before one.
func (s *Sites) History(ctx context.Context, ids []schema.SiteID, before *schema.Entry, limit int, also ...schema.EntryKind) (Changes, error) {
	kinds := append([]schema.EntryKind{KindSettings, KindKey}, also...)
	list, err := s.desk.History(ctx, desk.Period{Sites: ids, Kinds: kinds, Before: before, Limit: limit + 1})
	if err != nil {
		return Changes{}, err
	}
	page := Changes{List: list[:min(len(list), limit)], More: len(list) > limit}
	page.Preceding, err = s.desk.Preceding(ctx, page.List)
	return page, err
}

func sampleKey(site schema.SiteID) desk.Key {
	return desk.Key{Site: site, Kind: KindSample, ID: "site"}
}

// HasSample tells whether sample data stand beside a site.
func (s *Sites) HasSample(site schema.SiteID) bool {
	_, found := desk.CopiedOne[struct{}](s.copy, sampleKey(site))
	return found
}

// NoteSample writes down that sample data were put beside a site, or taken away.
func (s *Sites) NoteSample(ctx context.Context, by string, site schema.SiteID, there bool) error {
	entry, err := desk.Read[struct{}](ctx, s.desk, sampleKey(site))
	if err != nil || entry.Exists() == there {
		return errors.Join(err, s.Refresh(ctx))
	}
	summary := "Sample data removed"
	if there {
		summary = "Sample data added"
	}
	err = s.desk.Write(ctx, by, desk.Draft{Key: sampleKey(site), Over: entry.Version, Value: struct{}{}, Remove: !there, Summary: summary})
	if err != nil && !errors.As(err, new(*desk.Conflict)) { // somebody else has just done the same
		return err
	}
	return s.Refresh(ctx)
}

func sorted(keys []desk.Entry[Key]) []desk.Entry[Key] {
	slices.SortFunc(keys, func(a, b desk.Entry[Key]) int { return cmp.Compare(a.Value.Name, b.Value.Name) })
	return keys
}

// Any tells whether anything is decided at all.
func (s *Settings) Any() bool {
	return s.Transfer != nil || s.Forms != nil || s.OwnDomains != nil || s.IgnoredReferrers != nil || s.LookbackDays != nil || s.RetentionMonths != nil || s.Consent != nil
}
