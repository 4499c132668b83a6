package console

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/schema"
)

// policy lets only the console's own files run or load, and nobody frame it. Nothing inline, no evaluated text.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'"

// protect sets the headers of every answer below /console/, errors and assets too.
func (c *Console) protect(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		header := ctx.Response().Header()
		header.Set(echo.HeaderContentSecurityPolicy, policy)
		header.Set(echo.HeaderXContentTypeOptions, "nosniff")
		header.Set(echo.HeaderReferrerPolicy, "same-origin")
		header.Set(echo.HeaderCacheControl, "no-store")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		return next(ctx)
	}
}

// sameOrigin refuses a POST that another website made the browser send. Together with SameSite on the cookie it is the
// defence against forged requests; every browser that can show the console sends one of the two headers.
func (c *Console) sameOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		if !c.isSameOrigin(ctx.Request()) {
			return echo.NewHTTPError(http.StatusForbidden)
		}
		return next(ctx)
	}
}

func (c *Console) isSameOrigin(r *http.Request) bool {
	switch site := r.Header.Get("Sec-Fetch-Site"); site {
	case "same-origin", "none":
		return true
	case "":
	default:
		return false
	}
	text := r.Header.Get(echo.HeaderOrigin)
	origin, err := url.Parse(text)
	if err != nil || origin.Host == "" {
		return false
	}
	return text == schema.Origin(c.publicURL.String()) || strings.EqualFold(origin.Host, r.Host)
}

// errNotAllowed is the answer to who is signed in, and may not do this.
var errNotAllowed = errors.New("the role does not allow this")

// signedIn lets a request pass that has a session of somebody whose role on the site allows it; the session is the only place
// where its site comes from. Who is not signed in is sent to sign in, and comes back.
func (c *Console) signedIn(r route) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		s, err := c.sessionOf(ctx)
		if err != nil {
			s, err = c.enterByProxy(ctx)
		}
		switch {
		case err != nil && err != errNoSession:
			return err
		case err == nil && s.site == nil, err == nil && !s.role.Allows(r.Needs):
			return errNotAllowed
		case err == nil:
			return r.answer(ctx, s)
		case strings.HasSuffix(ctx.Request().URL.Path, ".events"):
			return ctx.JSON(http.StatusUnauthorized, map[string]string{"error": "signed_out"})
		case ctx.Request().Method != http.MethodGet:
			return ctx.Redirect(http.StatusSeeOther, "/console/sign-in")
		}
		return ctx.Redirect(http.StatusSeeOther, signInPath(ctx.Request().URL))
	}
}

// errStranger is somebody whom the proxy let through and who has no account.
var errStranger = errors.New("the proxy's user has no account")

// enterByProxy opens a session for the user whom a proxy names.
func (c *Console) enterByProxy(ctx echo.Context) (*session, error) {
	id := c.proxied(ctx.Request())
	user, found := c.config.Accounts.User(id)
	switch {
	case id == "" || !c.config.Accounts.Ready():
		return nil, errNoSession
	case !found:
		return nil, errStranger
	}
	return c.open(ctx, &user, accounts.ByProxy), nil
}

// signInPath is where to sign in so as to come back to u.
func signInPath(u *url.URL) string {
	target := (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String()
	if u.Path == "/console/" || localTarget(target) == home {
		return "/console/sign-in"
	}
	return "/console/sign-in?" + url.Values{"next": {target}}.Encode()
}

const home = "/console/dashboard"

// localTarget returns the page of the console that text names, and home for anything else: text comes from a URL.
func localTarget(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || len(text) > 1024 || path.Clean(u.Path) != u.Path {
		return home
	}
	if slices.Contains([]string{"/console/account", "/console/settings/history", "/console/contact", "/console/company", "/console/statuses"}, u.Path) ||
		strings.HasPrefix(u.Path, "/console/contacts/") || strings.HasPrefix(u.Path, "/console/selections/") || slices.ContainsFunc(navigation, func(n navItem) bool { return u.Path == "/console/"+n.Page }) {
		return (&url.URL{Path: u.Path, RawQuery: u.Query().Encode()}).String()
	}
	return home
}

// explain answers an error with a page that tells the person what to do.
func (c *Console) explain(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		err := next(ctx)
		if err == nil || ctx.Response().Committed {
			return err
		}
		view := "problems.failed"
		status := http.StatusInternalServerError
		tooLarge := &http.MaxBytesError{}
		if echoed := new(echo.HTTPError); errors.As(err, &echoed) {
			status = echoed.Code
		} else if errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		s, _ := c.sessionOf(ctx)
		speaker := c.speakerOf(ctx, s)
		if errors.Is(err, errNotAllowed) || errors.Is(err, errStranger) {
			return c.showProblem(ctx, http.StatusForbidden, s, speaker.notAllowed(s))
		}
		switch status {
		case http.StatusNotFound:
			view = "problems.not_found"
		case http.StatusForbidden:
			view = "problems.cross_site"
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
			view = "problems.bad_request"
		default:
			status = http.StatusInternalServerError
			c.config.Log.Error("console: request failed", "route", ctx.Path(), "error", err)
		}
		return c.showProblem(ctx, status, s, speaker.problem(view))
	}
}

// notAllowed says why somebody is let in and no further.
func (speaker *speaker) notAllowed(s *session) problem {
	switch {
	case s == nil:
		return speaker.problem("problems.no_account")
	case s.site == nil:
		return speaker.problem("problems.no_site")
	}
	return speaker.problem("problems.role", "Role", strings.ToLower(speaker.roleName(s.role)))
}

// problem is what the error page says.
type problem struct{ Heading, Text string }

func (c *Console) showProblem(ctx echo.Context, status int, s *session, view problem) error {
	return c.render(ctx, status, "problem", view.Heading, s, view)
}
