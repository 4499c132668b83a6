// Package doctor looks at a website from outside, as a visitor's browser would, and says what keeps Headwater from seeing where its
// visitors and forms come from: where a redirect strips parameters, whether the script is there and what blocks it, which forms are
// caught.
//
// Belongs here: fetching pages that a person names without reaching anything inside (fetch.go, addresses.go), and judging what came.
// Does not belong here: the words of a finding (console/messages), pages, and who may ask.
package doctor

// Severity says how much a finding matters.
type Severity int

// From the least to the most.
const (
	Good Severity = iota // as it should be
	Hint                 // worth to know
	Warn                 // loses something for some visitors
	Bad                  // does not work
)

func (s Severity) String() string { return [...]string{"good", "hint", "warn", "bad"}[s] }

// Finding is one thing that the doctor saw: an id of messages (doctor.<ID>.what, .why and .do) with what stands in them.
type Finding struct {
	ID       string
	Severity Severity
	Data     map[string]string
}

func finding(severity Severity, id string, pairs ...string) Finding {
	f := Finding{ID: id, Severity: severity, Data: map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Data[pairs[i]] = pairs[i+1]
	}
	return f
}

// Worst is the severity of the worst finding.
func Worst(findings []Finding) Severity {
	worst := Good
	for _, f := range findings {
		worst = max(worst, f.Severity)
	}
	return worst
}
