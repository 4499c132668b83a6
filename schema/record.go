package schema

import "time"

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

// newRecord returns an empty record of a kind, nil where there is no such kind.
func newRecord(kind Kind) Record {
	switch kind {
	case KindTouch:
		return new(TouchRecord)
	case KindSubmission:
		return new(Submission)
	case KindContact:
		return new(Contact)
	case KindCompany:
		return new(Company)
	case KindDeal:
		return new(Deal)
	}
	return nil
}
