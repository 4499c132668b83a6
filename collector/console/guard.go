package console

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

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

// signedIn lets a request pass that has a session; the session is the only place where its site comes from. Others
// are sent to sign in, and come back.
func (c *Console) signedIn(next func(echo.Context, *session) error) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		s, err := c.sessionOf(ctx.Request())
		switch {
		case err == nil:
			return next(ctx, s)
		case strings.HasSuffix(ctx.Request().URL.Path, ".json"):
			return ctx.JSON(http.StatusUnauthorized, map[string]string{"error": "signed_out"})
		case ctx.Request().Method != http.MethodGet:
			return ctx.Redirect(http.StatusSeeOther, "/console/sign-in")
		}
		return ctx.Redirect(http.StatusSeeOther, signInPath(ctx.Request().URL))
	}
}

// signInPath is where to sign in so as to come back to u.
func signInPath(u *url.URL) string {
	target := (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String()
	if u.Path == "/console/" || localTarget(target) == home {
		return "/console/sign-in"
	}
	return "/console/sign-in?" + url.Values{"next": {target}}.Encode()
}

const home = "/console/sources"

// localTarget returns the page of the console that text names, and home for anything else: text comes from a URL.
func localTarget(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || len(text) > 1024 || path.Clean(u.Path) != u.Path {
		return home
	}
	for _, page := range navigation {
		if u.Path == "/console/"+page.Page || strings.HasPrefix(u.Path, "/console/contacts/") {
			return (&url.URL{Path: u.Path, RawQuery: u.Query().Encode()}).String()
		}
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
		view := problem{Heading: "Something went wrong here", Text: "The collector could not show this page; it is in its log. Try again in a moment."}
		status := http.StatusInternalServerError
		tooLarge := &http.MaxBytesError{}
		if echoed := new(echo.HTTPError); errors.As(err, &echoed) {
			status = echoed.Code
		} else if errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		switch status {
		case http.StatusNotFound:
			view = problem{Heading: "There is no such page", Text: "The address may be old or mistyped. The pages of the console are in the menu."}
		case http.StatusForbidden:
			view = problem{Heading: "This request came from another website", Text: "For your safety the console takes only what its own pages send. Go back to the console and try again there."}
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
			view = problem{Heading: "This could not be read", Text: "What your browser sent is longer than any page of the console sends, or broken. Go back and try again."}
		default:
			status = http.StatusInternalServerError
			c.config.Log.Error("console: request failed", "route", ctx.Path(), "error", err)
		}
		s, _ := c.sessionOf(ctx.Request())
		return c.render(ctx, status, "problem", view.Heading, s, view)
	}
}

// problem is what the error page says.
type problem struct{ Heading, Text string }
