package erasure

import (
	"context"
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/headwater/headwater/schema"
)

// What a request may be answered with besides a database's error.
var (
	// ErrSeveral: several people sent forms from this visitor's browser.
	ErrSeveral = errors.New("several people sent forms from this visitor's browser: name the one who is meant by e-mail")
	// ErrNoErasure: the site has no erasure of this id.
	ErrNoErasure = errors.New("there is no erasure of this id")
)

// The places whose steps frame those of the stores.
const (
	placeRequested  = "requested"
	placeClickHouse = "clickhouse"
	placeRedis      = "redis"
	placeAll        = "all"
)

// The states of a step. Whatever is not clean is on its way.
const (
	stateRequested = "requested"
	stateDeleted   = "removing files" // the rows are deleted; the files of before are still on ClickHouse's disk
	stateWaiting   = "waiting"
	stateClean     = "clean"
)

// Erase puts down the tombstones of a person, which is what an erasure is: when it returns, nothing that came before can be
// stored any more, and what is there goes, however often the collectors are killed meanwhile. by and reason are kept with it.
func (e *Erasures) Erase(ctx context.Context, person schema.Person, by, reason string) (schema.Erasure, error) {
	person, err := e.resolve(ctx, person)
	if err != nil {
		return schema.Erasure{}, fmt.Errorf("erase: %w", err)
	}
	found, err := e.count(ctx, person)
	if err != nil {
		return schema.Erasure{}, fmt.Errorf("erase: %w", err)
	}
	subjects, err := e.subjects(ctx, person)
	if err != nil {
		return schema.Erasure{}, fmt.Errorf("erase: %w", err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return schema.Erasure{}, err
	}
	erased := schema.Erasure{ID: schema.ErasureID(id.String()), ErasedAt: e.now(), ErasedBy: by, Reason: reason, Found: found}
	step := schema.ErasureStep{
		SiteID: person.Site, ErasureID: erased.ID, Place: placeRequested, State: stateRequested, Counts: found,
		ErasedAt: erased.ErasedAt, ChangedAt: erased.ErasedAt,
	}
	if err := e.insert(ctx, "erasure_steps", step); err != nil {
		return schema.Erasure{}, fmt.Errorf("erase: %w", err)
	}
	var rows []any
	for _, key := range subjects {
		t := schema.Tombstone{
			SiteID: key.site, ErasureID: erased.ID, Kind: key.kind, Subject: key.id,
			ErasedAt: erased.ErasedAt, ErasedBy: by, Reason: reason, RecordedAt: erased.ErasedAt,
		}
		schema.Bound(&t)
		rows = append(rows, t)
	}
	if err := e.insert(ctx, "erasures", rows...); err != nil {
		return schema.Erasure{}, fmt.Errorf("erase: %w", err)
	}
	if e.config.Spool != nil { // else the collectors find it by themselves
		if err := e.refresh(ctx); err != nil {
			e.log.Warn("erasures: a new one is not known here yet", "erasure", erased.ID, "error", err)
		}
	}
	erased.Places = []schema.ErasureStep{step}
	return erased, nil
}

// resolve finds the contact behind a visitor, where there is exactly one.
func (e *Erasures) resolve(ctx context.Context, person schema.Person) (schema.Person, error) {
	if person.Contact != "" {
		person.Visitor = ""
		return person, nil
	}
	contacts, err := e.texts(ctx, person, `SELECT DISTINCT contact_id FROM submissions
		WHERE site_id = {site:String} AND visitor_id = toUUID({visitor:String}) AND contact_id != '' LIMIT 2`)
	switch {
	case err != nil:
		return person, err
	case len(contacts) > 1:
		return person, ErrSeveral
	case len(contacts) == 1:
		person.Contact, person.Visitor = schema.ContactID(contacts[0]), ""
	}
	return person, nil
}

// subjects are all ids of a person that ClickHouse knows. Others, of records that are still on their way, are added when they
// come by.
func (e *Erasures) subjects(ctx context.Context, person schema.Person) ([]subject, error) {
	if person.Contact == "" {
		return []subject{{person.Site, schema.SubjectVisitor, string(person.Visitor)}}, nil
	}
	all := []subject{{person.Site, schema.SubjectContact, string(person.Contact)}}
	ids, err := e.texts(ctx, person, `SELECT DISTINCT toString(visitor_id) FROM submissions
		WHERE site_id = {site:String} AND contact_id = {contact:String} AND visitor_id != toUUID('`+nilUUID+`')`)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		all = append(all, subject{person.Site, schema.SubjectVisitor, id})
	}
	ids, err = e.texts(ctx, person, `
		SELECT DISTINCT crm_id FROM contacts WHERE site_id = {site:String} AND contact_id = {contact:String} AND crm_id != ''
		UNION DISTINCT
		SELECT DISTINCT contact_crm_id FROM deals WHERE site_id = {site:String} AND contact_id = {contact:String} AND contact_crm_id != ''`)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		all = append(all, subject{person.Site, schema.SubjectCRMID, e.keyed(person.Site, id)})
	}
	return all, nil
}

// count tells how many rows of each table are the person's.
func (e *Erasures) count(ctx context.Context, person schema.Person) (map[string]uint64, error) {
	found := map[string]uint64{}
	for _, table := range personal {
		var n uint64
		query := "SELECT count() FROM " + table.name + " FINAL WHERE " + asked(person).where(table.name)
		ctx, cancel := context.WithTimeout(ctx, queryTimeout)
		err := e.config.Store.Conn().QueryRow(private(ctx, parameters(person)), query).Scan(&n)
		cancel()
		if err != nil {
			return nil, fmt.Errorf("count %s: %w", table.name, err)
		}
		found[table.name] = n
	}
	return found, nil
}

// Progress tells how far an erasure of the site came.
func (e *Erasures) Progress(ctx context.Context, site schema.SiteID, id schema.ErasureID) (schema.Erasure, error) {
	parsed, err := uuid.Parse(string(id))
	if err != nil {
		return schema.Erasure{}, ErrNoErasure
	}
	known := schema.Erasure{ID: schema.ErasureID(parsed.String()), Found: map[string]uint64{}, Places: []schema.ErasureStep{}}
	var subjects uint64
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	err = e.config.Store.Conn().QueryRow(private(ctx, clickhouse.Parameters{"site": string(site), "erasure": parsed.String()}), `
		SELECT uniqExact(kind, subject), any(erased_at), any(erased_by), any(reason) FROM erasures
		WHERE site_id = {site:String} AND erasure_id = toUUID({erasure:String})`).
		Scan(&subjects, &known.ErasedAt, &known.ErasedBy, &known.Reason)
	if err != nil {
		return schema.Erasure{}, fmt.Errorf("progress of an erasure: %w", err)
	}
	if subjects == 0 {
		return schema.Erasure{}, ErrNoErasure
	}
	steps, err := e.steps(ctx, []schema.ErasureID{known.ID})
	if err != nil {
		return schema.Erasure{}, fmt.Errorf("progress of an erasure: %w", err)
	}
	nodes, err := e.nodes(ctx)
	if err != nil {
		return schema.Erasure{}, fmt.Errorf("progress of an erasure: %w", err)
	}
	mine := steps[known.ID]
	known.Found = mine[placeRequested].Counts
	known.Done = mine.clean(placeAll, subjects)
	for _, place := range places(nodes) {
		step, ok := mine[place]
		if !ok || !mine.clean(place, subjects) && step.State == stateClean {
			step = schema.ErasureStep{Place: place, State: stateWaiting, ChangedAt: known.ErasedAt}
		}
		known.Places = append(known.Places, step)
	}
	return known, nil
}

// Barred tells whether an import, or a deal, must not bring a contact back: they were erased and did not come back by
// themself. crmID, where it is not empty, is the contact's id in the CRM.
func (e *Erasures) Barred(ctx context.Context, site schema.SiteID, contact schema.ContactID, crmID string) (bool, error) {
	known := e.set.Load()
	if len(known.tombs) == 0 {
		return false, nil
	}
	erased := known.contactOf(&schema.Deal{SiteID: site, ContactID: contact, ContactCRMID: crmID}, e.keyed)
	if erased == "" {
		return false, nil
	}
	back, err := e.cameBack(ctx, known, site, erased)
	if err == nil && !back {
		e.stats.refused.Add(1)
	}
	return !back, err
}

// texts returns the one column of a query about a person.
func (e *Erasures) texts(ctx context.Context, person schema.Person, query string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	rows, err := e.config.Store.Conn().Query(private(ctx, parameters(person)), query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}
