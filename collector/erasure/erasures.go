package erasure

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/collector/visitors"
	"github.com/headwater/headwater/schema"
)

const (
	// lease is how old this node's knowledge of the tombstones may be when a record is let through.
	lease = 10 * time.Second
	// overlap is how far behind the newest known tombstone the table is read again: clocks of nodes differ, and rows
	// become visible later than they are dated.
	overlap = 10 * time.Minute
	// queryTimeout bounds a question to ClickHouse, and writing down an answer.
	queryTimeout = 30 * time.Second
)

// Config says what there is to clean. Spool and Visitors are nil for a command that only asks, or only requests.
type Config struct {
	Sites    []schema.Site
	Secret   []byte // of the installation
	Store    *store.Store
	Visitors *visitors.Visitors
	Spool    *spool.Spool
	// SpoolDir is the spool's folder: its records belong to an export, and the file of this node's tombstones lies there.
	SpoolDir string
	// Every is how often the node looks for new tombstones. Default 2 s.
	Every time.Duration
	// SetAsideDays is how long dead letters and damaged segments are kept, 0 for ever.
	SetAsideDays int
	Log          *slog.Logger
	Now          func() time.Time // nil: time.Now
}

// Erasures is one node's part in forgetting people. All methods may be called concurrently.
type Erasures struct {
	config Config
	log    *slog.Logger
	keys   map[schema.SiteID][]byte // of contact ids
	node   string

	set  atomic.Pointer[set]
	read atomic.Int64 // Unix nanoseconds of when the table was last read to its end; 0 for never

	refreshing sync.Mutex
	mu         sync.Mutex
	learned    []schema.Tombstone // to be written to ClickHouse
	answers    map[subject]answer // whether a person came back

	// dirty: a record of an erased person came by, and its segment goes into the replay window.
	dirty  atomic.Bool
	sealed uint64 // generation up to which the open segment was sealed; of the tending loop
	wake   chan struct{}
	stats  counters

	unfinished atomic.Int64
	// step is told what comes next; tests end the work between any two steps with it.
	step func(name string) error
}

type counters struct{ dropped, changed, refused, completed, expired atomic.Uint64 }

// Stats are the figures for metrics; counts are since Open.
type Stats struct {
	Tombstones int
	Dropped    uint64 // records of erased people that came by and were not stored
	Changed    uint64 // records that were stored without what belonged to such a person
	Refused    uint64 // rows of imports
	Completed  uint64 // erasures that this node found to be done everywhere
	Expired    uint64 // dead letters and damaged segments that were too old
	Unfinished int    // erasures that are not clean everywhere, or not known to be
}

// Open reads what this node knew of erasures when it ran last. It asks nobody: until ClickHouse was asked too, Screen lets
// nothing through.
func Open(config Config) (*Erasures, error) {
	if config.Every == 0 {
		config.Every = 2 * time.Second
	}
	if config.Log == nil {
		config.Log = slog.Default()
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	e := &Erasures{
		config: config, log: config.Log, keys: map[schema.SiteID][]byte{}, answers: map[subject]answer{},
		wake: make(chan struct{}, 1), step: func(string) error { return nil },
	}
	for i := range config.Sites {
		e.keys[config.Sites[i].ID] = config.Sites[i].ContactKey(config.Secret)
	}
	e.set.Store(&set{})
	if config.Spool != nil {
		if err := e.recall(); err != nil {
			return nil, fmt.Errorf("open erasures: %w", err)
		}
	}
	return e, nil
}

// Stats returns the present figures.
func (e *Erasures) Stats() Stats {
	known := e.set.Load()
	return Stats{
		Tombstones: len(known.tombs), Dropped: e.stats.dropped.Load(), Changed: e.stats.changed.Load(),
		Refused: e.stats.refused.Load(), Completed: e.stats.completed.Load(), Expired: e.stats.expired.Load(), Unfinished: int(e.unfinished.Load()),
	}
}

// Screen tells whether a record must not be stored, since it is of a person who was erased after it; or whether it took out
// of the record what belongs to such a person. An error: it is not known now; ask again later.
func (e *Erasures) Screen(ctx context.Context, record schema.Record) (drop, changedIt bool, err error) {
	if time.Since(time.Unix(0, e.read.Load())) > lease {
		if err := e.refresh(ctx); err != nil {
			return false, false, err
		}
	}
	known := e.set.Load()
	if len(known.tombs) == 0 {
		return false, false, nil
	}
	v, err := e.judge(ctx, known, record)
	switch {
	case err != nil:
		return false, false, err
	case v == gone:
		e.stats.dropped.Add(1)
	case v == changed:
		e.stats.changed.Add(1)
	default:
		e.noteReturn(known, record)
		return false, false, nil
	}
	e.dirty.Store(true)
	e.wakeUp()
	return v == gone, v == changed, nil
}

// judge is set.judge, with the question settled whether a person came back.
func (e *Erasures) judge(ctx context.Context, known *set, record schema.Record) (verdict, error) {
	v, learned := known.judge(record, e.keyed)
	if len(learned) > 0 {
		e.mu.Lock()
		e.learned = append(e.learned, learned...)
		e.mu.Unlock()
		e.wakeUp()
	}
	if v != asks {
		return v, nil
	}
	switch r := record.(type) {
	case *schema.Contact:
		back, err := e.cameBack(ctx, known, r.SiteID, r.ContactID)
		if err != nil || back {
			return untouched, err
		}
		return gone, nil
	case *schema.Deal:
		back, err := e.cameBack(ctx, known, r.SiteID, known.contactOf(r, e.keyed))
		if err != nil || back {
			return untouched, err
		}
		r.ContactID, r.ContactCRMID = "", ""
		return changed, nil
	}
	return untouched, nil
}

// keyed is an id of the CRM as tombstones hold it.
func (e *Erasures) keyed(site schema.SiteID, crmID string) string {
	key := e.keys[site]
	if crmID == "" || key == nil {
		return ""
	}
	return string(schema.NewContactID(key, "crm:"+crmID))
}

func (e *Erasures) wakeUp() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// nodeName names this collector's disk: the host, and digits that stay with the disk.
func nodeName() string {
	host, _ := os.Hostname()
	id := uuid.New().String()
	return fmt.Sprintf("%.64s-%s", host, id[:8])
}

func (e *Erasures) file() string { return filepath.Join(e.config.SpoolDir, "erasures.json") }
