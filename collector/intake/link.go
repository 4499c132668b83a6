package intake

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// linker is what the links of a visitor from one domain of a site to another need.
type linker struct {
	key      []byte
	claimed  claimedLinks
	links    *prometheus.CounterVec
	unshared prometheus.Counter
}

func newLinker(config Config) *linker {
	l := &linker{
		key: linkKey(config.Secret),
		links: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "headwater_links_total",
			Help: "Links of a visitor to another domain of the site, by site and step: made, redeemed.",
		}, []string{"site", "step"}),
		unshared: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "headwater_links_unshared_total",
			Help: "Links redeemed while Redis could not be asked: other nodes do not know that they are used.",
		}),
	}
	if config.Metrics != nil {
		config.Metrics.MustRegister(l.links, l.unshared)
	}
	return l
}

func (in *Intake) registerLinks(e *echo.Echo) {
	e.POST("/link", in.postLink, in.cors, refusePrivate)
	e.OPTIONS("/link", preflight, in.cors)
	e.POST("/link/redeem", in.postRedeem, in.cors, refusePrivate)
	e.OPTIONS("/link/redeem", preflight, in.cors)
}

// refusePrivate turns away browsers that ask not to be followed: a link does nothing but follow.
func refusePrivate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if signal := privacySignal(c.Request()); signal != "" {
			return rejection.New(rejection.PrivacySignal, "The browser asks not to be followed (%s: 1): there are no links for it.", signal)
		}
		return next(c)
	}
}

// postLink is POST /link: a link that makes the visitor known on another domain of the site.
func (in *Intake) postLink(c echo.Context) error {
	a := in.arrive(c)
	defer a.leave()
	if err := a.readLinkRequest(nil); err != nil {
		return err
	}
	if err := a.takeVisitor(); err != nil {
		return err
	}
	visitor, err := uuid.Parse(string(a.visitor))
	if err != nil {
		return rejection.New(rejection.InvalidVisitorID, "A link needs the visitor_id that it is for; neither the body nor the cookie %s names one.", schema.VisitorCookie)
	}
	l := newLink(a.site.ID, visitor, a.receivedAt)
	in.links.links.WithLabelValues(string(a.site.ID), "made").Inc()
	return c.JSON(http.StatusOK, map[string]string{"link": l.encode(in.links.key)})
}

// postRedeem is POST /link/redeem: the visitor of a link, and the visitor's first touch where it is known.
func (in *Intake) postRedeem(c echo.Context) error {
	a := in.arrive(c)
	defer a.leave()
	text := ""
	if err := a.readLinkRequest(&text); err != nil {
		return err
	}
	l, err := decodeLink(in.links.key, text)
	if err != nil {
		return err
	}
	if err := l.check(a.site.ID, a.receivedAt); err != nil {
		return err
	}
	shared, err := in.claimLink(c.Request().Context(), a.site.ID, &l, a.receivedAt)
	if err != nil {
		return err
	}
	a.visitor = schema.VisitorID(l.visitor.String())
	answer := struct {
		VisitorID  schema.VisitorID `json:"visitor_id"`
		FirstTouch map[string]any   `json:"first_touch,omitempty"`
	}{VisitorID: a.visitor}
	if shared { // else Redis is down, and asking again would only take time
		answer.FirstTouch = a.knownFirstTouch()
	}
	// The visitor of the link takes the place of one whom this domain knew.
	a.setCookie = a.besidePage()
	a.answerCookie()
	in.links.links.WithLabelValues(string(a.site.ID), "redeemed").Inc()
	return c.JSON(http.StatusOK, answer)
}

// readLinkRequest reads the body and finds the site. A member "link" goes to text, if that is not nil.
func (a *arrival) readLinkRequest(text *string) error {
	if err := a.limitTouch(); err != nil {
		return err
	}
	if err := a.read(); err != nil {
		return err
	}
	if a.media.kind != mediaJSON {
		return rejection.New(rejection.ContentType, "This is JSON: send it as text/plain or application/json.")
	}
	err := readObject(a.body, func(name string, d *jsonBody) error {
		switch {
		case name == "site_id" || name == "visitor_id" && text == nil:
			return readText(d, name, a.raw.member(name))
		case name == "link" && text != nil:
			return readText(d, name, text)
		}
		return skip(d)
	})
	if err != nil {
		return err
	}
	return a.findSite()
}

// knownFirstTouch returns the visitor's first touch as the snippet keeps one: the fields that browsers fill, of which an
// absent one is empty, and the time in Unix milliseconds. Only the site's own pages get it: it says where a person was.
// Nil where there is none, or nobody knows just now.
func (a *arrival) knownFirstTouch() map[string]any {
	if !a.site.resolver.Own(originHost(a.c)) {
		return nil
	}
	touch, known, err := a.in.config.Links.FirstTouch(a.c.Request().Context(), a.site.ID, a.visitor)
	if err != nil || !known {
		return nil
	}
	members := map[string]any{}
	fields := schema.Fields(touch)
	for i, value := range schema.Values(touch, fields) {
		if fields[i].By != "browser" {
			continue
		}
		switch value := value.(type) {
		case time.Time:
			members[fields[i].Name] = value.UnixMilli()
		case map[string]string: // custom parameters stand beside the others
			for name, text := range value {
				members[name] = text
			}
		case string:
			if value != "" {
				members[fields[i].Name] = value
			}
		default: // the touch's id
			members[fields[i].Name] = value
		}
	}
	return members
}

// besidePage tells whether the calling page and the collector share their registrable domain, so that a cookie set here is
// the page's too.
func (a *arrival) besidePage() bool {
	page, own := originHost(a.c), hostname(a.c.Request().Host)
	if domain := cookieDomain(own); domain != "" {
		return cookieDomain(page) == domain
	}
	return page != "" && page == own
}

// originHost is the host name of the calling page, "" where the browser does not tell.
func originHost(c echo.Context) string {
	u, err := url.Parse(c.Request().Header.Get(echo.HeaderOrigin))
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
