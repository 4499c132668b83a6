package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

type reportCommand struct {
	Name string `arg:"" help:"Which report; headwater report -h lists them."`

	Site         string  `help:"The site's id. May be left out where the configuration has only one." placeholder:"ID"`
	By           string  `help:"Break down by source, medium, campaign, term, content, referrer_domain or channel (and landing_page, for reports about paths), or by several with commas." placeholder:"LIST"`
	DataPoint    string  `help:"Place by first_touch, lead_creation, conversion or company_source." placeholder:"POINT"`
	From         string  `help:"From this date, month or time on (2026-03-01, 2026-03, 2026-03-01T09:30)." placeholder:"TIME"`
	To           string  `help:"Before this date, month or time." placeholder:"TIME"`
	Zone         string  `help:"Time zone of dates and periods. Default: the site's." placeholder:"ZONE"`
	Credit       string  `help:"Credit last_non_direct or last. Default last_non_direct." placeholder:"RULE"`
	LookbackDays int     `help:"How old the latest known touch may be to get the credit. Default: the site's." placeholder:"DAYS"`
	Suspects     string  `help:"exclude what is under suspicion, or include it. Default exclude." placeholder:"RULE"`
	Reason       string  `help:"Only this suspicion, in the list of suspects." placeholder:"REASON"`
	Currency     string  `help:"Convert amounts into this currency, such as EUR, by the rates that were imported. Default: each in its own." placeholder:"CODE"`
	RateDays     int     `help:"How many days old a rate may be. Default 7." placeholder:"DAYS"`
	Grain        string  `help:"Period of leads_over_time: day, week or month." placeholder:"GRAIN"`
	Limit        int     `help:"How many rows a list may have." placeholder:"N"`
	Outcome      string  `help:"What is credited: leads, conversions, deals, won_deals or won_amount. Default leads." placeholder:"OUTCOME"`
	Model        string  `help:"Attribution model: first, last, last_non_direct, linear, position, time_decay, markov or shapley. Default last_non_direct." placeholder:"MODEL"`
	Transforms   string  `help:"What is done to paths first: drop_direct, drop_last_direct, collapse_repeats, first_only, or several with commas." placeholder:"LIST"`
	Weights      string  `help:"The parts of the first touch, of all between, and of the last, under the model position. Default 40/20/40." placeholder:"A/B/C"`
	HalfLifeDays float64 `help:"After how many days a touch weighs half, under the model time_decay. Default 7." placeholder:"DAYS"`
	Order        int     `help:"On how many touches the next one depends, under the model markov. Default 1." placeholder:"N"`
	Losses       string  `help:"exclude paths that led to nothing from markov's chain, or include them. Default exclude." placeholder:"RULE"`
	Email        string  `help:"The contact of a contact_card or source_explained, by e-mail address." placeholder:"ADDRESS"`
	Contact      string  `help:"The contact of a contact_card or source_explained, by contact id." placeholder:"ID"`
	Company      string  `help:"The company of a company_card: a domain, a name, or a company id." placeholder:"COMPANY"`
	Format       string  `help:"table, csv, json, jsonl (an object a line) or parquet. Default table." default:"table" enum:"table,csv,json,jsonl,parquet"`
	SQL          bool    `name:"sql" help:"Print the report's SQL, its parameters still to be bound, and ask nothing."`
}

// Help is shown by headwater report -h.
func (reportCommand) Help() string {
	var list strings.Builder
	list.WriteString("The reports, and what each takes besides site, zone, credit, lookback-days and suspects:\n\n")
	for _, name := range reports.Names() {
		fmt.Fprintf(&list, "  %-18s %s\n", name, strings.ReplaceAll(strings.Join(reports.Takes(name), ", "), "_", "-"))
	}
	list.WriteString("\nschema/attribution/README.md explains every figure. Examples:\n\n" +
		"  headwater report source_breakdown --by source,medium --from 2026-03-01 --to 2026-04-01\n" +
		"  headwater report compare_models --by channel --outcome won_amount\n" +
		"  headwater report contact_card --email ada@example.com\n")
	return list.String()
}

// Run is headwater report NAME.
func (r reportCommand) Run(i *invocation) error {
	if r.SQL {
		return writeSQL(r.Name, i.stdout)
	}
	l, err := i.load()
	if err != nil {
		return err
	}
	site, err := chooseSite(l.Sites, r.Site)
	if err != nil {
		return usageError{err}
	}
	params, err := r.params(site, []byte(l.Secret))
	if err != nil {
		return usageError{err}
	}
	db, err := store.Open(i.ctx, l.ClickHouseDSN)
	if err != nil {
		return fmt.Errorf("connect to ClickHouse: %w", err)
	}
	defer func() { _ = db.Close() }()
	result, err := reporter{store: db}.Report(i.ctx, site, r.Name, params)
	if err != nil {
		return err
	}
	return result.Write(i.stdout, r.Format)
}

func writeSQL(name string, to io.Writer) error {
	if !slices.Contains(reports.Names(), name) {
		return usageError{fmt.Errorf("%.64q: %w: there are %s", name, reports.ErrUnknownReport, strings.Join(reports.Names(), ", "))}
	}
	text, err := reports.SQL(name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(to, text)
	return err
}

func chooseSite(sites []schema.Site, id string) (*schema.Site, error) {
	var ids []string
	for i := range sites {
		if string(sites[i].ID) == id || id == "" && len(sites) == 1 {
			return &sites[i], nil
		}
		ids = append(ids, string(sites[i].ID))
	}
	if id == "" {
		return nil, fmt.Errorf("say which site with --site: one of %s", strings.Join(ids, ", "))
	}
	return nil, fmt.Errorf("there is no site %q: there are %s", id, strings.Join(ids, ", "))
}

func (r reportCommand) params(site *schema.Site, secret []byte) (reports.Params, error) {
	values := map[string][]string{}
	for name, text := range map[string]string{
		"by": r.By, "data_point": r.DataPoint, "from": r.From, "to": r.To, "zone": r.Zone, "credit": r.Credit, "suspects": r.Suspects, "reason": r.Reason, "grain": r.Grain,
		"outcome": r.Outcome, "model": r.Model, "transforms": r.Transforms, "weights": r.Weights, "order": number(r.Order), "losses": r.Losses, "half_life_days": fraction(r.HalfLifeDays),
		"contact": r.Contact, "company": r.Company, "limit": number(r.Limit), "currency": r.Currency, "rate_days": number(r.RateDays), "lookback_days": number(r.LookbackDays),
	} {
		if text != "" {
			values[name] = []string{text}
		}
	}
	params, err := reports.ParseParams(values)
	if err != nil {
		return params, err
	}
	if r.Email != "" {
		address, err := schema.NormaliseEmail(r.Email)
		if err != nil {
			return params, err
		}
		params.Contact = schema.NewContactID(site.ContactKey(secret), address)
	}
	return params, nil
}

// number writes a flag's number as the parameter's text; 0 is not given.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// fraction is number for flags with decimals.
func fraction(x float64) string {
	if x == 0 {
		return ""
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// reporter answers reports from the store, for the command line, the API and the console.
type reporter struct {
	store *store.Store
	// migrated is closed when this process has brought the tables up to date; nil where it does not.
	migrated <-chan struct{}
}

// tablesPatience is how long a report waits for tables that are just being made: a first start takes seconds.
const tablesPatience = 20 * time.Second

// Report answers one report of a site, by the site's own zone and look-back window where params name none.
func (r reporter) Report(ctx context.Context, site *schema.Site, name string, params reports.Params) (*reports.Result, error) {
	params.Site = site.ID
	if params.Zone == "" {
		params.Zone = site.TimeZone
	}
	params.OwnDomains, params.Campaigns = site.OwnHosts(), site.RegisteredCampaigns()
	if params.LookbackDays == 0 {
		params.LookbackDays = site.LookbackDays
	}
	return r.Run(ctx, name, params)
}

// Run answers one report of the site that params name, as they are. The collector accepts, and so is ready, before its tables
// are made: who asks meanwhile waits for them rather than being told of an error.
func (r reporter) Run(ctx context.Context, name string, params reports.Params) (*reports.Result, error) {
	early := r.migrated != nil && !closed(r.migrated)
	result, err := reports.Run(ctx, r.store.Conn(), name, params)
	if !early || !errors.Is(err, reports.ErrNoTables) {
		return result, err
	}
	patience := time.NewTimer(tablesPatience)
	defer patience.Stop()
	select {
	case <-r.migrated:
		return reports.Run(ctx, r.store.Conn(), name, params)
	case <-patience.C:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func closed(channel <-chan struct{}) bool {
	select {
	case <-channel:
		return true
	default:
		return false
	}
}
