package schema

import (
	_ "embed"
	"strings"
	"sync"
)

// MediumInApp is the medium of a touch whose source is known only by the app that showed the page. Nobody can tag a link
// with it.
const MediumInApp = "(in-app)"

//go:embed apps.csv
var appsText string

type appMark struct{ mark, source string }

var appMarks = sync.OnceValue(func() []appMark {
	var marks []appMark
	for line := range strings.Lines(appsText) {
		mark, source, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ",")
		if ok && !strings.HasPrefix(line, "#") {
			marks = append(marks, appMark{mark, source})
		}
	}
	return marks
})

// AppOf names the app, as sources are named, whose built-in browser sends this User-Agent header; "" for a browser that is
// in no known app.
func AppOf(userAgent string) string {
	for _, known := range appMarks() {
		if strings.Contains(userAgent, known.mark) {
			return known.source
		}
	}
	return ""
}

// ResolveInApp resolves a touch that a browser has just sent from inside app (see AppOf). Apps mostly hide the referrer, so
// the app is the last resort: it becomes the source of a touch that has no UTM, no click id and no referrer, not even one
// that counts for nothing. The raw fields stay empty, so that Direct still tells what the touch itself said. A touch that was
// stored and travels inside a submission may be from another app, or from another browser: it is for Resolve.
func (r *Resolver) ResolveInApp(t *Touch, app string) { t.apply(r.Classify(t, app)) }
