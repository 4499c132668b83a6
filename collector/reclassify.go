package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/headwater/headwater/collector/reclassify"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

type reclassifyCommand struct {
	Site   string `help:"The site's id. May be left out where the configuration has only one." placeholder:"ID"`
	From   string `help:"Touches and submissions from this date, month or time on (2026-03-01, 2026-03, 2026-03-01T09:30), in the site's zone." placeholder:"TIME"`
	To     string `help:"Before this date, month or time." placeholder:"TIME"`
	All    bool   `help:"Really all of the site."`
	DryRun bool   `help:"Only say what would move."`
}

// Help is shown by headwater reclassify -h.
func (reclassifyCommand) Help() string {
	return `Names stored touches, the copies of them on submissions, and what was spent, anew by the rules of now: after you changed source_host, source_rule,
own_domains, ignored_referrers or sources_file, or took a version with other rules. Raw values stay as they are, so it can be taken back
by changing the rules back. What moved is printed: how many touches went from which source, medium and channel to which.

It may be interrupted: the same command goes on where it was, and counts everything once. Reports see every touch once all the while, of the
old values or the new. The collector may run meanwhile, with the new rules.

  headwater reclassify --from 2026-01 --to 2026-04 --dry-run
  headwater reclassify --from 2026-01 --to 2026-04`
}

// Run is headwater reclassify.
func (c reclassifyCommand) Run(i *invocation) error {
	if c.From == "" && c.To == "" && !c.All {
		return usageError{errors.New("say of which time: --from, --to; --all for all of the site")}
	}
	l, err := i.load()
	if err != nil {
		return err
	}
	site, err := chooseSite(l.Sites, c.Site)
	if err != nil {
		return usageError{err}
	}
	since, until, err := (&reports.Params{Site: site.ID, Zone: site.TimeZone, From: c.From, To: c.To}).Range()
	if err != nil {
		return usageError{err}
	}
	sources, err := l.sources()
	if err != nil {
		return err
	}
	resolver, err := schema.NewResolverWith(site, sources)
	if err != nil {
		return err
	}
	log, err := newLog(i.stderr, l.Config)
	if err != nil {
		return err
	}
	db, err := store.Open(i.ctx, l.ClickHouseDSN)
	if err != nil {
		return fmt.Errorf("connect to ClickHouse: %w", err)
	}
	defer func() { _ = db.Close() }()
	result, err := reclassify.Run(i.ctx, reclassify.Config{
		Store: db, Site: site.ID, Resolver: resolver, Since: since, Until: until, Zone: site.TimeZone, DryRun: c.DryRun,
		Progress: func(part string, looked uint64) { log.Debug("reclassify", "part", part, "looked_at", looked) },
	})
	if err != nil {
		return fmt.Errorf("%w; the same command goes on from there", err)
	}
	if !c.DryRun {
		log.Info("reclassified", "site", site.ID, "operator", operatorName(), "from", c.From, "to", c.To, "run", result.ID, "resumed", result.Resumed)
	}
	return writeMoves(result, c.DryRun, i.stdout)
}

// writeMoves prints what moved, the most first.
func writeMoves(result reclassify.Result, dry bool, to io.Writer) error {
	verb := "moved"
	if dry {
		verb = "would move"
	}
	for _, table := range slices.Sorted(maps.Keys(result.Tables)) {
		outcome := result.Tables[table]
		var total uint64
		for _, n := range outcome.Moved {
			total += n
		}
		things := "touches"
		if table == "spend" {
			things = "rows"
		}
		fmt.Fprintf(to, "%s: %d looked at, %d %s %s\n", table, outcome.Looked, total, things, verb)
		moves := slices.SortedFunc(maps.Keys(outcome.Moved), func(a, b string) int {
			return cmp.Or(cmp.Compare(outcome.Moved[b], outcome.Moved[a]), cmp.Compare(a, b))
		})
		list := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
		for _, move := range moves {
			fmt.Fprintf(list, "%d\t  %s\n", outcome.Moved[move], move)
		}
		if err := list.Flush(); err != nil {
			return err
		}
	}
	return nil
}
