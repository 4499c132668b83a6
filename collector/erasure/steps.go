package erasure

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/headwater/headwater/schema"
)

const (
	// heartbeat is how often a node says that it is there.
	heartbeat = time.Minute
	// absent is how long a node may say nothing before another one cleans ClickHouse and Redis in its stead.
	absent = 3 * heartbeat
	// countSubjects is the count that says how many ids of the person a step took care of.
	countSubjects = "ids"
)

// progress is the latest step of an erasure in each place.
type progress map[string]schema.ErasureStep

// clean tells whether a place is clean of so many subjects: when another id of the person turns up, it is not any more.
func (p progress) clean(place string, subjects uint64) bool {
	step, ok := p[place]
	return ok && step.State == stateClean && step.Counts[countSubjects] == subjects
}

func spoolOf(node string) string { return "spool of " + node }

// places are all that must be clean.
func places(nodes []schema.Node) []string {
	all := []string{placeClickHouse, placeRedis}
	for _, node := range nodes {
		all = append(all, spoolOf(node.Node))
	}
	return all
}

// steps reads the latest step of each place.
func (e *Erasures) steps(ctx context.Context, ids []schema.ErasureID) (map[schema.ErasureID]progress, error) {
	all := map[schema.ErasureID]progress{}
	for part := range slices.Chunk(ids, 500) { // they travel in a URL
		quoted := make([]string, len(part))
		for i, id := range part {
			quoted[i] = "'" + string(id) + "'"
			all[id] = progress{}
		}
		rows, err := e.config.Store.Conn().Query(private(ctx, clickhouse.Parameters{"ids": "[" + strings.Join(quoted, ",") + "]"}), `
			SELECT site_id, erasure_id, place, state, counts, erased_at, changed_at FROM erasure_steps FINAL
			WHERE erasure_id IN (SELECT arrayJoin({ids:Array(UUID)}))`)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var site, state string
			var id uuid.UUID
			var step schema.ErasureStep
			if err := rows.Scan(&site, &id, &step.Place, &state, &step.Counts, &step.ErasedAt, &step.ChangedAt); err != nil {
				rows.Close()
				return nil, err
			}
			step.SiteID, step.ErasureID, step.State = schema.SiteID(site), schema.ErasureID(id.String()), state
			all[step.ErasureID][step.Place] = step
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// done are the erasures that were found to be clean everywhere, with how many subjects they had.
func (e *Erasures) done(ctx context.Context) (map[schema.ErasureID]uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	rows, err := e.config.Store.Conn().Query(ctx, `SELECT erasure_id, counts['`+countSubjects+`'] FROM erasure_steps FINAL
		WHERE place = '`+placeAll+`' AND state = '`+stateClean+`'`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	all := map[schema.ErasureID]uint64{}
	for rows.Next() {
		var id uuid.UUID
		var subjects uint64
		if err := rows.Scan(&id, &subjects); err != nil {
			return nil, err
		}
		all[schema.ErasureID(id.String())] = subjects
	}
	return all, rows.Err()
}

// open are the erasures that are not done, oldest first.
func (e *Erasures) open(ctx context.Context, known *set) ([]schema.ErasureID, error) {
	if len(known.erasures) == 0 {
		e.unfinished.Store(0)
		return nil, nil
	}
	done, err := e.done(ctx)
	if err != nil {
		return nil, fmt.Errorf("read steps: %w", err)
	}
	var ids []schema.ErasureID
	for _, id := range slices.Sorted(maps.Keys(known.erasures)) {
		if subjects, ok := done[id]; !ok || subjects != uint64(len(known.erasures[id].subjects)) {
			ids = append(ids, id)
		}
	}
	e.unfinished.Store(int64(len(ids)))
	return ids, nil
}

// mark writes down a step of each erasure.
func (e *Erasures) mark(ctx context.Context, known *set, ids []schema.ErasureID, place, state string, counts map[string]uint64) error {
	months := map[string][]any{}
	for _, id := range ids {
		request := known.erasures[id]
		of := maps.Clone(counts)
		if of == nil {
			of = map[string]uint64{}
		}
		of[countSubjects] = uint64(len(request.subjects))
		month := request.at.UTC().Format("200601")
		months[month] = append(months[month], schema.ErasureStep{
			SiteID: request.site, ErasureID: id, Place: place, State: state, Counts: of, ErasedAt: request.at, ChangedAt: e.now(),
		})
	}
	for _, rows := range months {
		if err := e.insert(ctx, "erasure_steps", rows...); err != nil {
			return fmt.Errorf("write down that %s is %s: %w", place, state, err)
		}
	}
	return nil
}

// nodes are the collectors whose disks count, in the order of their names.
func (e *Erasures) nodes(ctx context.Context) ([]schema.Node, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	rows, err := e.config.Store.Conn().Query(ctx, "SELECT node, gone, seen_at FROM nodes FINAL WHERE gone = 0 ORDER BY node")
	if err != nil {
		return nil, fmt.Errorf("read nodes: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []schema.Node
	for rows.Next() {
		var node schema.Node
		if err := rows.Scan(&node.Node, &node.Gone, &node.SeenAt); err != nil {
			return nil, err
		}
		all = append(all, node)
	}
	return all, rows.Err()
}

// appear says that this node is there, and that its disk counts.
func (e *Erasures) appear(ctx context.Context) error {
	return e.insert(ctx, "nodes", schema.Node{Node: e.node, SeenAt: e.now()})
}

// Forget says that a node's disk exists no more, so that no erasure waits for it. It returns false where there is no such node.
func (e *Erasures) Forget(ctx context.Context, node string) (bool, error) {
	nodes, err := e.nodes(ctx)
	if err != nil {
		return false, err
	}
	if !slices.ContainsFunc(nodes, func(n schema.Node) bool { return n.Node == node }) {
		return false, nil
	}
	return true, e.insert(ctx, "nodes", schema.Node{Node: node, Gone: 1, SeenAt: e.now()})
}

// Repeat has every erasure done once more, for a backup that was restored. It returns how many there are.
func (e *Erasures) Repeat(ctx context.Context) (int, error) {
	if err := e.refresh(ctx); err != nil {
		return 0, err
	}
	nodes, err := e.nodes(ctx)
	if err != nil {
		return 0, err
	}
	known := e.set.Load()
	ids := slices.Sorted(maps.Keys(known.erasures))
	for _, place := range append(places(nodes), placeAll) { // all of them last: it opens the erasure
		if err := e.mark(ctx, known, ids, place, stateWaiting, nil); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

// Nodes are the collectors whose disks count.
func (e *Erasures) Nodes(ctx context.Context) ([]schema.Node, error) { return e.nodes(ctx) }

// leads tells whether cleaning ClickHouse and Redis is for this node: the first of those that were seen of late.
func (e *Erasures) leads(nodes []schema.Node) bool {
	for _, node := range nodes {
		if node.Node == e.node {
			return true
		}
		if e.now().Sub(node.SeenAt) < absent {
			return false
		}
	}
	return false
}
