package people

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/schema"
)

// Field is something of a contact that criteria ask about: "first_touch.source", "created", "deal.amount".
type Field string

// Op is how a criterion compares.
type Op string

// The operators. Which of them a field takes depends on what it holds (Ops).
const (
	Is         Op = "is"
	IsNot      Op = "is_not"
	Contains   Op = "contains"
	NotContain Op = "not_contains"
	BeginsWith Op = "begins_with"
	Empty      Op = "empty"
	NotEmpty   Op = "not_empty"
	OneOf      Op = "one_of"
	AtLeast    Op = "at_least"
	AtMost     Op = "at_most"
	Since      Op = "since"  // that day or later
	Before     Op = "before" // before that day
	LastDays   Op = "last_days"
)

// kind is what a field holds.
type kind int

const (
	words  kind = iota // text
	choice             // one of a list
	number             // a count
	money              // an amount in a currency
	day                // a time, compared by days
)

var opsOf = map[kind][]Op{
	words:  {Is, IsNot, Contains, NotContain, BeginsWith, OneOf, Empty, NotEmpty},
	choice: {Is, IsNot, OneOf},
	number: {AtLeast, AtMost, Is},
	money:  {AtLeast, AtMost},
	day:    {Since, Before, Is, LastDays, Empty, NotEmpty},
}

// Condition is one criterion.
type Condition struct {
	Field Field `json:"field"`
	Op    Op    `json:"op"`
	// Value is what the field is compared with; of OneOf a list, with commas (\, is a comma within a value).
	Value string `json:"value,omitempty"`
}

// Group is criteria that must all hold.
type Group []Condition

// Criteria are groups of which one must hold. Without any they are met by everybody.
type Criteria []Group

const (
	maxGroups     = 10
	maxConditions = 20  // in a group
	maxValue      = 512 // bytes of a value
	maxOneOf      = 100 // values of one_of
)

// Error says what is wrong with criteria, and where: Group and Condition count from 0.
type Error struct {
	Group, Condition int
	Reason           Reason
	// Value is what the reason is about, "" for nothing.
	Value string
}

// Reason is what is wrong with a criterion.
type Reason string

// The reasons.
const (
	NoField      Reason = "field"    // there is none called Value
	NoOp         Reason = "operator" // the field does not take it
	NoValue      Reason = "value"    // there is nothing to compare with
	TooLong      Reason = "long"
	TooMany      Reason = "too_many" // values, criteria or groups
	NoChoice     Reason = "choice"
	NoNumber     Reason = "number"
	NoAmount     Reason = "amount"
	NoDay        Reason = "day"
	NoDays       Reason = "days" // a number of them
	CannotSortBy Reason = "sort"
)

func (e *Error) Error() string {
	return fmt.Sprintf("group %d, criterion %d: %s %.64q", e.Group+1, e.Condition+1, e.Reason, e.Value)
}

// Dimensions are those of a touch that criteria ask about, in the order in which the reports keep them.
func Dimensions() []string {
	return []string{"source", "medium", "campaign", "term", "content", "referrer_domain", "channel"}
}

// field is what is known about a Field.
type field struct {
	Field
	kind kind
	// expression is the field's value in facts/people.sql, or of an event in c (conversions), d (deals) or f (sent forms).
	expression string
	// of is "" for the contact's own, else the list of events, or of touches that led to the lead (t), of which one must meet all the group's
	// conditions about it.
	of      string
	choices []string // of a choice; nil for statuses, which a site names
	touch   string   // the dimensions that the expression takes apart, "" for no touch
}

var fields = allFields()

func allFields() []field {
	var list []field
	for _, point := range []struct{ name, column, of string }{
		{"first_touch", "first_touch", ""}, {"lead_creation", "lead_creation", ""}, {"company_source", "company_source", ""}, {"conversion", "c.2", "conversions"},
	} {
		list = append(list, touchFields(point.name, point.column, point.of)...)
	}
	list = append(list,
		field{Field: "company", expression: "called", of: "company"},
		field{Field: "form", expression: "form"},
		field{Field: "sent_form", expression: "f.1", of: "sent"},
		field{Field: "status", kind: choice, expression: "status"},
		field{Field: "origin", kind: choice, expression: "if(is_lead, 'lead', 'imported')", choices: []string{"lead", "imported"}},
		field{Field: "created", kind: day, expression: "created_at"},
		field{Field: "last_submission", kind: day, expression: "last_submission_at"},
		field{Field: "status_since", kind: day, expression: "status_since"},
		field{Field: "submissions", kind: number, expression: "submissions"},
		field{Field: "deals", kind: number, expression: "deals"},
		field{Field: "won_deals", kind: number, expression: "won_deals"},
		field{Field: "won_amount", kind: money, expression: "won_amounts"},
		field{Field: "deal.status", kind: choice, expression: "d.1", of: "deal_list", choices: []string{"open", "won", "lost"}},
		field{Field: "deal.stage", expression: "d.2", of: "deal_list"},
		field{Field: "deal.amount", kind: money, expression: "d", of: "deal_list"},
		field{Field: "deal.created", kind: day, expression: "d.5", of: "deal_list"},
		field{Field: "selection", kind: choice, expression: "contact_id", of: "selection"},
	)
	for at, point := range []string{"first_touch", "lead_creation", "conversion", "company_source"} {
		list = append(list, touchFields(DealBy+point, "d."+strconv.Itoa(7+at), "deal_list")...)
	}
	list = append(list, touchFields("path", "t.1", "steps")...)
	return append(list,
		field{Field: "path.place", kind: number, expression: "t.2", of: "steps"},
		field{Field: "path.place_from_end", kind: number, expression: "t.3", of: "steps"},
		field{Field: "path.last_non_direct", kind: choice, expression: "if(t.4, 'yes', 'no')", of: "steps", choices: []string{"yes", "no"}},
	)
}

// DealBy begins the fields that ask by which touch a deal is placed under a data point, as the reports place it: "deal.conversion.source".
const DealBy = "deal."

// touchFields are the dimensions of a touch.
func touchFields(name, column, of string) []field {
	var list []field
	for i, dimension := range Dimensions() {
		list = append(list, field{Field: Field(name + "." + dimension), touch: column, of: of,
			expression: "splitByChar('\\0', " + column + ")[" + strconv.Itoa(i+1) + "]"})
	}
	return list
}

// OfDealsTouch tells whether a field asks by which touch a deal is placed, and under which data point.
func (f Field) OfDealsTouch() (point string, is bool) {
	rest, ofDeal := strings.CutPrefix(string(f), DealBy)
	point, _, is = strings.Cut(rest, ".")
	return point, ofDeal && is
}

func fieldOf(name Field) (field, bool) {
	at := slices.IndexFunc(fields, func(f field) bool { return f.Field == name })
	if at < 0 {
		return field{}, false
	}
	return fields[at], true
}

// Fields lists all fields, in the order in which people choose from them.
func Fields() []Field {
	names := make([]Field, len(fields))
	for i := range fields {
		names[i] = fields[i].Field
	}
	return names
}

// Ops lists the operators of a field; nil where there is no such field.
func (f Field) Ops() []Op {
	known, found := fieldOf(f)
	switch {
	case !found:
		return nil
	case f == "selection":
		return []Op{Is, IsNot}
	}
	return opsOf[known.kind]
}

// Choices lists the values that a field may have; nil where it holds anything else, or the site's lead statuses.
func (f Field) Choices() []string {
	known, _ := fieldOf(f)
	return known.choices
}

// IsDay and the like tell what to ask people for.
func (f Field) IsDay() bool { known, found := fieldOf(f); return found && known.kind == day }

// IsMoney tells whether values are amounts such as "EUR 1000".
func (f Field) IsMoney() bool { known, found := fieldOf(f); return found && known.kind == money }

// IsNumber tells whether values are whole numbers.
func (f Field) IsNumber() bool { known, found := fieldOf(f); return found && known.kind == number }

// NeedsValue tells whether an operator compares with something.
func (o Op) NeedsValue() bool { return o != Empty && o != NotEmpty }

// Check says what is wrong with the first criterion that is: as an *Error. Statuses are the ids of the site's lead statuses.
func (c Criteria) Check(statuses []string) error {
	if len(c) > maxGroups {
		return &Error{Group: maxGroups, Reason: TooMany}
	}
	for i, group := range c {
		for j, condition := range group {
			if j == maxConditions {
				return &Error{Group: i, Condition: j, Reason: TooMany}
			}
			if reason, value := condition.wrong(statuses); reason != "" {
				return &Error{i, j, reason, value}
			}
		}
	}
	return nil
}

// wrong is what is wrong with a condition, and with what of it.
func (c Condition) wrong(statuses []string) (Reason, string) {
	known, found := fieldOf(c.Field)
	switch {
	case !found:
		return NoField, string(c.Field)
	case !slices.Contains(c.Field.Ops(), c.Op):
		return NoOp, string(c.Op)
	case !c.Op.NeedsValue():
		return "", ""
	case len(c.Value) > maxValue:
		return TooLong, ""
	case strings.TrimSpace(c.Value) == "" || len(c.values()) == 0:
		return NoValue, ""
	case len(c.values()) > maxOneOf:
		return TooMany, ""
	}
	switch known.kind {
	case choice:
		return known.wrongChoice(c, statuses)
	case number:
		if n, err := strconv.ParseUint(c.Value, 10, 32); err != nil || n > 1_000_000_000 {
			return NoNumber, c.Value
		}
	case money:
		if _, _, err := parseMoney(c.Value); err != nil {
			return NoAmount, c.Value
		}
	case day:
		return wrongDay(c)
	}
	return "", ""
}

func (f field) wrongChoice(c Condition, statuses []string) (Reason, string) {
	choices := f.choices
	switch f.Field {
	case "status":
		choices = statuses
	case "selection":
		return "", ""
	}
	for _, value := range c.values() {
		if !slices.Contains(choices, value) {
			return NoChoice, value
		}
	}
	return "", ""
}

func wrongDay(c Condition) (Reason, string) {
	if c.Op == LastDays {
		if n, err := strconv.Atoi(c.Value); err != nil || n < 1 || n > 3660 {
			return NoDays, c.Value
		}
		return "", ""
	}
	if at, err := time.Parse(time.DateOnly, c.Value); err != nil || at.Year() < 1971 || at.Year() > 2199 {
		return NoDay, c.Value
	}
	return "", ""
}

// parseMoney reads an amount such as "EUR 1000" or "1000.50 EUR".
func parseMoney(text string) (string, decimal.Decimal, error) {
	parts := strings.Fields(text)
	if len(parts) != 2 {
		return "", decimal.Zero, fmt.Errorf("%.64q is not an amount such as EUR 1000", text)
	}
	if len(parts[1]) == 3 && len(parts[0]) != 3 || parts[0][0] >= '0' && parts[0][0] <= '9' {
		parts[0], parts[1] = parts[1], parts[0]
	}
	currency, err := schema.ParseCurrency(strings.ToUpper(parts[0]))
	if err != nil || currency == "" {
		return "", decimal.Zero, fmt.Errorf("%.64q is not a currency such as EUR", parts[0])
	}
	amount, err := decimal.NewFromString(parts[1])
	if err != nil || len(parts[1]) > 24 || strings.ContainsAny(parts[1], "eE") || amount.IsNegative() {
		return "", decimal.Zero, fmt.Errorf("%.64q is not an amount such as EUR 1000", text)
	}
	return currency, amount, nil
}

// values are those that the condition names.
func (c Condition) values() []string {
	if c.Op != OneOf {
		return []string{c.Value}
	}
	var list []string
	var one strings.Builder
	add := func() {
		if text := strings.TrimSpace(one.String()); text != "" {
			list = append(list, text)
		}
		one.Reset()
	}
	escaped := false
	for _, r := range c.Value {
		switch {
		case escaped:
			if r != ',' && r != '\\' {
				one.WriteByte('\\')
			}
			one.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == ',':
			add()
		default:
			one.WriteRune(r)
		}
	}
	if escaped {
		one.WriteByte('\\')
	}
	add()
	return list
}

// JoinValues is the value of OneOf with these.
func JoinValues(values []string) string {
	quoted := make([]string, len(values))
	for i, value := range values {
		quoted[i] = strings.NewReplacer(`\`, `\\`, ",", `\,`).Replace(value)
	}
	return strings.Join(quoted, ",")
}

// Text is the condition as an address has it: field:op:value.
func (c Condition) Text() string {
	if !c.Op.NeedsValue() {
		return string(c.Field) + ":" + string(c.Op)
	}
	return string(c.Field) + ":" + string(c.Op) + ":" + c.Value
}

// ParseCondition reads what Text writes. It keeps whatever is there: Check says what is wrong with it.
func ParseCondition(text string) Condition {
	name, rest, _ := strings.Cut(text, ":")
	op, value, _ := strings.Cut(rest, ":")
	return Condition{Field: Field(name), Op: Op(op), Value: value}
}

// Read reads the criteria of an address: g1=…&g1=…&g2=…, each parameter a condition, those of one name a group.
func Read(query map[string][]string) Criteria {
	var criteria Criteria
	for n := 1; n <= maxGroups+1; n++ {
		var group Group
		for _, text := range query["g"+strconv.Itoa(n)] {
			if text = strings.ToValidUTF8(text, "\ufffd"); text != "" {
				group = append(group, ParseCondition(text))
			}
		}
		if len(group) > 0 {
			criteria = append(criteria, group)
		}
	}
	return criteria
}

// Write adds the criteria to an address.
func (c Criteria) Write(query map[string][]string) {
	for i, group := range c {
		for _, condition := range group {
			name := "g" + strconv.Itoa(i+1)
			query[name] = append(query[name], condition.Text())
		}
	}
}
