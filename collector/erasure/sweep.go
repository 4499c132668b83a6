package erasure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/visitors"
	"github.com/headwater/headwater/schema"
)

const (
	// atOnce bounds the erasures that one mutation takes care of.
	atOnce = 50
	// patience is how long ClickHouse is left alone until the collectors have cleaned their disks. Then it is cleaned all
	// the same, and once more after them.
	patience = 15 * time.Second
	// mutationPoll is how often ClickHouse is asked whether a mutation is done. It rewrites parts, which may take hours.
	mutationPoll = 250 * time.Millisecond
)

// sweep does the part of the work that is one node's for all, once: a bit for each erasure that is not done.
func (e *Erasures) sweep(ctx context.Context) error {
	known := e.set.Load()
	open, err := e.open(ctx, known)
	if err != nil || len(open) == 0 {
		return err
	}
	nodes, err := e.nodes(ctx)
	if err != nil || !e.leads(nodes) {
		return err
	}
	for batch := range slices.Chunk(open, atOnce) {
		steps, err := e.steps(ctx, batch)
		if err != nil {
			return fmt.Errorf("read steps: %w", err)
		}
		if err := e.sweepBatch(ctx, known, batch, steps, nodes); err != nil {
			return err
		}
	}
	return nil
}

func (e *Erasures) sweepBatch(ctx context.Context, known *set, batch []schema.ErasureID, steps map[schema.ErasureID]progress, nodes []schema.Node) error {
	var dirty, deleted, done []schema.ErasureID
	for _, id := range batch {
		p, subjects := steps[id], uint64(len(known.erasures[id].subjects))
		disks := true
		for _, node := range nodes {
			disks = disks && p.clean(spoolOf(node.Node), subjects)
		}
		step, begun := p[placeClickHouse]
		current := begun && step.Counts[countSubjects] == subjects
		switch {
		case current && step.State == stateClean && p.clean(placeRedis, subjects) && disks:
			done = append(done, id)
		case current && step.State == stateDeleted && disks:
			deleted = append(deleted, id)
		case disks || !begun && e.now().Sub(known.erasures[id].at) > patience:
			dirty = append(dirty, id)
		}
	}
	if err := e.deleteRows(ctx, known, dirty, steps, nodes); err != nil {
		return err
	}
	if err := e.awaitFiles(ctx, known, deleted, steps); err != nil {
		return err
	}
	if len(done) == 0 {
		return nil
	}
	if err := e.step("done"); err != nil {
		return err
	}
	if err := e.mark(ctx, known, done, placeAll, stateClean, nil); err != nil {
		return err
	}
	e.stats.completed.Add(uint64(len(done)))
	for _, id := range done {
		e.log.Info("erasures: a person is erased everywhere", "site", known.erasures[id].site, "erasure", id)
	}
	return nil
}

// deleteRows takes the rows of erased people out of Redis and ClickHouse. Redis first: its keys are named after rows.
func (e *Erasures) deleteRows(ctx context.Context, known *set, ids []schema.ErasureID, steps map[schema.ErasureID]progress, nodes []schema.Node) error {
	if len(ids) == 0 {
		return nil
	}
	if err := e.step("redis"); err != nil {
		return err
	}
	database, err := e.database(ctx)
	if err != nil {
		return err
	}
	var all []whose
	for _, id := range ids {
		all = append(all, buried(database, id, known.erasures[id].site, known.erasures[id].at))
	}
	if err := e.forgetKeys(ctx, known, ids, all); err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	counts := map[string]uint64{}
	for _, table := range personal {
		if err := e.step("clickhouse " + table.name); err != nil {
			return err
		}
		n, err := e.mutate(ctx, table.name, table.blank, anyOf(all, func(w whose) string { return w.where(table.name) }))
		if err != nil {
			return fmt.Errorf("%s: %w", table.name, err)
		}
		counts[table.name] = n
	}
	for _, w := range all {
		if err := e.config.Store.Conn().Exec(ctx, w.unsettleOthers()); err != nil {
			return fmt.Errorf("tell what is no longer settled: %w", err)
		}
	}
	n, err := e.mutate(ctx, "submissions", "visitor_id = toUUID('"+nilUUID+"')", anyOf(all, whose.foreign))
	if err != nil {
		return fmt.Errorf("submissions of others: %w", err)
	}
	counts["submissions of others"] = n
	if err := e.deleteDerived(ctx, known, ids, all); err != nil {
		return err
	}
	if err := e.step("clickhouse done"); err != nil {
		return err
	}
	if err := e.mark(ctx, known, ids, placeRedis, stateClean, nil); err != nil {
		return err
	}
	return e.mark(ctx, known, ids, placeClickHouse, stateDeleted, counts)
}

// mutate deletes the rows of a condition from disk, or blanks columns of theirs, and returns how many there were. It returns
// once ClickHouse has rewritten the parts, and asks again until no row is left.
func (e *Erasures) mutate(ctx context.Context, table, blank, condition string) (uint64, error) {
	command := "DELETE"
	if blank != "" {
		command = "UPDATE " + blank
	}
	var total uint64
	for {
		var n uint64
		if err := e.config.Store.Conn().QueryRow(ctx, "SELECT count() FROM "+table+" WHERE "+condition).Scan(&n); err != nil {
			return total, err
		}
		if n == 0 {
			return total, nil
		}
		total += n
		if err := e.config.Store.Conn().Exec(ctx, "ALTER TABLE "+table+" "+command+" WHERE "+condition); err != nil {
			return total, err
		}
		if err := e.awaitMutations(ctx, table); err != nil {
			return total, err
		}
	}
}

// awaitMutations waits until ClickHouse has done what was asked of the table.
func (e *Erasures) awaitMutations(ctx context.Context, table string) error {
	tick := time.NewTicker(mutationPoll)
	defer tick.Stop()
	for {
		var left uint64
		var failure string
		err := e.config.Store.Conn().QueryRow(ctx, `SELECT count(), max(latest_fail_reason) FROM system.mutations
			WHERE database = currentDatabase() AND table = '`+table+`' AND NOT is_done AND NOT is_killed`).Scan(&left, &failure)
		if err != nil {
			return fmt.Errorf("ask for mutations: %w", err)
		}
		if left == 0 {
			return nil
		}
		if failure != "" {
			return errors.New("ClickHouse can't do it (see system.mutations): " + failure)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// awaitFiles finds out whether the files of before are gone: ClickHouse keeps those of replaced parts for old_parts_lifetime.
func (e *Erasures) awaitFiles(ctx context.Context, known *set, ids []schema.ErasureID, steps map[schema.ErasureID]progress) error {
	var names []string
	for _, table := range personal {
		names = append(names, "'"+table.name+"'")
	}
	for _, table := range derived {
		names = append(names, "'"+table+"'")
	}
	for _, id := range ids {
		step := steps[id][placeClickHouse]
		var left uint64
		// remove_time has seconds only.
		err := e.config.Store.Conn().QueryRow(ctx, fmt.Sprintf(`SELECT count() FROM system.parts WHERE database = currentDatabase()
			AND table IN (%s) AND NOT active AND toUnixTimestamp(remove_time) <= %d`, strings.Join(names, ","), step.ChangedAt.Unix()+1)).Scan(&left)
		if err != nil {
			return fmt.Errorf("ask for replaced parts: %w", err)
		}
		if left > 0 {
			continue
		}
		if err := e.step("files gone"); err != nil {
			return err
		}
		delete(step.Counts, countSubjects)
		if err := e.mark(ctx, known, []schema.ErasureID{id}, placeClickHouse, stateClean, step.Counts); err != nil {
			return err
		}
	}
	return nil
}

// forgetKeys takes the visitors' first touches, and the marks of the records that ClickHouse has, out of Redis.
func (e *Erasures) forgetKeys(ctx context.Context, known *set, ids []schema.ErasureID, all []whose) error {
	if e.config.Visitors == nil {
		return nil
	}
	var firsts []visitors.Visitor
	for _, id := range ids {
		for key := range known.erasures[id].subjects {
			if key.kind == schema.SubjectVisitor {
				firsts = append(firsts, visitors.Visitor{Site: key.site, ID: schema.VisitorID(key.id)})
			}
		}
	}
	if err := e.config.Visitors.Forget(ctx, nil, firsts); err != nil {
		return err
	}
	for _, records := range []struct {
		table, id string
		kind      schema.Kind
	}{{"touches", "touch_id", schema.KindTouch}, {"submissions", "submission_id", schema.KindSubmission}} {
		condition := anyOf(all, func(w whose) string { return w.where(records.table) })
		if err := e.forgetRecords(ctx, records.kind, "SELECT DISTINCT site_id, "+records.id+" FROM "+records.table+" WHERE "+condition); err != nil {
			return err
		}
	}
	return nil
}

func (e *Erasures) forgetRecords(ctx context.Context, kind schema.Kind, query string) error {
	rows, err := e.config.Store.Conn().Query(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var seen []visitors.Seen
	for rows.Next() {
		var site string
		var id uuid.UUID
		if err := rows.Scan(&site, &id); err != nil {
			return err
		}
		seen = append(seen, visitors.Seen{Site: schema.SiteID(site), Kind: kind, ID: id.String()})
		if len(seen) == 10_000 {
			if err := e.config.Visitors.Forget(ctx, seen, nil); err != nil {
				return err
			}
			seen = seen[:0]
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return e.config.Visitors.Forget(ctx, seen, nil)
}

// database is the connection's, quoted and with a point.
func (e *Erasures) database(ctx context.Context) (string, error) {
	var name string
	if err := e.config.Store.Conn().QueryRow(ctx, "SELECT currentDatabase()").Scan(&name); err != nil {
		return "", fmt.Errorf("ask for the database: %w", err)
	}
	return "`" + strings.ReplaceAll(name, "`", "``") + "`.", nil
}
