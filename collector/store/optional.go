package store

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// optionalSettings make a table better where the server has them, and are no reason to do without the table where it is
// too old, or is another product, or does not let its users set them.
var optionalSettings = []string{"fsync_after_insert", "fsync_part_directory"}

// apply executes a statement of a migration; where the server knows an optional setting not, without it.
func (s *Store) apply(ctx context.Context, statement string, optional []string) error {
	err := s.conn.Exec(ctx, statement)
	var exception *clickhouse.Exception
	if !errors.As(err, &exception) || !mayBeSetting[exception.Code] {
		return err
	}
	without := withoutSettings(statement, optional)
	if without == statement {
		return err
	}
	if again := s.conn.Exec(ctx, without); again != nil {
		return fmt.Errorf("%w (and without %s: %w)", err, strings.Join(optional, ", "), again)
	}
	return nil
}

// mayBeSetting are the codes of a server that does not take a table's setting: UNKNOWN_SETTING, READONLY,
// SETTING_CONSTRAINT_VIOLATION, BAD_ARGUMENTS.
var mayBeSetting = map[int32]bool{115: true, 164: true, 452: true, 36: true}

var settingsClause = regexp.MustCompile(`(?s)\nSETTINGS ([^\n]*)$`)

// withoutSettings leaves settings out of the SETTINGS clause that ends a statement.
func withoutSettings(statement string, names []string) string {
	found := settingsClause.FindStringSubmatchIndex(statement)
	if found == nil {
		return statement
	}
	var kept []string
	for _, setting := range strings.Split(statement[found[2]:found[3]], ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(setting), " ")
		if !slices.Contains(names, name) {
			kept = append(kept, strings.TrimSpace(setting))
		}
	}
	if len(kept) == 0 {
		return statement[:found[0]]
	}
	return statement[:found[2]] + strings.Join(kept, ", ")
}
