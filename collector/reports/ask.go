package reports

import (
	"context"
	"fmt"
	"maps"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/schema"
)

// Statement is a question of another package that stands on the facts of the reports: text with a header as the files of
// schema/attribution have it ("-- with: …"), and what it binds besides the parameters of reports.
type Statement struct {
	Name  string // for errors and logs
	Text  string
	Bound map[string]string // values as ClickHouse reads them: Bind and BindAll write them
	ByKey bool              // it is about a few records, whose keys it names
}

// Ask answers a statement for one site, from the settled tables where they are up to date, else from the records. Of the parameters
// count Site, Zone, LookbackDays, Credit, From, To, and Contact or Company, which narrow what is read from the records. Paths are those
// to leads. It stays out of the server's log of queries, since it may name people.
func Ask(ctx context.Context, conn driver.Conn, s Statement, p Params) (*Result, error) {
	a := asked{Params: p}
	if p.Site == "" {
		return nil, paramErrorf("site", "missing", "say which site")
	}
	a.By, a.outcomes = wholeTouch(), []Outcome{Leads}
	if err := a.fill(); err != nil {
		return nil, err
	}
	current, err := settleForReport(ctx, conn, a.Site)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, explained(err))
	}
	from := fromRecords
	if current {
		from = fromSettled
	} else if a.Contact != "" || a.Company != "" {
		if err := a.narrow(ctx, conn); err != nil {
			return nil, err
		}
	}
	text, err := composeText(schema.Attribution, s.Name, s.Text, a.leaveOut(from))
	if err != nil {
		return nil, err
	}
	parameters := a.parameters()
	maps.Copy(parameters, s.Bound)
	settings := a.settings()
	if s.ByKey {
		byKey(settings)
	}
	settings["log_queries"] = 0
	ctx = clickhouse.Context(ctx, clickhouse.WithParameters(parameters), clickhouse.WithSettings(settings))
	return read(ctx, conn, s.Name, text, a)
}
