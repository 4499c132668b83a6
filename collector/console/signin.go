package console

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
)

// maxForm bounds the body of a form of the console, in bytes.
const maxForm = 8 << 10

// signInView is what the sign-in page shows.
type signInView struct {
	Next    string
	Problem string
	Notice  string
}

func (c *Console) getSignIn(ctx echo.Context) error {
	if _, err := c.sessionOf(ctx.Request()); err == nil {
		return ctx.Redirect(http.StatusSeeOther, localTarget(ctx.QueryParam("next")))
	}
	view := signInView{Next: localTarget(ctx.QueryParam("next"))}
	switch {
	case ctx.QueryParam("signed") == "out":
		view.Notice = "You are signed out."
	case strings.Contains(view.Next, "signed=in"):
		view.Next = home
		view.Problem = "The key was right, but your browser did not keep the session’s cookie. Allow cookies for this address, and open it with https:// (or on localhost, in Chrome, Edge or Firefox)."
	}
	return c.render(ctx, http.StatusOK, "sign-in", "Sign in", nil, view)
}

func (c *Console) postSignIn(ctx echo.Context) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	form := ctx.Request().PostForm
	view := signInView{Next: localTarget(form.Get("next"))}
	address, now := ctx.RealIP(), c.config.Now()
	if wait := c.attempts.take(address, now); wait > 0 {
		seconds := int(math.Ceil(wait.Seconds()))
		ctx.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(seconds))
		view.Problem = fmt.Sprintf("Too many attempts. Try again in %s.", count(seconds, "second", "seconds"))
		return c.render(ctx, http.StatusTooManyRequests, "sign-in", "Sign in", nil, view)
	}
	key := c.keyOf(strings.TrimSpace(form.Get("key")))
	if key == nil {
		view.Problem = "This is not a key of any site here. Check that all of it was pasted, or make a new one with `headwater key`."
		return c.render(ctx, http.StatusUnauthorized, "sign-in", "Sign in", nil, view)
	}
	c.attempts.giveBack(address, now)
	if old, err := c.sessionOf(ctx.Request()); err == nil {
		c.end(old)
	}
	ctx.SetCookie(sessionCookie(c.seal(c.newSession(key)), sessionLife))
	target := view.Next
	if target == home {
		target = home + "?signed=in" // tells a browser that does not keep the cookie from one that has not signed in
	}
	return ctx.Redirect(http.StatusSeeOther, target)
}

func (c *Console) postSignOut(ctx echo.Context) error {
	if s, err := c.sessionOf(ctx.Request()); err == nil {
		c.end(s)
	}
	ctx.SetCookie(sessionCookie("", 0))
	return ctx.Redirect(http.StatusSeeOther, "/console/sign-in?signed=out")
}

// parseForm reads a small urlencoded body; it comes from nowhere else than the body.
func parseForm(ctx echo.Context) error {
	r := ctx.Request()
	if contentType, _, _ := strings.Cut(r.Header.Get(echo.HeaderContentType), ";"); !strings.EqualFold(strings.TrimSpace(contentType), echo.MIMEApplicationForm) {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	r.Body = http.MaxBytesReader(ctx.Response(), r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
	}
	return nil
}
