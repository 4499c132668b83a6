package schema

import "time"

// EntryKind says what an entry of the desk is: user, link, selection, …
type EntryKind string

// Entry is one version of what somebody decided in the console: a row of table desk. The highest version of an entry is how it
// is now, the others are its history.
type Entry struct {
	SiteID    SiteID    `json:"site_id" ch:"site_id" by:"server"` // "" where it belongs to the installation
	Kind      EntryKind `json:"kind" ch:"kind" by:"server"`
	EntryID   string    `json:"entry_id" ch:"entry_id" by:"server"`
	Version   uint64    `json:"version" ch:"version" by:"server"` // from 1
	ChangeID  string    `json:"change_id" ch:"change_id" by:"server"`
	ContactID ContactID `json:"contact_id,omitempty" ch:"contact_id" by:"server"` // the person whom it is about, "" for none
	Removed   uint8     `json:"removed,omitempty" ch:"removed" by:"server"`       // 1: it exists no more
	Body      string    `json:"body" ch:"body" by:"server"`                       // JSON, as the kind has it
	Summary   string    `json:"summary" ch:"summary" max:"512" by:"server"`       // what was changed, in words
	ChangedBy string    `json:"changed_by" ch:"changed_by" max:"64" by:"server"`  // the user's id, or "command"
	ChangedAt time.Time `json:"changed_at" ch:"changed_at" by:"server"`
}
