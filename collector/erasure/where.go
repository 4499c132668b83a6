package erasure

import (
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/headwater/headwater/schema"
)

const nilUUID = "00000000-0000-0000-0000-000000000000"

// table is one that holds people, with what an erasure does to their rows.
type table struct {
	name string
	// blank is what an UPDATE sets instead of deleting; "" deletes.
	blank string
}

// personal are the tables with rows of people, in the order in which an erasure takes them: what was typed first, and before
// a row goes through which another one's owner is found, that other one.
var personal = []table{
	{name: "submission_fields"},
	{name: "touches"},
	{name: "submissions"},
	{name: "deals", blank: "contact_id = '', contact_crm_id = ''"},
	{name: "contacts"},
	{name: "desk"},
}

// derived are the tables that are made of the personal ones, and hold ids of people too.
var derived = []string{"settled_touches", "settled_journeys", "settled_paths", "settled_credits", "changes"}

// whose says which rows are meant: SQL for the set of contacts and the set of visitors, and until when.
type whose struct {
	site     string // SQL
	contacts string // SQL of a set
	visitors string // SQL of a set, without the nil UUID
	until    string // SQL of a time; "" for all times
	database string // with a point, "" for the connection's: mutations run without one
}

// asked are the rows of a person that a request names; parameters binds what it says.
func asked(person schema.Person) whose {
	w := whose{site: "{site:String}", contacts: "('')", visitors: "(toUUIDOrZero({visitor:String}))"}
	if person.Contact != "" {
		w.contacts = "({contact:String})"
		w.visitors = "(SELECT visitor_id FROM submissions WHERE site_id = {site:String} AND contact_id = {contact:String} AND visitor_id != toUUID('" + nilUUID + "'))"
	}
	return w
}

func parameters(person schema.Person) clickhouse.Parameters {
	return clickhouse.Parameters{"site": string(person.Site), "contact": string(person.Contact), "visitor": string(person.Visitor)}
}

// buried are the rows of an erasure, found through its tombstones: so the text of a mutation, which ClickHouse writes to its
// disk and keeps, names nobody.
func buried(database string, id schema.ErasureID, site schema.SiteID, at time.Time) whose {
	subjects := func(kind schema.SubjectKind, value, and string) string {
		return fmt.Sprintf("(SELECT %s FROM %serasures WHERE site_id = '%s' AND kind = '%s' AND erasure_id = toUUID('%s')%s)",
			value, database, site, kind, id, and)
	}
	return whose{
		site:     "'" + string(site) + "'",
		contacts: subjects(schema.SubjectContact, "subject", " AND subject != ''"),
		visitors: subjects(schema.SubjectVisitor, "toUUIDOrZero(subject)", " AND toUUIDOrZero(subject) != toUUID('"+nilUUID+"')"),
		until:    fmt.Sprintf("fromUnixTimestamp64Milli(toInt64(%d))", at.UnixMilli()),
		database: database,
	}
}

// where is the condition of the table's rows. An anonymous submission belongs to its visitor; one with another contact does
// not (see foreign).
func (w whose) where(table string) string {
	anonymous := "contact_id = '' AND visitor_id IN " + w.visitors
	switch table {
	case "touches":
		return w.and("visitor_id IN "+w.visitors, "occurred_at", "received_at")
	case "submissions":
		return w.and("(contact_id != '' AND contact_id IN "+w.contacts+" OR "+anonymous+")", "occurred_at", "received_at")
	case "submission_fields":
		return w.and("(contact_id != '' AND contact_id IN "+w.contacts+" OR contact_id = '' AND submission_id IN (SELECT submission_id FROM "+
			w.database+"submissions WHERE site_id = "+w.site+" AND "+anonymous+"))", "occurred_at", "received_at")
	case "deals":
		return w.and("(contact_id != '' AND contact_id IN "+w.contacts+" OR contact_crm_id != '' AND contact_crm_id IN (SELECT crm_id FROM "+
			w.database+"contacts WHERE site_id = "+w.site+" AND crm_id != '' AND contact_id IN "+w.contacts+"))", "received_at")
	case "contacts":
		return w.and("contact_id != '' AND contact_id IN "+w.contacts, "received_at")
	case "desk":
		return w.and("contact_id != '' AND contact_id IN "+w.contacts, "changed_at")
	}
	panic("no table of people: " + table)
}

// foreign is the condition of submissions that somebody else sent from a browser of the person: they stay, without the
// visitor.
func (w whose) foreign() string {
	return w.and("contact_id != '' AND contact_id NOT IN "+w.contacts+" AND visitor_id IN "+w.visitors, "occurred_at", "received_at")
}

// and adds site and time: one of the times is not after the erasure.
func (w whose) and(condition string, times ...string) string {
	condition = "site_id = " + w.site + " AND " + condition
	if w.until == "" || len(times) == 0 {
		return condition
	}
	for i, column := range times {
		times[i] = column + " <= " + w.until
	}
	return condition + " AND (" + strings.Join(times, " OR ") + ")"
}

// anyOf joins the conditions of several erasures.
func anyOf(all []whose, condition func(whose) string) string {
	parts := make([]string, len(all))
	for i, w := range all {
		parts[i] = "(" + condition(w) + ")"
	}
	return strings.Join(parts, " OR ")
}
