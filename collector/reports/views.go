package reports

import (
	"context"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/schema"
)

// Views lists the reports that are views in the database as well: those whose SQL is the whole answer, and of records alone. What
// people decide in the console (table desk) is not for everybody who may read views.
func Views() []string {
	names := []string{"suspects", "tag_audit", "untagged"}
	ofDesk := []string{"link_results", "pipeline", "pipeline_totals"}
	for name := range settled {
		if taken := Takes(name); taken != nil && !slices.Contains(ofDesk, name) && !slices.Contains(taken, "losses") && !slices.Contains(taken, "transforms") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// CreateViews puts a parametrized view for each of Views into the database, made from the same files as what Run asks and named as
// the report: SELECT … FROM source_breakdown(site = 'demo', …), naming every parameter of the file's header. Views read the settled
// tables, so they need no Go; `suspects`, `tag_audit` and `untagged`, of which not all is settled, read the records.
func CreateViews(ctx context.Context, conn driver.Conn) error {
	for _, name := range Views() {
		text, err := composeFrom(schema.Attribution, name, viewSource(name))
		if err != nil {
			return err
		}
		if err := conn.Exec(ctx, "CREATE OR REPLACE VIEW "+name+" AS\n"+text); err != nil {
			return fmt.Errorf("create view %s: %w", name, err)
		}
	}
	return nil
}

func viewSource(name string) source {
	if settled[name] {
		return fromSettled
	}
	return fromRecords
}
