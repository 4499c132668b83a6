package intake

import (
	"slices"
	"strings"

	"github.com/headwater/headwater/schema"
)

// weighFields looks at the form's honeypot: a field that no person sees, so that only a program fills it in. It is never kept as a
// field. Where it was filled it still counts for the submission's derived id, so that a person whose browser filled it can
// send the form again without it.
func (a *arrival) weighFields() error {
	if a.form.Honeypot == "" {
		return nil
	}
	isTrap := func(f pair) bool { return strings.EqualFold(f.name, a.form.Honeypot) }
	filled := slices.ContainsFunc(a.raw.fields, func(f pair) bool { return isTrap(f) && !blank(f.value) })
	if filled {
		a.doubt(schema.SuspectHoneypot)
	} else {
		a.raw.fields = slices.DeleteFunc(a.raw.fields, isTrap)
	}
	for name := range a.submission.Fields {
		if strings.EqualFold(name, a.form.Honeypot) {
			delete(a.submission.Fields, name)
		}
	}
	return nil
}
