package play

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Verdict is what ClickHouse says about a ledger.
type Verdict struct {
	Accepted   int // records that the collector said it has taken
	Stored     int // records that are there, as reports see them
	Lost       int // accepted, and not there
	Duplicated int // there more than once, as reports see them
	Strange    int // there, and never sent
	// Unanswered counts records that are there though their sender never heard of it: a broken connection does that.
	Unanswered int
	// Copies counts rows that ClickHouse has of a record beyond the first one; no report sees them.
	Copies int
	// Examples names some of what is lost, duplicated or strange.
	Examples []string
	// Suspects counts records under a suspicion, which the reports leave out: a rate limit may see more than people send.
	Suspects int

	stored   map[Key]int
	suspects map[Key]bool
}

// Wrong says in one line what is wrong, "" where nothing is.
func (v Verdict) Wrong() string {
	if v.Lost+v.Duplicated+v.Strange == 0 {
		return ""
	}
	return fmt.Sprintf("lost %d, duplicated %d, never sent %d: %q", v.Lost, v.Duplicated, v.Strange, v.Examples)
}

// storedQueries find the records of each kind of a run again: id, number of rows as reports see them, and whether one of these
// is under suspicion.
var storedQueries = map[Kind]string{
	Touch: `SELECT toString(touch_id), count(), max(suspicion != '') FROM touches FINAL
		WHERE site_id = {site:String} AND snippet_version = {run:String} GROUP BY touch_id`,
	// What was typed belongs to the record: without its row in submission_fields a submission is not there.
	Submission: `SELECT if(startsWith(fields['message'], 'plain/'), fields['message'], toString(submission_id)) AS id, count(), max(suspected)
		FROM (SELECT submission_id, suspicion != '' AS suspected FROM submissions FINAL WHERE site_id = {site:String}) AS sent
		JOIN (SELECT submission_id, fields FROM submission_fields FINAL WHERE site_id = {site:String}) AS typed USING (submission_id)
		WHERE endsWith(fields['email'], concat('.', {run:String}, '.example')) GROUP BY id`,
	Contact: `SELECT crm_id, count(), 0 FROM contacts FINAL WHERE site_id = {site:String} AND startsWith(crm_id, {run:String}) GROUP BY crm_id`,
	Deal: `SELECT concat(deal_id, '/', toString(status)) AS id, count(), 0 FROM deals FINAL
		WHERE site_id = {site:String} AND startsWith(deal_id, {run:String}) GROUP BY id`,
}

// copiesQuery counts the rows that merges have not removed yet.
const copiesQuery = `SELECT sum(rows) - sum(records) FROM (
	SELECT count() AS rows, uniqExact(touch_id) AS records FROM touches WHERE site_id = {site:String} AND snippet_version = {run:String}
	UNION ALL SELECT count(), uniqExact(submission_id) FROM submissions WHERE site_id = {site:String}
	UNION ALL SELECT count(), uniqExact(import_id) FROM contacts WHERE site_id = {site:String}
	UNION ALL SELECT count(), uniqExact(deal_id, change_id) FROM deals WHERE site_id = {site:String})`

// Compare holds what is stored against the ledger, now. Players of the ledger should be done, or what they send meanwhile
// may be missed.
func (p *Player) Compare(ctx context.Context, conn driver.Conn) (Verdict, error) {
	v := Verdict{stored: map[Key]int{}, suspects: map[Key]bool{}}
	for kind, query := range storedQueries {
		if err := p.find(ctx, conn, kind, query, &v); err != nil {
			return v, fmt.Errorf("look up what is stored: %w", err)
		}
	}
	var copies int64
	if err := conn.QueryRow(ctx, copiesQuery, p.named()...).Scan(&copies); err != nil {
		return v, fmt.Errorf("count copies: %w", err)
	}
	v.Copies = int(copies)
	p.judge(&v)
	return v, nil
}

func (p *Player) named() []any {
	return []any{clickhouse.Named("site", string(p.Site)), clickhouse.Named("run", p.Run)}
}

func (p *Player) find(ctx context.Context, conn driver.Conn, kind Kind, query string, v *Verdict) error {
	rows, err := conn.Query(ctx, query, p.named()...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var n uint64
		var suspect uint8
		if err := rows.Scan(&id, &n, &suspect); err != nil {
			return err
		}
		v.stored[Key{kind, id}] += int(n)
		if suspect > 0 {
			v.suspects[Key{kind, id}] = true
		}
	}
	return rows.Err()
}

func (p *Player) judge(v *Verdict) {
	l := p.Ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	v.Stored, v.Suspects = len(v.stored), len(v.suspects)
	for key, e := range l.records {
		if !e.accepted {
			if v.stored[key] > 0 {
				v.Unanswered++
			}
			continue
		}
		v.Accepted++
		if v.stored[key] == 0 {
			v.Lost++
			v.example("lost", key)
		}
	}
	for key, n := range v.stored {
		if n > 1 {
			v.Duplicated++
			v.example("twice", key)
		}
		if l.records[key] == nil {
			v.Strange++
			v.example("never sent", key)
		}
	}
}

func (v *Verdict) example(what string, key Key) {
	if len(v.Examples) < 10 {
		v.Examples = append(v.Examples, fmt.Sprintf("%s: %s %s", what, key.Kind, key.ID))
	}
}

// Await compares again and again until nothing accepted is missing, for at most so long, and returns the last verdict.
// While ClickHouse does not answer, nothing is known: that is tried again too.
func (p *Player) Await(ctx context.Context, conn driver.Conn, most time.Duration) (Verdict, error) {
	for deadline := time.Now().Add(most); ; {
		v, err := p.Compare(ctx, conn)
		if err == nil && v.Lost == 0 || time.Now().After(deadline) {
			return v, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return v, ctx.Err()
		}
	}
}

// Expected is what the report source_breakdown must say in all of what is stored, by the names of its columns. It holds
// where the site has nothing else.
func (p *Player) Expected(v Verdict) map[string]string {
	l := p.Ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	visitors, known, leads, deals := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	submissions, won, cents := 0, 0, int64(0)
	for key := range v.stored {
		if e := l.records[key]; e != nil && key.Kind == Contact {
			known[e.email] = true
		}
	}
	for key := range v.stored {
		e := l.records[key]
		if e == nil || v.suspects[key] {
			continue
		}
		switch key.Kind {
		case Touch:
			visitors[e.visitor] = true
		case Submission:
			submissions++
			if !known[e.email] {
				leads[e.email] = true
			}
		case Deal:
			deals[e.deal] = true
			if e.cents > 0 {
				won++
				cents += e.cents
			}
		}
	}
	return map[string]string{
		"visitors": fmt.Sprint(len(visitors)), "leads": fmt.Sprint(len(leads)), "conversions": fmt.Sprint(submissions - len(leads)),
		"deals": fmt.Sprint(len(deals)), "won_deals": fmt.Sprint(won), "won_amount": fmt.Sprintf("%d.%02d", cents/100, cents%100),
	}
}

// Columns are the columns that Expected tells of, sorted.
func Columns(expected map[string]string) []string { return slices.Sorted(maps.Keys(expected)) }
