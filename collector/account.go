package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

// offerSetUp prints the link that makes the first account of the console, where there is none.
func (p *program) offerSetUp(ctx context.Context, publicURL string) {
	for {
		token, err := p.accounts.SetUpLink(ctx)
		if err == nil {
			if token != "" {
				p.log.Info("nobody has an account of the console yet: this link makes the first one, an admin of all sites",
					"link", linkTo(publicURL, token), "valid_hours", int(accounts.LinkLife.Hours()))
			}
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(desk.Every):
		}
	}
}

func linkTo(publicURL, token string) string {
	return strings.TrimSuffix(publicURL, "/") + "/console/link/" + token
}

type accountCommand struct {
	List   accountListCommand   `cmd:"" help:"List who has an account of the console, with their roles."`
	Add    accountAddCommand    `cmd:"" help:"Give somebody a role, and an account where they have none; prints a one-time link to it."`
	Link   accountLinkCommand   `cmd:"" help:"Print a one-time link to an account, for who lost the password."`
	Remove accountRemoveCommand `cmd:"" help:"Take somebody's role away; who has none left loses the account."`
}

// Help is shown by headwater account -h.
func (accountCommand) Help() string {
	return `Who may use the console. A running collector learns of a change within two seconds. Without --site a role is one on all sites.

  headwater account add --email ada@example.com --role admin
  headwater account add --email bob@example.com --role viewer --site acme
  headwater account link --email ada@example.com`
}

// asBy is the author of what the command line changes.
const asBy = "command"

// openAccounts reads the accounts; the returned function closes the connection.
func openAccounts(i *invocation) (*accounts.Accounts, *loaded, func(), error) {
	l, err := i.load()
	if err != nil {
		return nil, nil, nil, err
	}
	db, err := store.Open(i.ctx, l.ClickHouseDSN)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("connect to ClickHouse: %w", err)
	}
	a := accounts.New(desk.New(db, time.Now), time.Now, slog.New(slog.DiscardHandler))
	if err := a.Refresh(i.ctx); err != nil {
		return nil, nil, nil, errors.Join(fmt.Errorf("read the accounts: %w", err), db.Close())
	}
	return a, l, func() { _ = db.Close() }, nil
}

// scope is the site that --site names, or all sites.
func scope(l *loaded, name string) (schema.SiteID, error) {
	if name == "" {
		return accounts.AllSites, nil
	}
	site, err := chooseSite(l.Sites, name)
	if err != nil {
		return "", usageError{err}
	}
	return site.ID, nil
}

type accountListCommand struct{}

// Run is headwater account list.
func (accountListCommand) Run(i *invocation) error {
	a, l, closing, err := openAccounts(i)
	if err != nil {
		return err
	}
	defer closing()
	table := tabwriter.NewWriter(i.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "EMAIL\tNAME\tSITE\tROLE\tPASSWORD")
	scopes := []schema.SiteID{accounts.AllSites}
	for _, site := range l.Sites {
		scopes = append(scopes, site.ID)
	}
	for _, at := range scopes {
		for _, m := range a.Members(at) {
			if m.AllSites != (at == accounts.AllSites) {
				continue
			}
			where, password := string(at), "no"
			if m.AllSites {
				where = "(all)"
			}
			if m.HasPassword {
				password = "yes"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", m.Email, m.Name, where, m.Role, password)
		}
	}
	return table.Flush()
}

type accountAddCommand struct {
	Email string `help:"Their e-mail address." placeholder:"ADDRESS" required:""`
	Name  string `help:"How others know them." placeholder:"NAME"`
	Role  string `help:"viewer (reads), marketer (also keeps links, selections, spend) or admin (also settings and users)." placeholder:"ROLE" required:"" enum:"viewer,marketer,admin"`
	Site  string `help:"The site; left out: all sites." placeholder:"ID"`
}

// Run is headwater account add.
func (c accountAddCommand) Run(i *invocation) error {
	a, l, closing, err := openAccounts(i)
	if err != nil {
		return err
	}
	defer closing()
	at, err := scope(l, c.Site)
	if err != nil {
		return err
	}
	user, _, err := a.Add(i.ctx, asBy, c.Email, c.Name, at, accounts.Role(c.Role))
	if err != nil {
		return err
	}
	return printLink(i, a, l, user)
}

type accountLinkCommand struct {
	Email string `help:"The account's e-mail address." placeholder:"ADDRESS" required:""`
}

// Run is headwater account link.
func (c accountLinkCommand) Run(i *invocation) error {
	a, l, closing, err := openAccounts(i)
	if err != nil {
		return err
	}
	defer closing()
	user, found := a.ByEmail(c.Email)
	if !found {
		return fmt.Errorf("nobody has an account with the address %s: headwater account add makes one", c.Email)
	}
	return printLink(i, a, l, user)
}

func printLink(i *invocation, a *accounts.Accounts, l *loaded, user accounts.User) error {
	token, err := a.NewLink(i.ctx, asBy, user.ID)
	if err != nil {
		return err
	}
	fmt.Fprintln(i.stdout, linkTo(l.publicURL(), token))
	return nil
}

type accountRemoveCommand struct {
	Email string `help:"Their e-mail address." placeholder:"ADDRESS" required:""`
	Site  string `help:"The site; left out: the role on all sites." placeholder:"ID"`
}

// Run is headwater account remove.
func (c accountRemoveCommand) Run(i *invocation) error {
	a, l, closing, err := openAccounts(i)
	if err != nil {
		return err
	}
	defer closing()
	at, err := scope(l, c.Site)
	if err != nil {
		return err
	}
	user, _ := a.ByEmail(c.Email)
	var sites []schema.SiteID
	for _, site := range l.Sites {
		sites = append(sites, site.ID)
	}
	for _, m := range a.Members(at) {
		if m.ID == user.ID && m.AllSites == (at == accounts.AllSites) {
			return a.Remove(i.ctx, asBy, m.ID, at, m.Version, sites)
		}
	}
	return fmt.Errorf("%s has no role there: headwater account list shows who has which", c.Email)
}
