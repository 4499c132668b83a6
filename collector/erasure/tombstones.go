package erasure

import (
	"maps"
	"time"

	"github.com/headwater/headwater/schema"
)

// subject is one id of a person.
type subject struct {
	site schema.SiteID
	kind schema.SubjectKind
	id   string
}

// tomb says by which erasure, and when, a subject was erased last.
type tomb struct {
	erasure schema.ErasureID
	at      time.Time
}

// erasure is what a set knows of one request.
type erasure struct {
	site     schema.SiteID
	at       time.Time
	subjects map[subject]bool
}

// set is the tombstones of all sites. A set never changes: with adds to a copy, so that readers need no lock.
type set struct {
	tombs    map[subject]tomb
	erasures map[schema.ErasureID]*erasure
	// recorded is the latest recorded_at: up to there the table was read.
	recorded time.Time
	// generation rises with every subject.
	generation uint64
}

// with returns the set with more tombstones, itself where it has them all.
func (s *set) with(more []schema.Tombstone) *set {
	var next *set
	for i := range more {
		t := &more[i]
		key := subject{t.SiteID, t.Kind, t.Subject}
		if old := s.erasures[t.ErasureID]; old != nil && old.subjects[key] {
			continue
		}
		if next == nil {
			next = &set{tombs: maps.Clone(s.tombs), erasures: maps.Clone(s.erasures), recorded: s.recorded, generation: s.generation}
			if next.tombs == nil {
				next.tombs, next.erasures = map[subject]tomb{}, map[schema.ErasureID]*erasure{}
			}
			s = next
		}
		next.add(key, t)
	}
	return s
}

func (s *set) add(key subject, t *schema.Tombstone) {
	if old, ok := s.tombs[key]; !ok || t.ErasedAt.After(old.at) {
		s.tombs[key] = tomb{t.ErasureID, t.ErasedAt}
	}
	e := &erasure{site: t.SiteID, at: t.ErasedAt, subjects: map[subject]bool{}}
	if old := s.erasures[t.ErasureID]; old != nil {
		maps.Copy(e.subjects, old.subjects)
	}
	e.subjects[key] = true
	s.erasures[t.ErasureID] = e
	if t.RecordedAt.After(s.recorded) {
		s.recorded = t.RecordedAt
	}
	s.generation++
}

func (s *set) of(site schema.SiteID, kind schema.SubjectKind, id string) (tomb, bool) {
	if id == "" {
		return tomb{}, false
	}
	t, ok := s.tombs[subject{site, kind, id}]
	return t, ok
}

// verdict is what becomes of a record.
type verdict int

const (
	untouched verdict = iota
	changed           // the record stays, without what belonged to the person
	gone              // the record must not be stored
	asks              // an import of a person who was erased before it: it stays only if they came back since
)

// judge decides about a record, and takes out of it what must go. crm keys an id of the CRM as tombstones do. learned are
// further ids of the person that the record gives away.
func (s *set) judge(record schema.Record, crm func(schema.SiteID, string) string) (v verdict, learned []schema.Tombstone) {
	switch r := record.(type) {
	case *schema.TouchRecord:
		if t, ok := s.of(r.SiteID, schema.SubjectVisitor, string(r.VisitorID)); ok && before(t, r.OccurredAt, r.ReceivedAt) {
			return gone, nil
		}
	case *schema.Submission:
		return s.judgeSubmission(r)
	case *schema.Contact:
		t, ok := s.of(r.SiteID, schema.SubjectContact, string(r.ContactID))
		switch {
		case !ok:
		case r.ReceivedAt.After(t.at):
			return asks, nil
		default:
			return gone, s.learn(t, subject{r.SiteID, schema.SubjectCRMID, crm(r.SiteID, r.CRMID)})
		}
	case *schema.Deal:
		return s.judgeDeal(r, crm)
	}
	return untouched, nil
}

// before tells whether something happened, or was received, before the erasure: what a browser had waiting for better
// times, or sends again, happened before it.
func before(t tomb, occurred, received time.Time) bool {
	return !occurred.After(t.at) || !received.After(t.at)
}

func (s *set) judgeSubmission(r *schema.Submission) (verdict, []schema.Tombstone) {
	byContact, ofContact := s.of(r.SiteID, schema.SubjectContact, string(r.ContactID))
	byVisitor, ofVisitor := s.of(r.SiteID, schema.SubjectVisitor, string(r.VisitorID))
	if ofContact && before(byContact, r.OccurredAt, r.ReceivedAt) {
		return gone, s.learn(byContact, subject{r.SiteID, schema.SubjectVisitor, string(r.VisitorID)})
	}
	if ofVisitor && before(byVisitor, r.OccurredAt, r.ReceivedAt) {
		if r.ContactID == "" {
			return gone, nil
		}
		r.VisitorID = "" // somebody else's form, sent from the same browser
		return changed, nil
	}
	v := untouched
	for _, t := range []tomb{byContact, byVisitor} { // a new submission may bring along a touch from before, out of the browser
		for _, touch := range []*schema.Touch{&r.FirstTouch, &r.LatestTouch} {
			if touch.Present() && !touch.OccurredAt.After(t.at) {
				*touch, v = schema.Touch{}, changed
			}
		}
	}
	return v, nil
}

// judgeDeal leaves the deal to the company, without the person.
func (s *set) judgeDeal(r *schema.Deal, crm func(schema.SiteID, string) string) (v verdict, learned []schema.Tombstone) {
	byContact, ofContact := s.of(r.SiteID, schema.SubjectContact, string(r.ContactID))
	var byCRM tomb
	var ofCRM bool
	if r.ContactCRMID != "" && len(s.tombs) > 0 {
		byCRM, ofCRM = s.of(r.SiteID, schema.SubjectCRMID, crm(r.SiteID, r.ContactCRMID))
	}
	if !ofContact && !ofCRM {
		return untouched, nil
	}
	if ofContact && r.ReceivedAt.After(byContact.at) || !ofContact && r.ReceivedAt.After(byCRM.at) {
		return asks, nil
	}
	if ofContact {
		learned = s.learn(byContact, subject{r.SiteID, schema.SubjectCRMID, crm(r.SiteID, r.ContactCRMID)})
	}
	r.ContactID, r.ContactCRMID = "", ""
	return changed, learned
}

// contactOf is the erased contact of a deal, which may name it by the CRM's id only.
func (s *set) contactOf(r *schema.Deal, crm func(schema.SiteID, string) string) schema.ContactID {
	if _, ok := s.of(r.SiteID, schema.SubjectContact, string(r.ContactID)); ok {
		return r.ContactID
	}
	if t, ok := s.of(r.SiteID, schema.SubjectCRMID, crm(r.SiteID, r.ContactCRMID)); ok {
		for key := range s.erasures[t.erasure].subjects {
			if key.kind == schema.SubjectContact {
				return schema.ContactID(key.id)
			}
		}
	}
	return ""
}

// learn returns the tombstone of a further subject of an erasure, none where it is there.
func (s *set) learn(of tomb, key subject) []schema.Tombstone {
	if e := s.erasures[of.erasure]; key.id == "" || e != nil && e.subjects[key] {
		return nil
	}
	return []schema.Tombstone{{SiteID: key.site, ErasureID: of.erasure, Kind: key.kind, Subject: key.id, ErasedAt: of.at}}
}
