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
	KindSpend      Kind = 'p'
	KindRate       Kind = 'r'
)

// Record is what the collector keeps: one of *TouchRecord, *Submission, *Contact, *Company, *Deal, *Spend, *Rate.
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
func (r *Spend) Kind() Kind       { return KindSpend }
func (r *Rate) Kind() Kind        { return KindRate }

func (r *TouchRecord) Site() SiteID { return r.SiteID }
func (r *Submission) Site() SiteID  { return r.SiteID }
func (r *Contact) Site() SiteID     { return r.SiteID }
func (r *Company) Site() SiteID     { return r.SiteID }
func (r *Deal) Site() SiteID        { return r.SiteID }
func (r *Spend) Site() SiteID       { return r.SiteID }
func (r *Rate) Site() SiteID        { return r.SiteID }

func (r *TouchRecord) ID() string { return string(r.TouchID) }
func (r *Submission) ID() string  { return string(r.SubmissionID) }
func (r *Contact) ID() string     { return r.ImportID }
func (r *Company) ID() string     { return r.ImportID }
func (r *Deal) ID() string        { return r.ChangeID }

func (r *Spend) ID() string {
	return keyID("spend", r.Date.Format(time.DateOnly), r.Source, r.Medium, r.Campaign, r.Currency)
}

func (r *Rate) ID() string { return keyID("rate", r.Date.Format(time.DateOnly), r.From, r.To) }

func (r *TouchRecord) PartitionTime() time.Time { return r.OccurredAt }
func (r *Submission) PartitionTime() time.Time  { return r.OccurredAt }
func (r *Contact) PartitionTime() time.Time     { return r.ReceivedAt }
func (r *Company) PartitionTime() time.Time     { return r.ReceivedAt }
func (r *Deal) PartitionTime() time.Time        { return r.ReceivedAt }
func (r *Spend) PartitionTime() time.Time       { return r.Date }
func (r *Rate) PartitionTime() time.Time        { return r.Date }

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
	case KindSpend:
		return new(Spend)
	case KindRate:
		return new(Rate)
	}
	return nil
}
