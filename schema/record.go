package schema

import (
	"encoding/json"
	"fmt"
	"time"
)

// Kind says which noun a kept record is; it is also its first byte in the spool.
type Kind byte

// The kinds of kept records.
const (
	KindTouch      Kind = 't'
	KindSubmission Kind = 's'
	KindContact    Kind = 'c'
	KindCompany    Kind = 'o'
	KindDeal       Kind = 'd'
)

// Record is what the collector keeps: one of *TouchRecord, *Submission, *Contact, *Company, *Deal.
type Record interface {
	Kind() Kind
	Site() SiteID
	// ID is the record's identity within its site and kind: whoever sends it again sends it under the same id.
	ID() string
	// PartitionTime is the frozen time whose UTC month is the record's partition.
	PartitionTime() time.Time
}

func (r *TouchRecord) Kind() Kind { return KindTouch }
func (r *Submission) Kind() Kind  { return KindSubmission }
func (r *Contact) Kind() Kind     { return KindContact }
func (r *Company) Kind() Kind     { return KindCompany }
func (r *Deal) Kind() Kind        { return KindDeal }

func (r *TouchRecord) Site() SiteID { return r.SiteID }
func (r *Submission) Site() SiteID  { return r.SiteID }
func (r *Contact) Site() SiteID     { return r.SiteID }
func (r *Company) Site() SiteID     { return r.SiteID }
func (r *Deal) Site() SiteID        { return r.SiteID }

func (r *TouchRecord) ID() string { return string(r.TouchID) }
func (r *Submission) ID() string  { return string(r.SubmissionID) }
func (r *Contact) ID() string     { return r.ImportID }
func (r *Company) ID() string     { return r.ImportID }
func (r *Deal) ID() string        { return r.ChangeID }

func (r *TouchRecord) PartitionTime() time.Time { return r.OccurredAt }
func (r *Submission) PartitionTime() time.Time  { return r.OccurredAt }
func (r *Contact) PartitionTime() time.Time     { return r.ReceivedAt }
func (r *Company) PartitionTime() time.Time     { return r.ReceivedAt }
func (r *Deal) PartitionTime() time.Time        { return r.ReceivedAt }

// FromBrowser tells whether the record came from a public endpoint, where anybody may send it again.
func (k Kind) FromBrowser() bool { return k == KindTouch || k == KindSubmission }

// Encode returns the record as it is kept in the spool: its kind, then JSON.
func Encode(record Record) ([]byte, error) {
	body, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", record, err)
	}
	return append([]byte{byte(record.Kind())}, body...), nil
}

// Decode reads what Encode wrote.
func Decode(payload []byte) (Record, error) {
	if len(payload) == 0 {
		return nil, fmt.Errorf("decode record: empty payload")
	}
	var record Record
	switch Kind(payload[0]) {
	case KindTouch:
		record = new(TouchRecord)
	case KindSubmission:
		record = new(Submission)
	case KindContact:
		record = new(Contact)
	case KindCompany:
		record = new(Company)
	case KindDeal:
		record = new(Deal)
	default:
		return nil, fmt.Errorf("decode record: unknown kind %q", payload[0])
	}
	if err := json.Unmarshal(payload[1:], record); err != nil {
		return nil, fmt.Errorf("decode %T: %w", record, err)
	}
	return record, nil
}
