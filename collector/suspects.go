package main

import (
	"errors"
	"fmt"
	"os/user"
	"strings"
	"time"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

type suspectsCommand struct {
	List  suspectsListCommand  `cmd:"" help:"Show what is under suspicion, and why."`
	Clear suspectsClearCommand `cmd:"" help:"Take the suspicion away: the records count in reports from now on."`
	Mark  suspectsMarkCommand  `cmd:"" help:"Put records under suspicion: they are kept, and left out of reports from now on."`
}

// Help is shown by headwater suspects -h.
func (suspectsCommand) Help() string {
	return `What looks like no person's (a crawler, a forged origin, referrer spam, a filled honeypot, …) is kept, but left out of reports.
Nothing of it is lost: clear and mark change their minds again and again. Reports say how many were left out; --suspects include
shows them with everything.

  headwater suspects list --reason forged_origin
  headwater suspects clear --reason rate --from 2026-03-01 --to 2026-03-02
  headwater suspects mark --source semalt --from 2026-03
  headwater suspects clear --id 0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e`
}

// suspectsFilter are the records that a command is about.
type suspectsFilter struct {
	Site   string `help:"The site's id. May be left out where the configuration has only one." placeholder:"ID"`
	Reason string `help:"Only those under this suspicion: bot, honeypot, too_fast, no_token, forged_origin, referrer_spam, rate, operator." placeholder:"REASON"`
	From   string `help:"From this date, month or time on (2026-03-01, 2026-03, 2026-03-01T09:30), in the site's zone." placeholder:"TIME"`
	To     string `help:"Before this date, month or time." placeholder:"TIME"`
}

// site finds the site and checks the filter.
func (f suspectsFilter) site(i *invocation) (*loaded, *schema.Site, reports.Params, error) {
	l, err := i.load()
	if err != nil {
		return nil, nil, reports.Params{}, err
	}
	site, err := chooseSite(l.Sites, f.Site)
	if err != nil {
		return nil, nil, reports.Params{}, usageError{err}
	}
	return l, site, reports.Params{Site: site.ID, Zone: site.TimeZone, From: f.From, To: f.To, Reason: schema.Suspicion(f.Reason)}, nil
}

type suspectsListCommand struct {
	suspectsFilter
	Limit  int    `help:"How many to show, the latest first. Default 50." placeholder:"N"`
	Format string `help:"table, csv or json. Default table." default:"table" enum:"table,csv,json"`
}

// Run is headwater suspects list.
func (c suspectsListCommand) Run(i *invocation) error {
	l, site, params, err := c.site(i)
	if err != nil {
		return err
	}
	db, err := store.Open(i.ctx, l.ClickHouseDSN)
	if err != nil {
		return fmt.Errorf("connect to ClickHouse: %w", err)
	}
	defer func() { _ = db.Close() }()
	params.Limit = c.Limit
	result, err := reporter{store: db}.Report(i.ctx, site, "suspects", params)
	if err != nil {
		return err
	}
	return result.Write(i.stdout, c.Format)
}

// suspectsChoice narrows a verdict down further than a list can be.
type suspectsChoice struct {
	suspectsFilter
	Kind           string   `help:"Only touches, or only submissions. Default both." placeholder:"KIND" default:"both" enum:"both,touch,submission"`
	ID             []string `name:"id" help:"Only these touches or submissions." placeholder:"IDS"`
	Source         string   `help:"Only those from this source; a submission: by its latest touch." placeholder:"SOURCE"`
	ReferrerDomain string   `help:"Only those from this referrer domain." placeholder:"DOMAIN"`
	Form           string   `help:"Only submissions of this form." placeholder:"FORM"`
	All            bool     `help:"Really all of the site."`
}

type suspectsClearCommand struct{ suspectsChoice }

// Run is headwater suspects clear.
func (c suspectsClearCommand) Run(i *invocation) error { return c.judge(i, schema.VerdictClear) }

type suspectsMarkCommand struct{ suspectsChoice }

// Run is headwater suspects mark.
func (c suspectsMarkCommand) Run(i *invocation) error {
	if c.Reason != "" {
		return usageError{errors.New("mark puts records under the suspicion operator: leave --reason out")}
	}
	return c.judge(i, string(schema.SuspectOperator))
}

func (c suspectsChoice) judge(i *invocation, verdict string) error {
	if !c.All && c.Reason+c.From+c.To+c.Source+c.ReferrerDomain+c.Form == "" && len(c.ID) == 0 {
		return usageError{errors.New("say which records: --reason, --from, --to, --source, --referrer-domain, --form or --id; --all for all of the site")}
	}
	l, site, params, err := c.site(i)
	if err != nil {
		return err
	}
	judgement, err := c.judgement(site, params, verdict)
	if err != nil {
		return usageError{err}
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
	counts, err := db.Judge(i.ctx, judgement, time.Now())
	if err != nil {
		return err
	}
	log.Info("operator's verdict", "verdict", verdict, "site", site.ID, "operator", operatorName(), "reason", c.Reason, "from", c.From, "to", c.To,
		"source", c.Source, "referrer_domain", c.ReferrerDomain, "form", c.Form, "ids", len(c.ID), "touches", counts["touches"], "submissions", counts["submissions"])
	fmt.Fprintf(i.stdout, "%s: %d touches, %d submissions\n", verdict, counts["touches"], counts["submissions"])
	return nil
}

func (c suspectsChoice) judgement(site *schema.Site, params reports.Params, verdict string) (store.Judgement, error) {
	since, until, err := params.Range()
	if err != nil {
		return store.Judgement{}, err
	}
	j := store.Judgement{
		Site: site.ID, Verdict: verdict, Reason: params.Reason, Since: since, Until: until,
		Source: strings.ToLower(c.Source), ReferrerDomain: strings.ToLower(c.ReferrerDomain), Form: schema.FormID(c.Form),
	}
	for _, text := range c.ID {
		id, err := schema.ParseUUID("id", text)
		if err != nil {
			return j, err
		}
		j.IDs = append(j.IDs, id)
	}
	if c.Kind != "submission" && c.Form == "" {
		j.Tables = append(j.Tables, "touches")
	}
	if c.Kind != "touch" {
		j.Tables = append(j.Tables, "submissions")
	}
	if len(j.Tables) == 0 {
		return j, errors.New("a touch has no form: leave --form or --kind out")
	}
	return j, nil
}

// operatorName is who runs the command, as the machine knows it, for the log.
func operatorName() string {
	if who, err := user.Current(); err == nil {
		return who.Username
	}
	return "unknown"
}
