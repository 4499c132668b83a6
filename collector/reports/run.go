package reports

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/schema"
)

// maxSeconds bounds the execution time of one query. A caller that wants less passes a context with a deadline.
const maxSeconds = 60

// querySettings are what the SQL relies on and what a server's profile might have changed: missing sides of a join are empty
// values rather than NULL, and FINAL merges duplicates, also those that lie in different partitions, before anything is left
// out. What needs more memory than is sensible for one of several queries goes on with files.
func querySettings() clickhouse.Settings {
	return clickhouse.Settings{
		"join_use_nulls": 0,
		"do_not_merge_across_partitions_select_final": 0,
		"optimize_move_to_prewhere_if_final":          0,
		"max_bytes_before_external_group_by":          spillAt,
		"max_bytes_before_external_sort":              spillAt,
	}
}

// byKey makes a query of a few records leave out, before FINAL, what their sorting key leaves out, which all duplicates share: so of the
// thousands of records beside them only the key is read. Where all of a site are read that costs a little and saves nothing.
// Source: https://github.com/ClickHouse/ClickHouse/pull/38950.
func byKey(settings clickhouse.Settings) clickhouse.Settings {
	settings["optimize_move_to_prewhere_if_final"] = 1
	return settings
}

// spillAt is when grouping and sorting go on with files on the server's disk: several queries fit into 2 GiB.
const spillAt = 512 << 20

// settings are those of every report. readonly 2 allows reading only, and settings.
func settings() clickhouse.Settings {
	settings := querySettings()
	settings["readonly"] = 2
	settings["max_execution_time"] = maxSeconds
	return settings
}

func (a asked) settings() clickhouse.Settings {
	if a.Contact != "" || a.Company != "" {
		return byKey(settings())
	}
	return settings()
}

// query runs a report with its parameters bound and returns all rows.
func query(ctx context.Context, conn driver.Conn, name string, a asked) (*Result, error) {
	from, err := a.source(ctx, conn, name)
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", name, explained(err))
	}
	if len(from) == 0 && (a.Contact != "" || a.Company != "") && name != scopeName {
		if err := a.narrow(ctx, conn); err != nil {
			return nil, err
		}
	}
	return queryFrom(ctx, conn, name, a, from)
}

func queryFrom(ctx context.Context, conn driver.Conn, name string, a asked, from source) (*Result, error) {
	rows, err := rowsFrom(ctx, conn, name, a, from)
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", name, explained(err))
	}
	return readAll(rows, name, a)
}

// read sends a query and returns all rows.
func read(ctx context.Context, conn driver.Conn, name, text string, a asked) (*Result, error) {
	rows, err := conn.Query(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", name, explained(err))
	}
	return readAll(rows, name, a)
}

func readAll(rows driver.Rows, name string, a asked) (*Result, error) {
	defer func() { _ = rows.Close() }()
	result := &Result{Name: name, Columns: rows.Columns(), Rows: [][]any{}}
	for rows.Next() {
		row, err := scan(rows, a.location)
		if err != nil {
			return nil, fmt.Errorf("report %s: %w", name, err)
		}
		result.Rows = append(result.Rows, row)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("report %s: %w", name, explained(err))
	}
	return result, nil
}

// rowsFrom sends a statement with its parameters bound.
func rowsFrom(ctx context.Context, conn driver.Conn, name string, a asked, from source) (driver.Rows, error) {
	text, err := a.statement(name, from)
	if err != nil {
		return nil, err
	}
	return conn.Query(clickhouse.Context(ctx, clickhouse.WithParameters(a.parameters()), clickhouse.WithSettings(a.settings())), text)
}

// statement is the text of a report. What the parameters leave out is not in it, because ClickHouse would plan it.
func (a asked) statement(name string, from source) (string, error) {
	return composeFrom(schema.Attribution, name, a.leaveOut(from))
}

// leaveOut puts the folders of what is not asked for before a source.
func (a asked) leaveOut(from source) source {
	if len(a.contacts) > 0 {
		from = append(slices.Clone(from), ofContacts...)
	}
	if a.Losses != IncludeLosses {
		from = append(source{noLosses}, from...)
	}
	if a.Currency == "" {
		from = append(source{noCurrency}, from...)
	}
	return from
}

// What can be wrong with a report besides its parameters and a ClickHouse that cannot be reached: a person does something
// else about each.
var (
	ErrTooSlow  = fmt.Errorf("the report takes longer than %d s: ask for a shorter time or fewer dimensions", maxSeconds)
	ErrNoTables = errors.New("the tables are not there, or older than this version needs: headwater serve brings them up to date at its start, headwater migrate does it now")
)

// explained says of an error of ClickHouse which of the errors above it is. Source of the codes: ErrorCodes.cpp of ClickHouse.
func explained(err error) error {
	exception, ok := errors.AsType[*clickhouse.Exception](err)
	if !ok {
		return err
	}
	err = &refusal{exception}
	switch exception.Code {
	case 159, 160: // TIMEOUT_EXCEEDED, TOO_SLOW
		return fmt.Errorf("%w: %w", ErrTooSlow, err)
	case 16, 47, 60, 81: // NO_SUCH_COLUMN_IN_TABLE, UNKNOWN_IDENTIFIER, UNKNOWN_TABLE, UNKNOWN_DATABASE
		return fmt.Errorf("%w: %w", ErrNoTables, err)
	}
	return err
}

// refusal is an exception whose text goes into the log. ClickHouse's own quotes the query with its parameters, and so who was
// asked about.
type refusal struct{ *clickhouse.Exception }

func (r *refusal) Error() string {
	return fmt.Sprintf("ClickHouse refused it with code %d: SELECT last_error_message FROM system.errors WHERE code = %d has its message", r.Code, r.Code)
}

func (r *refusal) Unwrap() error { return r.Exception }

// scopeName is the statement that finds the contacts of an answer about one.
const scopeName = "facts/scope"

// stepsName is the statement that counts what Markov's chain is made of.
const stepsName = "facts/steps"

// settled are the reports, and other statements, that the settled tables answer.
var settled = map[string]bool{
	"assisted": true, "cohorts": true, "company_card": true, "compare_models": true, "contact_card": true, "conversion_rate": true,
	"cost_totals": true, "costs": true, "lead_totals": true, "leads_over_time": true, "link_results": true, "model_breakdown": true, "model_costs": true, "partner_performance": true,
	"paths": true, "pipeline": true, "recent_leads": true, "source_breakdown": true, "top_forms": true, "top_referrers": true, "totals": true,
	stepsName: true,
}

// source says from where a report is read: the settled tables where they are right about what is asked.
func (a asked) source(ctx context.Context, conn driver.Conn, name string) (source, error) {
	lostPages := a.Losses == IncludeLosses && slices.Contains(a.By, ByLandingPage) // settled_touches has none
	if a.Suspects == IncludeSuspects || lostPages || !settled[name] {
		return fromRecords, nil
	}
	current, err := settledTogether(ctx, conn, a.Site)
	if err != nil || !current {
		return fromRecords, err
	}
	return fromSettled, nil
}

// parameters returns every parameter that any report may name. ClickHouse ignores those that a query does not.
func (a asked) parameters() clickhouse.Parameters {
	return clickhouse.Parameters{
		"site":          schema.Bind(a.Site),
		"by":            schema.BindAll(a.By),
		"data_point":    string(a.DataPoint),
		"since":         schema.BindTime(a.since),
		"until":         schema.BindTime(a.until),
		"zone":          a.Zone,
		"lookback_days": strconv.Itoa(a.LookbackDays),
		"credit":        string(a.Credit),
		"suspects":      string(a.Suspects),
		"reason":        string(a.Reason),
		"currency":      schema.Bind(a.Currency),
		"rate_days":     strconv.Itoa(a.RateDays),
		"grain":         string(a.Grain),
		"limit":         strconv.Itoa(a.Limit),
		"contacts":      schema.BindAll(a.contacts),
		"companies":     schema.BindAll(a.companies),
		"own_domains":   schema.BindAll(a.OwnDomains),
		"campaigns":     schema.BindAll(a.Campaigns),
		"contact":       schema.Bind(a.Contact),
		"company":       schema.Bind(a.Company),

		"outcomes":       schema.BindAll(a.outcomes),
		"counting":       a.counting,
		"model":          string(a.Model),
		"transforms":     schema.BindAll(a.Transforms),
		"position":       fmt.Sprintf("[%d,%d,%d]", a.position[0], a.position[1], a.position[2]),
		"half_life_days": strconv.FormatFloat(a.HalfLifeDays, 'f', -1, 64),
		"order":          strconv.Itoa(a.Order),
		"losses":         string(a.Losses),
	}
}

// maxScope bounds the contacts, and names of companies, that a card names in its parameters, which travel in a URL.
const maxScope = 1000

// narrow fills in the contacts and companies that an answer about one of them needs, so that it need not look at everybody.
// Where they are too many it leaves the answer slow, and right.
func (a *asked) narrow(ctx context.Context, conn driver.Conn) error {
	scope, err := query(ctx, conn, scopeName, *a)
	if err != nil {
		return err
	}
	if len(scope.Rows) > maxScope {
		return nil
	}
	var contacts, companies []string
	for _, row := range scope.Rows {
		kind, _ := row[0].(string)
		id, _ := row[1].(string)
		switch {
		case kind == "company":
			companies = append(companies, id)
		case strings.ContainsFunc(id, func(r rune) bool { return r == '\'' || r == '\\' || r < ' ' }):
			return nil // an id that no collector made
		default:
			contacts = append(contacts, id)
		}
	}
	a.contacts, a.companies = contacts, companies
	return nil
}

func scan(rows driver.Rows, location *time.Location) ([]any, error) {
	types := rows.ColumnTypes()
	targets := make([]any, len(types))
	for i, column := range types {
		targets[i] = reflect.New(column.ScanType()).Interface()
	}
	if err := rows.Scan(targets...); err != nil {
		return nil, fmt.Errorf("read row: %w", err)
	}
	row := make([]any, len(types))
	for i, target := range targets {
		value, err := plain(reflect.ValueOf(target).Elem(), location)
		if err != nil {
			return nil, fmt.Errorf("read column %s: %w", types[i].Name(), err)
		}
		row[i] = value
	}
	return row, nil
}

// plain returns a scanned value as one of the few types that a Result holds.
func plain(v reflect.Value, location *time.Location) (any, error) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil, nil
		}
		v = v.Elem()
	}
	switch value := v.Interface().(type) {
	case time.Time:
		return value.In(location), nil
	case decimal.Decimal:
		return value, nil
	case [][]any:
		return amounts(value)
	}
	switch {
	case v.CanUint():
		return int64(v.Uint()), nil
	case v.CanInt():
		return v.Int(), nil
	case v.CanFloat():
		return v.Float(), nil
	case v.Kind() == reflect.String:
		return v.String(), nil
	case v.Kind() == reflect.Bool:
		return v.Bool(), nil
	}
	return nil, fmt.Errorf("a %s has no place in a report", v.Type())
}

// amounts reads an Array(Tuple(currency String, amount Decimal)).
func amounts(pairs [][]any) (Amounts, error) {
	all := make(Amounts, 0, len(pairs))
	for _, pair := range pairs {
		if len(pair) == 2 {
			currency, isText := pair[0].(string)
			amount, isDecimal := pair[1].(decimal.Decimal)
			if isText && isDecimal {
				all = append(all, Amount{Currency: currency, Value: amount})
				continue
			}
		}
		return nil, fmt.Errorf("%v is no pair of currency and amount", pair)
	}
	return all, nil
}
