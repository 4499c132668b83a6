package console

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/sample"
	"github.com/headwater/headwater/schema"
)

// cookieName begins with __Host-: browsers take it only with Secure, Path=/ and no Domain, so that no other host of
// the domain can plant one.
const cookieName = "__Host-hw_console"

// session is who looks at which site, and what they may do there.
type session struct {
	*speaker
	opened *accounts.Session
	user   accounts.User
	site   *schema.Site // nil where the user has a role on none
	role   accounts.Role
	others []schema.SiteID // further sites that the user may look at
	sample bool            // site is the sample data beside a real one
}

var errNoSession = errors.New("no session")

const sessionInContext = "headwater.session"

// sessionOf returns the request's session. It counts only while its user exists and did not sign out everywhere after it was
// opened. Of several cookies of the name, which a browser never sends, none counts.
func (c *Console) sessionOf(ctx echo.Context) (*session, error) {
	if known, ok := ctx.Get(sessionInContext).(*session); ok {
		return known, nil
	}
	r := ctx.Request()
	cookies := r.CookiesNamed(cookieName)
	if len(cookies) != 1 {
		return nil, errNoSession
	}
	opened, err := c.config.Sessions.Find(r.Context(), cookies[0].Value)
	if err != nil {
		return nil, errNoSession
	}
	user, found := c.config.Accounts.User(opened.User)
	if !found || opened.At.Before(user.SignedOutAt) {
		return nil, errNoSession
	}
	// The proxy has the last word: nobody goes on under the session of somebody else, nor under one that the proxy
	// opened once it has forgotten them.
	if proxied := c.proxied(r); proxied != user.ID && (proxied != "" || opened.How == accounts.ByProxy) {
		return nil, errNoSession
	}
	s := c.newSession(ctx, opened, user)
	ctx.Set(sessionInContext, s)
	return s, nil
}

// newSession finds the site that the session looks at: the chosen one, else the first on which the user has a role.
func (c *Console) newSession(ctx echo.Context, opened *accounts.Session, user accounts.User) *session {
	s := &session{opened: opened, user: user}
	sites := c.sites()
	for i := range sites {
		site := &sites[i]
		role := c.config.Accounts.Role(user.ID, site.ID)
		if role == "" {
			continue
		}
		looked := opened.Site
		if real, is := sample.RealOf(looked); is {
			looked = real
		}
		if s.site == nil || site.ID == looked {
			if s.site != nil {
				s.others = append(s.others, s.site.ID)
			}
			s.site, s.role = site, role
		} else {
			s.others = append(s.others, site.ID)
		}
	}
	c.lookAtSample(s)
	slices.Sort(s.others)
	zone := time.UTC
	if user.Zone != "" {
		zone = zoneCalled(user.Zone)
	} else if s.site != nil {
		zone = zoneOf(s.site)
	}
	s.speaker = c.words.match(user.Language, ctx.Request().Header.Get("Accept-Language")).in(zone)
	return s
}

// open gives the browser a new session, in place of the one that it may have.
func (c *Console) open(ctx echo.Context, user *accounts.User, how accounts.Opened) *session {
	site := schema.SiteID("")
	if old, err := c.sessionOf(ctx); err == nil {
		c.config.Sessions.End(ctx.Request().Context(), old.opened)
		site = old.opened.Site
	}
	token, opened := c.config.Sessions.Open(ctx.Request().Context(), user, site, how)
	ctx.SetCookie(sessionCookie(token, accounts.SessionLife))
	s := c.newSession(ctx, opened, *user)
	ctx.Set(sessionInContext, s)
	return s
}

func sessionCookie(value string, life time.Duration) *http.Cookie {
	cookie := &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: int(life / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if life <= 0 {
		cookie.MaxAge = -1
	}
	return cookie
}

// proxiedAddress is the address that a proxy says the user has, "" where none does that is believed. Two headers are none: a
// proxy that adds its own beside the client's would let anybody in as anybody.
func (c *Console) proxiedAddress(r *http.Request) string {
	values := r.Header.Values(c.config.Proxy.Header)
	if c.config.Proxy.Header == "" || len(values) != 1 {
		return ""
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !slices.ContainsFunc(c.config.Proxy.Peers, func(p netip.Prefix) bool { return p.Contains(peer.Addr().Unmap()) }) {
		return ""
	}
	return values[0]
}

// stranger stands for a user whom the proxy knows and the console does not.
const stranger accounts.UserID = "stranger"

// proxied is the user whom a proxy names.
func (c *Console) proxied(r *http.Request) accounts.UserID {
	address := c.proxiedAddress(r)
	if address == "" {
		return ""
	}
	if user, found := c.config.Accounts.ByEmail(address); found {
		return user.ID
	}
	return stranger
}

// postSite has the session look at another of the user's sites.
func (c *Console) postSite(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	if site := schema.SiteID(ctx.Request().PostForm.Get("site")); slices.Contains(s.others, site) {
		c.config.Sessions.Turn(ctx.Request().Context(), s.opened, site)
	}
	return ctx.Redirect(http.StatusSeeOther, home)
}
