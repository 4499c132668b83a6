package intake

import (
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/headwater/headwater/schema"
)

// doubt puts the record under a suspicion. Of several the one that is first in schema.Suspicions counts.
func (a *arrival) doubt(suspicion schema.Suspicion) {
	order := schema.Suspicions()
	if a.suspect == "" || slices.Index(order, suspicion) < slices.Index(order, a.suspect) {
		a.suspect = suspicion
	}
}

// weighSender looks at what the browser says of itself. All of it can be forged, and honest people's can look wrong, so it is
// a reason to doubt and never one to turn anybody away.
func (a *arrival) weighSender() error {
	request := a.c.Request()
	if schema.Bot(request.UserAgent()) {
		a.doubt(schema.SuspectBot)
	}
	if a.foreignPage(request) {
		a.doubt(schema.SuspectForgedOrigin)
	}
	return nil
}

// translators show people the site's pages under hosts of their own.
var translators = []string{".translate.goog", ".cdn.ampproject.org"}

// foreignPage tells whether the browser says that the page is on an origin that is none of the site's, of its own domains, or
// the collector's. A sender that says nothing (a program, a browser that hides it, a sandboxed frame) is no foreigner.
func (a *arrival) foreignPage(request *http.Request) bool {
	page := request.Header.Get("Origin")
	if page == "" {
		page = request.Header.Get("Referer")
	}
	if page == "" || len(a.site.Origins) == 0 || slices.Contains(a.site.Origins, page) {
		return false
	}
	origin := schema.Origin(page)
	if origin == "" || a.site.HasOrigin(origin) {
		return false
	}
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	// A page on the sender's own machine is a site that somebody builds or tests.
	if host == hostname(request.Host) || a.site.resolver.Own(host) || loopback(host) || strings.HasSuffix(host, ".localhost") {
		return false
	}
	return !slices.ContainsFunc(translators, func(suffix string) bool { return strings.HasSuffix(host, suffix) })
}

// weighTouch looks at where the touch says that it came from, and settles what is thought of it.
func (a *arrival) weighTouch() error {
	if a.spam(&a.touch.Touch) {
		a.doubt(schema.SuspectReferrerSpam)
	}
	a.touch.Suspect = a.settle()
	return nil
}

// weighSubmission does the same. Only its latest touch counts: who came from a spammer long ago and again from elsewhere is a
// person.
func (a *arrival) weighSubmission() error {
	if a.spam(&a.submission.LatestTouch) {
		a.doubt(schema.SuspectReferrerSpam)
	}
	a.submission.Suspect = a.settle()
	return nil
}

func (a *arrival) settle() schema.Suspicion {
	if a.suspect != "" {
		a.in.suspects.WithLabelValues(string(a.site.ID), string(a.suspect)).Inc()
	}
	return a.suspect
}

// spam tells whether a touch's referrer, or what it calls its source, is on the list of spammers.
func (a *arrival) spam(t *schema.Touch) bool {
	return t.ReferrerDomain != "" && a.in.spamHosts.Has(t.ReferrerDomain) || a.in.spamHosts.Has(t.Source)
}

// ReadSpamHosts reads an operator's own list of referrer spam, in place of the built-in one: a host a line.
func ReadSpamHosts(path string) (schema.Hosts, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return schema.ParseHosts(string(text))
}
