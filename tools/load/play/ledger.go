package play

import (
	"maps"
	"sync"
	"time"
)

// Kind is the noun of a record.
type Kind string

// The kinds.
const (
	Touch      Kind = "touch"
	Submission Kind = "submission"
	Contact    Kind = "contact" // an import
	Deal       Kind = "deal"    // a change of one
)

// Key names a record for the ledger and for the oracle, which finds it again in ClickHouse. ID is a touch's or
// submission's id, "plain/" and the e-mail of a form that was sent without an id, a contact's crm_id, or a deal's id
// and status with a slash between.
type Key struct {
	Kind Kind
	ID   string
}

// record is what was sent, as far as the reports must show it.
type record struct {
	Key
	visitor string // of a touch
	email   string // of a submission or a contact
	deal    string // of a deal's change
	cents   int64  // of the change that won a deal
}

// Ledger is what a collector was sent and what it said it has taken. Any number of players may share one.
type Ledger struct {
	mu       sync.Mutex
	records  map[Key]*entry
	accepted map[Kind]int
	refused  map[string]int
	resent   int
	latest   time.Time // when a record was accepted last
}

type entry struct {
	record
	accepted bool
}

// NewLedger returns an empty one.
func NewLedger() *Ledger {
	return &Ledger{records: map[Key]*entry{}, accepted: map[Kind]int{}, refused: map[string]int{}}
}

// send notes records before they are sent: from then on they may be stored, answered or not.
func (l *Ledger) send(records []record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range records {
		if l.records[r.Key] == nil {
			l.records[r.Key] = &entry{record: r}
		}
	}
}

// take notes that records were accepted: from then on they must be stored, once.
func (l *Ledger) take(records []record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latest = time.Now()
	for _, r := range records {
		e := l.records[r.Key]
		if e.accepted {
			l.resent++
			continue
		}
		e.accepted = true
		l.accepted[r.Kind]++
	}
}

// refuse notes an answer that was none of the good ones.
func (l *Ledger) refuse(reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused[reason]++
}

// Totals are a ledger's figures at one moment.
type Totals struct {
	Accepted map[Kind]int
	// Resent counts acceptances of what had been accepted before.
	Resent  int
	Refused map[string]int // answers and failures by reason
	Latest  time.Time      // of the latest acceptance
}

// Totals returns the present figures.
func (l *Ledger) Totals() Totals {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Totals{Accepted: maps.Clone(l.accepted), Resent: l.resent, Refused: maps.Clone(l.refused), Latest: l.latest}
}

// Sum adds the counts of a map.
func Sum[K comparable](counts map[K]int) int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}
