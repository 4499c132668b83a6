package links

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/schema"
)

// The kinds of the registry's entries of the desk.
const (
	KindLink       schema.EntryKind = "link"
	KindConvention schema.EntryKind = "link_convention"
	conventionID                    = "convention" // the one of a site
)

// MaxLinks is how many links a site may have saved.
const MaxLinks = 20_000

const maxNote = 500 // characters

// Link is a campaign link that somebody saved.
type Link struct {
	Target string `json:"target"`
	Tags
	// Names are source, medium, campaign, term and content as the resolver names a touch by this link, for links.sql.
	Names     []string  `json:"names"`
	Owner     string    `json:"owner"` // the user's id
	Note      string    `json:"note,omitempty"`
	Archived  bool      `json:"archived,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

// URL is the link's address.
func (l *Link) URL() string {
	built, err := Build(l.Target, l.Tags)
	if err != nil { // it was built before it was saved
		return l.Target
	}
	return built.URL
}

// Saved is a link of the registry.
type Saved = desk.Entry[Link]

// Registry keeps the saved links and naming conventions of sites. Safe for concurrent use.
type Registry struct {
	desk      *desk.Desk
	resolvers map[schema.SiteID]*schema.Resolver
	now       func() time.Time
}

// NewRegistry returns the registry of the sites whose touches the sources name.
func NewRegistry(d *desk.Desk, sites []schema.Site, sources *schema.Sources, now func() time.Time) (*Registry, error) {
	r := &Registry{desk: d, resolvers: map[schema.SiteID]*schema.Resolver{}, now: now}
	for i := range sites {
		resolver, err := schema.NewResolverWith(&sites[i], sources)
		if err != nil {
			return nil, err
		}
		r.resolvers[sites[i].ID] = resolver
	}
	return r, nil
}

// List returns a site's links, archived ones too, the latest first.
func (r *Registry) List(ctx context.Context, site schema.SiteID) ([]Saved, error) {
	list, err := desk.List[Link](ctx, r.desk, site, KindLink)
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	slices.SortFunc(list, func(a, b Saved) int {
		if at := b.Value.CreatedAt.Compare(a.Value.CreatedAt); at != 0 {
			return at
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

// Find returns a link of the site; Exists of it says whether there is one.
func (r *Registry) Find(ctx context.Context, site schema.SiteID, id string) (Saved, error) {
	return desk.Read[Link](ctx, r.desk, desk.Key{Site: site, Kind: KindLink, ID: id})
}

// Convention returns the site's naming convention, the default one where nobody has chosen; with the version for SetConvention.
func (r *Registry) Convention(ctx context.Context, site schema.SiteID) (Convention, uint64, error) {
	entry, err := desk.Read[Convention](ctx, r.desk, desk.Key{Site: site, Kind: KindConvention, ID: conventionID})
	if err != nil {
		return Convention{}, 0, fmt.Errorf("read the naming convention: %w", err)
	}
	if !entry.Exists() {
		return DefaultConvention(), entry.Version, nil
	}
	return entry.Value, entry.Version, nil
}

// SetConvention changes the naming convention. Links that are saved already stay as they are.
func (r *Registry) SetConvention(ctx context.Context, site schema.SiteID, by string, over uint64, c Convention) error {
	if p := c.Check(); p != nil {
		return p
	}
	key := desk.Key{Site: site, Kind: KindConvention, ID: conventionID}
	return r.desk.Write(ctx, by, desk.Draft{Key: key, Over: over, Value: c, Summary: "Naming convention of links changed"})
}

// RegisterCampaign puts a campaign that was found in traffic among the registered ones. One that is there already stays there.
func (r *Registry) RegisterCampaign(ctx context.Context, site schema.SiteID, by, campaign string) error {
	campaign = strings.TrimSpace(campaign)
	if campaign == "" {
		return &Problem{Part: Campaign, ID: "links.problem.missing"}
	}
	c, over, err := r.Convention(ctx, site)
	if err != nil || slices.Contains(c.Campaigns, campaign) {
		return err
	}
	c.Campaigns = append(c.Campaigns, campaign)
	if p := c.Check(); p != nil {
		return p
	}
	key := desk.Key{Site: site, Kind: KindConvention, ID: conventionID}
	return r.desk.Write(ctx, by, desk.Draft{Key: key, Over: over, Value: c, Summary: "Campaign registered: " + campaign})
}

// Campaigns are those that somebody registered or saved a link of, as touches have them: what else comes is news.
func (r *Registry) Campaigns(ctx context.Context, site schema.SiteID) ([]string, error) {
	c, _, err := r.Convention(ctx, site)
	if err != nil {
		return nil, err
	}
	saved, err := r.List(ctx, site)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, campaign := range c.Campaigns {
		touch := schema.Touch{UTMCampaign: campaign}
		r.resolvers[site].Resolve(&touch)
		all = append(all, touch.Campaign)
	}
	for i := range saved {
		if names := saved[i].Value.Names; len(names) == len(Named()) && names[2] != "" {
			all = append(all, names[2])
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// Draft is a link as somebody wants it to be saved.
type Draft struct {
	Target string
	Tags
	Note string
}

// Check tells everything that is wrong with a draft, by the convention too.
func (d *Draft) Check(c *Convention) []*Problem {
	var all []*Problem
	if _, err := Build(d.Target, d.Tags); err != nil {
		all = append(all, problemOf(err))
	}
	for _, p := range c.CheckTags(d.Tags) {
		if !slices.ContainsFunc(all, func(known *Problem) bool { return known.Part == p.Part && p.Part != "" }) {
			all = append(all, p)
		}
	}
	if utf8.RuneCountInString(d.Note) > maxNote || !utf8.ValidString(d.Note) || strings.ContainsFunc(d.Note, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }) {
		all = append(all, &Problem{ID: "links.problem.note", Data: data("Most", fmt.Sprint(maxNote))})
	}
	return all
}

// problemOf is for errors of Build, which are all problems.
func problemOf(err error) *Problem {
	if p, ok := err.(*Problem); ok {
		return p
	}
	return &Problem{ID: "links.problem.target"}
}

// link is what a draft becomes.
func (r *Registry) link(site schema.SiteID, d *Draft) (Link, error) {
	built, err := Build(d.Target, d.Tags)
	if err != nil {
		return Link{}, err
	}
	link := Link{Target: built.Target, Tags: d.Tags.Trimmed(), Note: strings.TrimSpace(d.Note)}
	link.Names = r.names(site, link.Tags, built.URL)
	return link, nil
}

func (r *Registry) names(site schema.SiteID, tags Tags, address string) []string {
	touch := schema.Touch{
		UTMSource: tags.Source, UTMMedium: tags.Medium, UTMCampaign: tags.Campaign, UTMTerm: tags.Term, UTMContent: tags.Content, UTMID: tags.ID,
		LandingPage: address,
	}
	r.resolvers[site].Resolve(&touch)
	return []string{touch.Source, touch.Medium, touch.Campaign, touch.Term, touch.Content}
}

// Twin is the saved link that has the same target and tags as a draft, or, where the draft has no id, the same but for the id.
func Twin(saved []Saved, target string, tags Tags) *Saved {
	for i := range saved {
		other := saved[i].Value
		otherTags := other.Tags
		if tags.ID == "" {
			otherTags.ID = ""
		}
		if other.Target == target && otherTags == tags {
			return &saved[i]
		}
	}
	return nil
}

// Add saves new links, all or none. The convention is the caller's to check. A link without an id gets one, so that its touches are
// told from those of another link with the same names.
func (r *Registry) Add(ctx context.Context, site schema.SiteID, by string, drafts ...Draft) ([]string, error) {
	saved, err := r.List(ctx, site)
	if err != nil {
		return nil, err
	}
	if len(saved)+len(drafts) > MaxLinks {
		return nil, &Problem{ID: "links.problem.full", Data: data("Most", fmt.Sprint(MaxLinks))}
	}
	var ids []string
	var versions []desk.Draft
	for i := range drafts {
		link, err := r.link(site, &drafts[i])
		if err != nil {
			return nil, err
		}
		link.Owner, link.CreatedAt = by, r.now().UTC().Truncate(time.Millisecond)
		if link.ID == "" {
			link.ID = newTagID()
		}
		id := desk.NewID()
		ids = append(ids, id)
		versions = append(versions, desk.Draft{Key: desk.Key{Site: site, Kind: KindLink, ID: id}, Value: link, Summary: "Link added: " + link.URL()})
	}
	return ids, r.desk.Write(ctx, by, versions...)
}

// newTagID makes a utm_id: short, lower case, of letters and digits that nobody mistakes for each other.
func newTagID() string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789"
	random := make([]byte, 10)
	_, _ = rand.Read(random) // never fails
	for i := range random {
		random[i] = letters[int(random[i])%len(letters)]
	}
	return "hw-" + string(random)
}

// SetNote changes what a link's note says.
func (r *Registry) SetNote(ctx context.Context, site schema.SiteID, by, id string, over uint64, note string) error {
	draft := Draft{Target: "https://example.com/", Note: note}
	for _, p := range draft.Check(&Convention{}) {
		return p
	}
	return r.change(ctx, site, by, id, over, "Note of a link changed", func(link *Link) { link.Note = strings.TrimSpace(note) })
}

// SetArchived puts a link away, or brings it back. It goes on counting.
func (r *Registry) SetArchived(ctx context.Context, site schema.SiteID, by, id string, over uint64, archived bool) error {
	summary := "Link brought back"
	if archived {
		summary = "Link archived"
	}
	return r.change(ctx, site, by, id, over, summary, func(link *Link) { link.Archived = archived })
}

// ErrNoLink says that the site has no such link.
var ErrNoLink = &Problem{ID: "links.problem.no_link"}

func (r *Registry) change(ctx context.Context, site schema.SiteID, by, id string, over uint64, summary string, change func(*Link)) error {
	saved, err := r.Find(ctx, site, id)
	if err != nil {
		return err
	}
	if !saved.Exists() {
		return ErrNoLink
	}
	change(&saved.Value)
	return r.desk.Write(ctx, by, desk.Draft{Key: saved.Key, Over: over, Value: saved.Value, Summary: summary})
}
