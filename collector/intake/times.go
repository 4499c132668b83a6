package intake

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// How far a sender's clock is believed (design.md §4, §7).
const (
	oldest   = 30 * 24 * time.Hour
	earliest = 5 * time.Minute // ahead of our clock
)

// dateTouch freezes when the touch happened: as sent, else as its UUIDv7 says, within what is believable.
func (a *arrival) dateTouch() error {
	at, err := parseMoment("occurred_at", a.raw.touch.at)
	if err != nil {
		return err
	}
	if at.IsZero() {
		at = momentOf(string(a.touch.TouchID))
	}
	a.touch.OccurredAt = a.clamp(at)
	return nil
}

// dateSubmission does the same. The time in the id matters for a resend in the next month: it must land in the same
// partition as the first one, or they never merge.
func (a *arrival) dateSubmission() error {
	at, err := parseMoment("occurred_at", a.raw.occurredAt)
	if err != nil && !a.raw.form {
		return err
	}
	if at.IsZero() {
		at = momentOf(string(a.submission.SubmissionID))
	}
	a.submission.OccurredAt = a.clamp(at)
	a.submission.ReceivedAt = a.receivedAt
	return nil
}

// clamp returns at within [received - 30 d, received + 5 min]; the zero time is the time of receipt.
func (a *arrival) clamp(at time.Time) time.Time {
	switch first, last := a.receivedAt.Add(-oldest), a.receivedAt.Add(earliest); {
	case at.IsZero():
		return a.receivedAt
	case at.Before(first):
		return first
	case at.After(last):
		return last
	}
	return at
}

// clampAttached bounds a touch inside a submission: as old as the visitor cookie at most, never after the submission.
// A touch that does not say when it happened did so just then.
func (a *arrival) clampAttached(at time.Time) time.Time {
	first, last := a.receivedAt.AddDate(0, -13, 0), a.submission.OccurredAt
	switch {
	case at.IsZero(), at.After(last):
		return last
	case at.Before(first):
		return first
	}
	return at
}

// parseMoment reads a time as schema.ParseTime does, and milliseconds with a fraction, as performance.now gives them.
func parseMoment(name, text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if ms, err := strconv.ParseFloat(text, 64); err == nil && ms >= 1e11 && ms < 1e15 {
		return time.UnixMilli(int64(ms)).UTC(), nil
	}
	at, err := schema.ParseTime(text)
	if err != nil {
		return time.Time{}, rejection.New(rejection.InvalidField, "%s: %v", name, err)
	}
	return at, nil
}

// momentOf returns the time inside a UUIDv7, the zero time for other versions.
func momentOf(text string) time.Time {
	id, err := uuid.Parse(text)
	if err != nil || id.Version() != 7 {
		return time.Time{}
	}
	ms := int64(id[0])<<40 | int64(id[1])<<32 | int64(id[2])<<24 | int64(id[3])<<16 | int64(id[4])<<8 | int64(id[5])
	return time.UnixMilli(ms).UTC()
}
