package erasure

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
)

// memory is what a node knows across restarts: the file erasures.json in the spool's folder.
type memory struct {
	Node       string             `json:"node"`
	Tombstones []schema.Tombstone `json:"tombstones"`
}

// recall reads the file. One that is damaged is no reason not to start: ClickHouse has all of it.
func (e *Erasures) recall() error {
	var known memory
	data, err := os.ReadFile(e.file())
	if err == nil {
		err = json.Unmarshal(data, &known)
	}
	if err != nil && !os.IsNotExist(err) {
		e.log.Error("erasures: can't read what this node knew; ClickHouse is asked", "file", e.file(), "error", err)
	}
	e.node = known.Node
	e.set.Store((&set{}).with(known.Tombstones))
	if e.node != "" {
		return nil
	}
	e.node = nodeName()
	return e.memorise(e.set.Load())
}

// memorise makes the file durable.
func (e *Erasures) memorise(known *set) error {
	if e.config.Spool == nil {
		return nil
	}
	keep := memory{Node: e.node, Tombstones: []schema.Tombstone{}}
	for id, request := range known.erasures {
		for key := range request.subjects {
			keep.Tombstones = append(keep.Tombstones, schema.Tombstone{
				SiteID: key.site, ErasureID: id, Kind: key.kind, Subject: key.id, ErasedAt: request.at,
			})
		}
	}
	data, err := json.Marshal(keep)
	if err == nil {
		err = spool.WriteFile(e.file(), append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep tombstones: %w", err)
	}
	return nil
}

// refresh reads the tombstones that ClickHouse has and this node has not.
func (e *Erasures) refresh(ctx context.Context) error {
	e.refreshing.Lock()
	defer e.refreshing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	began := time.Now()
	known := e.set.Load()
	since := int64(0)
	if e.read.Load() != 0 && !known.recorded.IsZero() { // the first time all of it: the file may miss what came late
		since = known.recorded.Add(-overlap).UnixMilli()
	}
	more, err := e.tombstonesSince(ctx, since)
	if err != nil {
		return fmt.Errorf("read erasures: %w", err)
	}
	if next := known.with(more); next != known {
		e.set.Store(next)
		if err := e.memorise(next); err != nil {
			return err
		}
		e.wakeUp()
	}
	e.read.Store(began.UnixNano())
	return nil
}

func (e *Erasures) tombstonesSince(ctx context.Context, since int64) ([]schema.Tombstone, error) {
	rows, err := e.config.Store.Conn().Query(private(ctx, clickhouse.Parameters{"since": fmt.Sprint(since)}), `
		SELECT site_id, erasure_id, kind, subject, erased_at, recorded_at FROM erasures
		WHERE recorded_at > fromUnixTimestamp64Milli({since:Int64})`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []schema.Tombstone
	for rows.Next() {
		var site, kind string
		var id uuid.UUID
		var t schema.Tombstone
		if err := rows.Scan(&site, &id, &kind, &t.Subject, &t.ErasedAt, &t.RecordedAt); err != nil {
			return nil, err
		}
		t.SiteID, t.ErasureID, t.Kind = schema.SiteID(site), schema.ErasureID(id.String()), schema.SubjectKind(kind)
		all = append(all, t)
	}
	return all, rows.Err()
}

// private keeps a query that names people out of the server's log of queries.
func private(ctx context.Context, parameters clickhouse.Parameters) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithParameters(parameters), clickhouse.WithSettings(clickhouse.Settings{
		"log_queries": 0, "max_execution_time": int(queryTimeout.Seconds()),
	}))
}

// insert writes rows of our own tables, under a token that is used once.
func (e *Erasures) insert(ctx context.Context, table string, rows ...any) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	return e.config.Store.Insert(ctx, table, uuid.NewString(), rows)
}

// writeLearned adds the ids that records gave away to their erasures, which are then not done any more.
func (e *Erasures) writeLearned(ctx context.Context) error {
	e.mu.Lock()
	learned := e.learned
	e.mu.Unlock()
	known := e.set.Load()
	var rows []any
	fresh := known
	for _, t := range learned {
		t.RecordedAt = e.now()
		if next := fresh.with([]schema.Tombstone{t}); next != fresh {
			fresh = next
			rows = append(rows, t)
		}
	}
	for _, part := range byMonth(rows) {
		if err := e.insert(ctx, "erasures", part...); err != nil {
			return fmt.Errorf("add to an erasure: %w", err)
		}
	}
	e.mu.Lock()
	e.learned = e.learned[len(learned):]
	e.mu.Unlock()
	if len(rows) > 0 {
		return e.refresh(ctx)
	}
	return nil
}

// byMonth parts tombstones by the partition they go to.
func byMonth(rows []any) [][]any {
	parts := map[string][]any{}
	for _, row := range rows {
		t := row.(schema.Tombstone)
		month := t.ErasedAt.UTC().Format("200601")
		parts[month] = append(parts[month], t)
	}
	all := make([][]any, 0, len(parts))
	for _, part := range parts {
		all = append(all, part)
	}
	return all
}

// now is the time as tables hold it.
func (e *Erasures) now() time.Time { return e.config.Now().UTC().Truncate(time.Millisecond) }

// answer is whether a person came back after an erasure, and when that was asked.
type answer struct {
	after schema.ErasureID
	back  bool
	at    time.Time
}

// noteReturn remembers who came back by themself.
func (e *Erasures) noteReturn(known *set, record schema.Record) {
	if r, ok := record.(*schema.Submission); ok {
		if t, erased := known.of(r.SiteID, schema.SubjectContact, string(r.ContactID)); erased {
			e.mu.Lock()
			e.answers[subject{r.SiteID, schema.SubjectContact, string(r.ContactID)}] = answer{t.erasure, true, time.Now()}
			e.mu.Unlock()
		}
	}
}

// cameBack tells whether a contact who was erased has sent a form since: then they are a new person, whom the CRM may know
// again.
func (e *Erasures) cameBack(ctx context.Context, known *set, site schema.SiteID, contact schema.ContactID) (bool, error) {
	key := subject{site, schema.SubjectContact, string(contact)}
	t, erased := known.tombs[key]
	if !erased {
		return true, nil
	}
	e.mu.Lock()
	was, asked := e.answers[key]
	e.mu.Unlock()
	if asked && was.after == t.erasure && (was.back || time.Since(was.at) < lease) {
		return was.back, nil
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	var n uint64
	err := e.config.Store.Conn().QueryRow(private(ctx, clickhouse.Parameters{
		"site": string(site), "contact": string(contact), "since": fmt.Sprint(t.at.UnixMilli()),
	}), `SELECT count() FROM submissions WHERE site_id = {site:String} AND contact_id = {contact:String}
		AND occurred_at > fromUnixTimestamp64Milli({since:Int64}) AND received_at > fromUnixTimestamp64Milli({since:Int64})`).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("ask whether an erased contact came back: %w", err)
	}
	e.mu.Lock()
	e.answers[key] = answer{t.erasure, n > 0, time.Now()}
	e.mu.Unlock()
	return n > 0, nil
}
