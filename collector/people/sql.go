package people

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headwater/headwater/schema"
)

// binder writes criteria as SQL over facts/people.sql. Names of columns come from this file, whatever somebody typed is bound.
type binder struct {
	bound map[string]string
	zone  *time.Location
	now   time.Time
	query *Query
}

// text binds a text and returns its place.
func (b *binder) text(value string) string {
	name := "v" + strconv.Itoa(len(b.bound))
	b.bound[name] = schema.Bind(value)
	return "{" + name + ":String}"
}

func (b *binder) texts(values []string) string {
	name := "v" + strconv.Itoa(len(b.bound))
	b.bound[name] = schema.BindAll(values)
	return "{" + name + ":Array(String)}"
}

func (b *binder) instant(at time.Time) string {
	name := "v" + strconv.Itoa(len(b.bound))
	b.bound[name] = schema.BindTime(at)
	return "{" + name + ":DateTime64(3, 'UTC')}"
}

// criteria is true where one of the groups holds.
func (b *binder) criteria(c Criteria) string {
	if len(c) == 0 {
		return "true"
	}
	groups := make([]string, len(c))
	for i, group := range c {
		groups[i] = b.group(group)
	}
	return "(" + strings.Join(groups, "\n    OR ") + ")"
}

// events are the lists of a contact of which one item must meet all conditions of a group that are about it.
var events = []struct{ list, item string }{{"conversions", "c"}, {"deal_list", "d"}, {"sent", "f"}}

func (b *binder) group(group Group) string {
	parts := []string{"true"}
	within := map[string][]string{}
	for _, condition := range group {
		known, _ := fieldOf(condition.Field)
		switch known.of {
		case "":
			parts = append(parts, b.condition(known, condition))
		case "company":
			parts = append(parts, b.company(known, condition))
		case "selection":
			parts = append(parts, b.selection(condition))
		default:
			within[known.of] = append(within[known.of], b.condition(known, condition))
		}
	}
	for _, event := range events {
		if len(within[event.list]) > 0 {
			held := append(within[event.list], b.query.eventInRange(b, event.list)...)
			parts = append(parts, "arrayExists("+event.item+" -> "+strings.Join(held, " AND ")+", "+event.list+")")
		}
	}
	if steps := within["steps"]; len(steps) > 0 {
		parts = append(parts, "contact_id IN (SELECT contact_id FROM lead_paths WHERE arrayExists(t -> "+strings.Join(steps, " AND ")+", steps))")
	}
	return "(" + strings.Join(parts, " AND ") + ")"
}

func (b *binder) condition(f field, c Condition) string {
	switch f.kind {
	case number:
		comparison := map[Op]string{AtLeast: " >= ", AtMost: " <= ", Is: " = "}[c.Op]
		return f.expression + comparison + "toUInt64(" + b.text(c.Value) + ")"
	case money:
		return b.money(f, c)
	case day:
		return b.day(f, c)
	}
	return b.words(f, c)
}

// words compares text, whatever its case. What touches do not have is named as the reports name it: "(unattributed)", "(not set)".
func (b *binder) words(f field, c Condition) string {
	value, label := "lowerUTF8("+f.expression+")", "lowerUTF8("+f.label()+")"
	switch c.Op {
	case Is:
		return label + " = lowerUTF8(" + b.text(c.Value) + ")"
	case IsNot:
		return label + " != lowerUTF8(" + b.text(c.Value) + ")"
	case OneOf:
		return "has(arrayMap(one -> lowerUTF8(one), " + b.texts(c.values()) + "), " + label + ")"
	case Contains:
		return "position(" + value + ", lowerUTF8(" + b.text(c.Value) + ")) > 0"
	case NotContain:
		return "position(" + value + ", lowerUTF8(" + b.text(c.Value) + ")) = 0"
	case BeginsWith:
		return "startsWith(" + value + ", lowerUTF8(" + b.text(c.Value) + "))"
	case Empty:
		return f.expression + " = ''"
	}
	return f.expression + " != ''"
}

func (f field) label() string {
	if f.touch == "" {
		return f.expression
	}
	return "multiIf(" + f.touch + " = '', '(unattributed)', " + f.expression + " = '', '(not set)', " + f.expression + ")"
}

var opposite = map[Op]Op{IsNot: Is, NotContain: Contains, Empty: NotEmpty}

// company compares the name that people know a company by.
func (b *binder) company(f field, c Condition) string {
	not := ""
	if positive, is := opposite[c.Op]; is {
		not, c.Op = "NOT ", positive
	}
	return "company_id " + not + "IN (SELECT company_id FROM company_names WHERE " + b.words(f, c) + ")"
}

func (b *binder) selection(c Condition) string {
	not := ""
	if c.Op == IsNot {
		not = "NOT "
	}
	return "contact_id " + not + "IN (SELECT contact_id FROM selection_members WHERE selection_id = " + b.text(c.Value) + ")"
}

func (b *binder) money(f field, c Condition) string {
	currency, amount, _ := parseMoney(c.Value) // it was checked
	comparison := map[Op]string{AtLeast: " >= ", AtMost: " <= "}[c.Op]
	value := "toDecimal128(" + b.text(amount.String()) + ", 4)"
	if f.of == "deal_list" {
		return "d.3 = " + b.text(currency) + " AND d.4" + comparison + value
	}
	return "mapContains(" + f.expression + ", " + b.text(currency) + ") AND " + f.expression + "[" + b.text(currency) + "]" + comparison + value
}

func (b *binder) day(f field, c Condition) string {
	never := f.expression + " <= toDateTime64(0, 3, 'UTC')"
	switch c.Op {
	case Empty:
		return never
	case NotEmpty:
		return "NOT " + never
	case LastDays:
		days, _ := strconv.Atoi(c.Value)
		today := b.now.In(b.zone)
		from := time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, b.zone).AddDate(0, 0, 1-days)
		return f.expression + " >= " + b.instant(from)
	}
	at, _ := time.ParseInLocation(time.DateOnly, c.Value, b.zone)
	switch c.Op {
	case Before:
		return "(NOT " + never + " AND " + f.expression + " < " + b.instant(at) + ")"
	case Since:
		return f.expression + " >= " + b.instant(at)
	}
	return f.expression + " >= " + b.instant(at) + " AND " + f.expression + " < " + b.instant(at.AddDate(0, 0, 1))
}

// Counts is what a number counts whose contacts are asked for.
type Counts string

// What may be counted within a range: see Query.
const (
	Leads       Counts = "leads"
	Qualified   Counts = "qualified"
	Conversions Counts = "conversions"
	Deals       Counts = "deals"
	WonDeals    Counts = "won_deals"
)

// AllCounts lists them.
func AllCounts() []Counts { return []Counts{Leads, Qualified, Conversions, Deals, WonDeals} }

// inRange is the condition of a query's range: what was counted happened in it.
func (b *binder) inRange() string {
	q := b.query
	if q.Counts == "" && q.Since.IsZero() && q.Until.IsZero() {
		return "true"
	}
	within := func(expression string) string { return b.between(expression, q.Since, q.Until) }
	switch q.Counts {
	case Leads:
		return "is_lead AND " + within("created_at")
	case Qualified:
		return "is_lead AND status = 'qualified' AND " + within("created_at")
	case Conversions:
		return "arrayExists(c -> " + within("c.1") + ", conversions)"
	case Deals:
		return "arrayExists(d -> " + within("d.5") + ", deal_list)"
	case WonDeals:
		return "arrayExists(d -> d.6 > toDateTime64(0, 3, 'UTC') AND " + within("d.6") + ", deal_list)"
	}
	return within("created_at")
}

func (b *binder) between(expression string, since, until time.Time) string {
	parts := []string{"true"}
	if !since.IsZero() {
		parts = append(parts, expression+" >= "+b.instant(since))
	}
	if !until.IsZero() {
		parts = append(parts, expression+" < "+b.instant(until))
	}
	return strings.Join(parts, " AND ")
}

// eventInRange has the event that meets the criteria be one that the query counts.
func (q *Query) eventInRange(b *binder, list string) []string {
	switch {
	case q.Counts == Conversions && list == "conversions":
		return []string{b.between("c.1", q.Since, q.Until)}
	case q.Counts == Deals && list == "deal_list":
		return []string{b.between("d.5", q.Since, q.Until)}
	case q.Counts == WonDeals && list == "deal_list":
		return []string{"d.6 > toDateTime64(0, 3, 'UTC')", b.between("d.6", q.Since, q.Until)}
	}
	return nil
}

// Column is what a list can show and be sorted by.
type Column string

// sortable are expressions that give the text by which a column is in order, "" for nothing.
func sortable() map[Column]string {
	stamp := func(column string) string {
		return "if(" + column + " <= toDateTime64(0, 3, 'UTC'), '', leftPad(toString(toUnixTimestamp64Milli(" + column + ")), 15, '0'))"
	}
	count := func(column string) string { return "leftPad(toString(" + column + "), 12, '0')" }
	largest := func(sums string) string {
		return "if(empty(" + sums + "), '', leftPad(toString(toDecimal128(arrayMax(mapValues(" + sums + ")), 4) * 10000), 40, '0'))"
	}
	list := map[Column]string{
		"contact": "contact_id", "company": "lowerUTF8(substring(company_id, position(company_id, ':') + 1))", "form": "form",
		"status":  "leftPad(toString(indexOf({statuses:Array(String)}, status)), 3, '0')", // in the order of the site's list
		"origin":  "if(is_lead, 'lead', 'imported')",
		"created": stamp("created_at"), "last_submission": stamp("last_submission_at"), "status_since": stamp("status_since"),
		"submissions": count("submissions"), "deals": count("deals"), "won_amount": largest("won_amounts"), "open_amount": largest("open_amounts"),
	}
	for _, point := range []string{"first_touch", "lead_creation", "company_source"} {
		for i, dimension := range Dimensions() {
			list[Column(point+"."+dimension)] = "splitByChar('\\0', " + point + ")[" + strconv.Itoa(i+1) + "]"
		}
	}
	return list
}

// Columns lists what a list can show, in the order in which people choose from them.
func Columns() []Column {
	list := []Column{"status"}
	for _, point := range []string{"lead_creation", "first_touch", "company_source"} {
		for _, dimension := range Dimensions() {
			list = append(list, Column(point+"."+dimension))
		}
	}
	return append(list, "company", "form", "origin", "created", "last_submission", "submissions", "deals", "won_amount", "open_amount", "status_since", "status_owner")
}

// Sortable tells whether a list can be sorted by the column.
func (c Column) Sortable() bool { _, known := sortable()[c]; return known }

// order is the text that a list is sorted by. What is empty comes last, whichever the direction.
func (b *binder) order(by Column, descending bool) string {
	expression := sortable()[by]
	last, first := "'1'", "'0'"
	if descending {
		last, first = first, last
	}
	return "concat(if(" + expression + " = '', " + last + ", " + first + "), " + expression + ")"
}

// groupLabel is what cards of a board are grouped by: a dimension of a data point.
func groupLabel(by Column) string {
	point, dimension, _ := strings.Cut(string(by), ".")
	at := slices.Index(Dimensions(), dimension)
	if at < 0 {
		return "''"
	}
	value := "splitByChar('\\0', " + point + ")[" + strconv.Itoa(at+1) + "]"
	return "multiIf(" + point + " = '', '(unattributed)', " + value + " = '', '(not set)', " + value + ")"
}
