package reports

import (
	"context"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/schema"
)

// rawTables are the tables that WriteTable writes, with what their range is of and the key by which their rows are in order.
var rawTables = map[string]struct{ time, order string }{
	"touches":           {"occurred_at", "touch_id"},
	"submissions":       {"occurred_at", "submission_id"},
	"submission_fields": {"occurred_at", "submission_id"},
	"contacts":          {"received_at", "contact_id, import_id"},
	"companies":         {"received_at", "company_id, import_id"},
	"deals":             {"received_at", "deal_id, change_id"},
	"spend":             {"date", "date, source, medium, campaign, currency"},
	"rates":             {"date", "from_currency, to_currency, date"},
}

// Tables lists the tables that WriteTable writes, in alphabetical order.
func Tables() []string { return slices.Sorted(maps.Keys(rawTables)) }

// TableParams say which rows of which table, and how they are written.
type TableParams struct {
	Table  string
	Site   schema.SiteID
	Format string // one of RowFormats
	// From and To bound the rows by their own time (touches, submissions), date (spend, rates) or receipt (the others), as Params do.
	From, To, Zone string
}

// WriteTable writes all rows of a site, each record once, in the order of the table's key, as they come: neither side holds many. began is
// called before the first byte, once nothing can be wrong with the parameters any more. Errors of parameters are *ParamError.
func WriteTable(ctx context.Context, conn driver.Conn, w io.Writer, p TableParams, began func()) error {
	table, ok := rawTables[p.Table]
	if !ok {
		return paramErrorf("table", "none_of", "%.64q is none of %s", p.Table, strings.Join(Tables(), ", "))
	}
	if !slices.Contains(RowFormats(), p.Format) {
		return paramErrorf("format", "none_of", "%.64q is none of %s", p.Format, strings.Join(RowFormats(), ", "))
	}
	if p.Site == "" {
		return paramErrorf("site", "missing", "say which site")
	}
	a := asked{Params: Params{Site: p.Site, From: p.From, To: p.To, Zone: p.Zone}}
	if err := a.fill(); err != nil {
		return err
	}
	columns := "* EXCEPT (site_id)"
	if p.Table == "touches" || p.Table == "submissions" {
		columns += ", suspicion"
	}
	settings := settings()
	settings["max_execution_time"] = 0 // as long as the reader takes
	settings["optimize_read_in_order"] = 1
	ctx = clickhouse.Context(ctx, clickhouse.WithParameters(a.parameters()), clickhouse.WithSettings(settings))
	// Dates compare with times as the midnight at which they begin.
	rows, err := conn.Query(ctx, "SELECT "+columns+" FROM "+p.Table+" FINAL WHERE site_id = {site:String} AND "+table.time+
		" >= {since:DateTime64(3, 'UTC')} AND "+table.time+" < {until:DateTime64(3, 'UTC')} ORDER BY "+table.order)
	if err != nil {
		return fmt.Errorf("table %s: %w", p.Table, explained(err))
	}
	defer func() { _ = rows.Close() }()
	if err := writeAll(rows, w, p.Format, a.location, began); err != nil {
		return fmt.Errorf("table %s: %w", p.Table, err)
	}
	return nil
}

func writeAll(rows driver.Rows, w io.Writer, format string, location *time.Location, began func()) error {
	types := rows.ColumnTypes()
	columns, targets := make([]Column, len(types)), make([]any, len(types))
	for i, one := range types {
		columns[i] = tableColumn(one)
		targets[i] = reflect.New(one.ScanType()).Interface()
	}
	began()
	out, err := NewRowWriter(w, format, columns)
	if err != nil {
		return err
	}
	row := make([]any, len(types))
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return fmt.Errorf("read row: %w", err)
		}
		for i, target := range targets {
			if row[i], err = tableValue(reflect.ValueOf(target).Elem(), columns[i], location); err != nil {
				return fmt.Errorf("column %s: %w", columns[i].Name, err)
			}
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return explained(err)
	}
	return out.Close()
}

var decimalType = regexp.MustCompile(`^Decimal\(\d+, (\d+)\)$`)

func tableColumn(of driver.ColumnType) Column {
	c := Column{Name: of.Name()}
	name := of.DatabaseTypeName()
	switch {
	case strings.HasPrefix(name, "DateTime64"):
		c.Kind = Moment
	case strings.HasPrefix(name, "UInt"), strings.HasPrefix(name, "Int"):
		c.Kind = Whole
	case strings.HasPrefix(name, "Float"):
		c.Kind = Fraction
	case name == "Bool":
		c.Kind = Truth
	case strings.HasPrefix(name, "Map("):
		c.Kind = Pairs
	case strings.HasPrefix(name, "Array("):
		c.Kind = Texts
	case decimalType.MatchString(name):
		c.Kind = Exact
		c.Scale, _ = strconv.Atoi(decimalType.FindStringSubmatch(name)[1])
	}
	return c
}

// tableValue returns a scanned value as one of those of a Column. A time of 1970 is one that is not there.
func tableValue(v reflect.Value, c Column, location *time.Location) (any, error) {
	switch value := v.Interface().(type) {
	case time.Time:
		switch {
		case c.Kind == Text: // a Date
			return value.Format(time.DateOnly), nil
		case value.Unix() == 0:
			return nil, nil
		}
		return value.In(location), nil
	case decimal.Decimal:
		return value, nil
	case map[string]string:
		return value, nil
	case []string:
		return value, nil
	case fmt.Stringer: // a UUID
		return value.String(), nil
	}
	return plain(v, location)
}
