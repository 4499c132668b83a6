package schema

import "time"

// ErasureID names one request to forget a person. It is a UUIDv7.
type ErasureID string

// Person is how a request names somebody of a site: by the contact that an e-mail address leads to, or by one of their
// visitors where they left no address. Exactly one is set.
type Person struct {
	Site    SiteID
	Contact ContactID
	Visitor VisitorID
}

// SubjectKind says what a tombstone stands for.
type SubjectKind string

// The kinds of subjects.
const (
	SubjectContact SubjectKind = "contact" // a contact id, which is keyed
	SubjectVisitor SubjectKind = "visitor" // a visitor id, which is random
	SubjectCRMID   SubjectKind = "crm_id"  // a contact's id in the CRM, keyed as e-mail addresses are
)

// Tombstone says that a subject was erased: a row of table erasures. What came before ErasedAt must not come back, from
// wherever it is sent again; what comes after is new. It holds no text that a person or a CRM wrote.
type Tombstone struct {
	SiteID     SiteID      `json:"site_id" ch:"site_id" by:"server"`
	ErasureID  ErasureID   `json:"erasure_id" ch:"erasure_id" by:"server"`
	Kind       SubjectKind `json:"kind" ch:"kind" by:"server"`
	Subject    string      `json:"subject" ch:"subject" by:"server"`
	ErasedAt   time.Time   `json:"erased_at" ch:"erased_at" by:"server"`
	ErasedBy   string      `json:"erased_by,omitempty" ch:"erased_by" max:"64" by:"server"` // the key's first digits, or command
	Reason     string      `json:"reason,omitempty" ch:"reason" max:"256" by:"crm"`
	RecordedAt time.Time   `json:"recorded_at" ch:"recorded_at" by:"server"`
}

// ErasureStep is how far one erasure came in one place: a row of table erasure_steps, of which the latest counts.
type ErasureStep struct {
	SiteID    SiteID            `json:"-" ch:"site_id" by:"server"`
	ErasureID ErasureID         `json:"-" ch:"erasure_id" by:"server"`
	Place     string            `json:"place" ch:"place" by:"server"` // clickhouse, redis, spool of <node>; requested and all frame them
	State     string            `json:"state" ch:"state" by:"server"`
	Counts    map[string]uint64 `json:"counts,omitempty" ch:"counts" by:"server"`
	ErasedAt  time.Time         `json:"-" ch:"erased_at" by:"server"` // of the erasure
	ChangedAt time.Time         `json:"changed_at" ch:"changed_at" by:"server"`
}

// Erasure is one request to forget a person, and how far it came.
type Erasure struct {
	ID       ErasureID         `json:"erasure_id"`
	ErasedAt time.Time         `json:"erased_at"`
	ErasedBy string            `json:"erased_by,omitempty"`
	Reason   string            `json:"reason,omitempty"`
	Done     bool              `json:"done"`
	Found    map[string]uint64 `json:"found"` // rows by table at the time of the request
	Places   []ErasureStep     `json:"places"`
}

// Node is one collector that has a disk where records may be: a row of table nodes, of which the latest counts.
type Node struct {
	Node   string    `json:"node" ch:"node" by:"server"`
	Gone   uint8     `json:"gone" ch:"gone" by:"server"` // 1: its disk holds no record any more, or exists no more
	SeenAt time.Time `json:"seen_at" ch:"seen_at" by:"server"`
}
