package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/headwater/headwater/collector/api"
	"github.com/headwater/headwater/collector/erasure"
	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

// openErasures prepares this node's part in forgetting people.
func (p *program) openErasures(config Config) error {
	var err error
	p.erasures, err = erasure.Open(erasure.Config{
		Sites: config.Sites, Secret: []byte(config.Secret), Store: p.store, Visitors: p.visitors,
		Spool: p.spool, SpoolDir: config.SpoolDir, SetAsideDays: config.SetAsideDays, Now: wallClock, Log: p.log,
	})
	return err
}

// people is erasure as api knows it: its errors are answers.
type people struct{ *erasure.Erasures }

func (p people) Export(ctx context.Context, person schema.Person) ([]*reports.Result, error) {
	tables, err := p.Erasures.Export(ctx, person)
	return tables, answerable(err)
}

func (p people) Erase(ctx context.Context, person schema.Person, by, reason string) (schema.Erasure, error) {
	erased, err := p.Erasures.Erase(ctx, person, by, reason)
	return erased, answerable(err)
}

func (p people) Progress(ctx context.Context, site schema.SiteID, id schema.ErasureID) (schema.Erasure, error) {
	erased, err := p.Erasures.Progress(ctx, site, id)
	return erased, answerable(err)
}

// persons is erasure as the console knows it.
type persons struct{ *erasure.Erasures }

func (p persons) Export(ctx context.Context, w io.Writer, person schema.Person) error {
	tables, err := p.Erasures.Export(ctx, person)
	if err != nil {
		return err
	}
	return api.WriteExportJSON(w, tables)
}

func answerable(err error) error {
	switch {
	case errors.Is(err, erasure.ErrSeveral):
		return rejection.New(rejection.SeveralPeople, "Several people sent forms from this visitor's browser. Name the one who is meant with email.")
	case errors.Is(err, erasure.ErrNoErasure):
		return rejection.New(rejection.UnknownErasure, "This site has no erasure of that id: take the one that POST /api/erase gave.")
	}
	return err
}

// whom is the part of a command line that names a person.
type whom struct {
	Site    string `help:"The site's id. May be left out where the configuration has only one." placeholder:"ID"`
	Email   string `help:"The person, by e-mail address." placeholder:"ADDRESS" xor:"whom"`
	Visitor string `help:"The person, by the visitor id in the cookie hw." placeholder:"ID" xor:"whom"`
}

func (w whom) person(l *loaded) (schema.Person, error) {
	site, err := chooseSite(l.Sites, w.Site)
	if err != nil {
		return schema.Person{}, usageError{err}
	}
	person := schema.Person{Site: site.ID}
	switch {
	case w.Email != "":
		address, err := schema.NormaliseEmail(w.Email)
		if err != nil {
			return person, usageError{err}
		}
		person.Contact = schema.NewContactID(site.ContactKey([]byte(l.Secret)), address)
	case w.Visitor != "":
		id, err := schema.ParseUUID("visitor", w.Visitor)
		if err != nil {
			return person, usageError{err}
		}
		person.Visitor = schema.VisitorID(id)
	default:
		return person, usageError{errors.New("say who is meant: --email or --visitor")}
	}
	return person, nil
}

// openForAsking is erasure for a command: the collectors do the work.
func openForAsking(i *invocation, l *loaded) (*erasure.Erasures, func(), error) {
	db, err := store.Open(i.ctx, l.ClickHouseDSN)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to ClickHouse: %w", err)
	}
	e, err := erasure.Open(erasure.Config{Sites: l.Sites, Secret: []byte(l.Secret), Store: db, SpoolDir: l.SpoolDir})
	return e, func() { _ = db.Close() }, err
}

type exportCommand struct {
	whom
	Format string `help:"json, or csv: a zip with a file for each table. Default json." default:"json" enum:"json,csv"`
	Output string `short:"o" help:"Write to this file instead of standard output." placeholder:"FILE"`
}

// Help is shown by headwater export -h.
func (exportCommand) Help() string {
	return `Prints everything that is held of a person: the touches of all their visitors, what they sent and typed, contact, company
and deals, and from the spool of this machine what waits and the dead letters. Ask each collector's machine for its own.`
}

// Run is headwater export.
func (c exportCommand) Run(i *invocation) error {
	l, err := i.load()
	if err != nil {
		return err
	}
	person, err := c.person(l)
	if err != nil {
		return err
	}
	e, closing, err := openForAsking(i, l)
	if err != nil {
		return err
	}
	defer closing()
	tables, err := e.Export(i.ctx, person)
	if err != nil {
		return err
	}
	write := api.WriteExportJSON
	if c.Format == "csv" {
		write = api.WriteExportCSV
	}
	if c.Output == "" {
		return write(i.stdout, tables)
	}
	file, err := os.OpenFile(c.Output, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	return errors.Join(write(file, tables), file.Close())
}

type eraseCommand struct {
	whom
	Reason string `help:"Kept with the erasure: a reference, no name." placeholder:"TEXT"`
	Wait   bool   `help:"Wait until every place is clean."`
	ID     string `name:"id" help:"Show how far this erasure came, and erase nobody." placeholder:"ID"`
	Again  bool   `help:"Do all erasures once more, after a backup was restored."`
	Gone   string `help:"A collector's name, as shown by an erasure that waits for it: say that its disk exists no more." placeholder:"NODE"`
}

// Help is shown by headwater erase -h.
func (eraseCommand) Help() string {
	return `Forgets a person: what is held of them goes from ClickHouse, Redis and the disks of all collectors, and what comes
from before cannot come back. The running collectors do it; this command only asks. ClickHouse keeps the files of replaced parts
for some minutes (old_parts_lifetime), and an erasure is done when they are gone. Backups are yours: see collector/erasure/README.md.

  headwater erase --site acme --email ada@example.com --wait
  headwater erase --site acme --id 0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e
  headwater erase --again`
}

// Run is headwater erase.
func (c eraseCommand) Run(i *invocation) error {
	l, err := i.load()
	if err != nil {
		return err
	}
	e, closing, err := openForAsking(i, l)
	if err != nil {
		return err
	}
	defer closing()
	switch {
	case c.Gone != "":
		return c.forget(i, e)
	case c.Again:
		return again(i, e)
	}
	erased, err := c.begin(i, l, e)
	for told := ""; err == nil; {
		if text := placesText(erased); text != told {
			told = text
			fmt.Fprintln(i.stderr, text)
		}
		if !c.Wait || erased.Done {
			return json.NewEncoder(i.stdout).Encode(erased)
		}
		select {
		case <-time.After(time.Second):
		case <-i.ctx.Done():
			return i.ctx.Err()
		}
		erased, err = c.progress(i, l, e, erased.ID)
	}
	return err
}

// begin puts the erasure down, or finds the one that is asked for.
func (c eraseCommand) begin(i *invocation, l *loaded, e *erasure.Erasures) (schema.Erasure, error) {
	if c.ID != "" {
		return c.progress(i, l, e, schema.ErasureID(c.ID))
	}
	person, err := c.person(l)
	if err != nil {
		return schema.Erasure{}, err
	}
	nodes, err := e.Nodes(i.ctx)
	if err != nil {
		return schema.Erasure{}, err
	}
	if len(nodes) == 0 {
		return schema.Erasure{}, errors.New("no collector has said yet that it runs: start `headwater serve`, which does the work")
	}
	return e.Erase(i.ctx, person, "command", c.Reason)
}

func (c eraseCommand) progress(i *invocation, l *loaded, e *erasure.Erasures, id schema.ErasureID) (schema.Erasure, error) {
	site, err := chooseSite(l.Sites, c.Site)
	if err != nil {
		return schema.Erasure{}, usageError{err}
	}
	return e.Progress(i.ctx, site.ID, id)
}

func (c eraseCommand) forget(i *invocation, e *erasure.Erasures) error {
	known, err := e.Forget(i.ctx, c.Gone)
	if err == nil && !known {
		err = fmt.Errorf("there is no collector %q", c.Gone)
	}
	if err == nil {
		fmt.Fprintf(i.stdout, "No erasure waits for %s any more.\n", c.Gone)
	}
	return err
}

func again(i *invocation, e *erasure.Erasures) error {
	n, err := e.Repeat(i.ctx)
	if err == nil {
		fmt.Fprintf(i.stdout, "%d erasures are done once more by the collectors that run.\n", n)
	}
	return err
}

// placesText says how far an erasure came.
func placesText(e schema.Erasure) string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, place := range e.Places {
		fmt.Fprintf(table, "%s\t%s\n", place.Place, place.State)
	}
	_ = table.Flush() // a text takes everything
	return strings.TrimSuffix(text.String(), "\n")
}
