package schema

import "time"

// ReclassificationID names one run over a site's stored touches that finds their resolved values anew.
type ReclassificationID string

// RecordID is the id of a touch or a submission, where it may be either.
type RecordID string

// States of a part of a reclassification.
const (
	ReclassifyRunning = "running"
	ReclassifyDone    = "done"
	ReclassifyGivenUp = "given up" // another run began
)

// Reclassification says how far a run came in one part, a month of a table such as "touches 2026-03": a row of table
// reclassifications, its journal.
type Reclassification struct {
	SiteID    SiteID             `json:"site_id" ch:"site_id" by:"server"`
	ID        ReclassificationID `json:"reclassification_id" ch:"reclassification_id" by:"server"`
	Part      string             `json:"part" ch:"part" by:"server"`
	Since     time.Time          `json:"since" ch:"since" by:"server"`
	Until     time.Time          `json:"until" ch:"until" by:"server"`
	Rules     string             `json:"rules" ch:"rules" by:"server"`       // fingerprint of the rules it applies
	State     string             `json:"state" ch:"state" by:"server"`       // ReclassifyRunning or ReclassifyDone
	Cursor    RecordID           `json:"cursor" ch:"cursor" by:"server"`     // id of the last record that was looked at
	BatchAt   time.Time          `json:"batch_at" ch:"batch_at" by:"server"` // of the batch that may not be in yet
	Looked    uint64             `json:"looked" ch:"looked" by:"server"`
	Moved     map[string]uint64  `json:"moved" ch:"moved" by:"server"` // by "from > to"
	ChangedAt time.Time          `json:"changed_at" ch:"changed_at" by:"server"`
}

// Reclassified holds the new values of one touch until they are in its table: a row of table reclassified.
type Reclassified struct {
	SiteID         SiteID             `json:"site_id" ch:"site_id" by:"server"`
	ID             ReclassificationID `json:"reclassification_id" ch:"reclassification_id" by:"server"`
	BatchAt        time.Time          `json:"batch_at" ch:"batch_at" by:"server"`
	Which          string             `json:"which" ch:"which" by:"server"` // touch, first_touch or latest_touch
	RecordID       RecordID           `json:"record_id" ch:"record_id" by:"server"`
	Source         string             `json:"source" ch:"source" by:"server"`
	Medium         string             `json:"medium" ch:"medium" by:"server"`
	Campaign       string             `json:"campaign" ch:"campaign" by:"server"`
	Term           string             `json:"term" ch:"term" by:"server"`
	Content        string             `json:"content" ch:"content" by:"server"`
	Channel        Channel            `json:"channel" ch:"channel" by:"server"`
	ReferrerDomain string             `json:"referrer_domain" ch:"referrer_domain" by:"server"`
	Rule           string             `json:"rule" ch:"rule" by:"server"`
}
