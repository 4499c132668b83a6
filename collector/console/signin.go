package console

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/schema"
)

// maxForm bounds the body of a form of the console, in bytes.
const maxForm = 8 << 10

// signInView is what the sign-in page shows.
type signInView struct {
	Next    string
	Email   string
	Problem string
	Notice  string
	SetUp   bool // nobody has an account yet
}

func (c *Console) getSignIn(ctx echo.Context) error {
	if _, err := c.sessionOf(ctx); err == nil {
		return ctx.Redirect(http.StatusSeeOther, localTarget(ctx.QueryParam("next")))
	}
	if !c.config.Accounts.Ready() {
		return c.notReady(ctx)
	}
	speaker, view := c.speakerOf(ctx, nil), c.signInView(ctx.QueryParam("next"))
	switch {
	case ctx.QueryParam("signed") == "out":
		view.Notice = speaker.say("signin.signed_out")
	case strings.Contains(view.Next, "signed=in"):
		view.Next = home
		view.Problem = speaker.say("signin.no_cookie")
	}
	return c.render(ctx, http.StatusOK, "sign-in", speaker.say("signin.title"), nil, view)
}

func (c *Console) signInView(next string) signInView {
	return signInView{Next: localTarget(next), SetUp: !c.config.Accounts.Anybody()}
}

func (c *Console) postSignIn(ctx echo.Context) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	if !c.config.Accounts.Ready() {
		return c.notReady(ctx)
	}
	form := ctx.Request().PostForm
	speaker, view := c.speakerOf(ctx, nil), c.signInView(form.Get("next"))
	view.Email = schema.CutText(strings.TrimSpace(form.Get("email")), 320)
	address, now := ctx.RealIP(), c.config.Now()
	if wait := c.attempts.take(address, view.Email, now); wait > 0 {
		view.Problem = speaker.tooMany(ctx, wait)
		return c.render(ctx, http.StatusTooManyRequests, "sign-in", speaker.say("signin.title"), nil, view)
	}
	user, err := c.config.Accounts.SignIn(ctx.Request().Context(), view.Email, form.Get("password"))
	if errors.Is(err, accounts.ErrWrongPassword) {
		view.Problem = speaker.say("signin.wrong")
		return c.render(ctx, http.StatusUnauthorized, "sign-in", speaker.say("signin.title"), nil, view)
	}
	if err != nil {
		return err
	}
	c.attempts.giveBack(address, view.Email, now)
	c.open(ctx, &user, accounts.ByPassword)
	return ctx.Redirect(http.StatusSeeOther, entered(view.Next))
}

// entered is where somebody goes on who has just signed in. The mark tells a browser that does not keep the cookie from one that
// has not signed in.
func entered(next string) string {
	if next == home {
		return home + "?signed=in"
	}
	return next
}

// tooMany says how long to wait, to programs too.
func (s *speaker) tooMany(ctx echo.Context, wait time.Duration) string {
	seconds := int(math.Ceil(wait.Seconds()))
	ctx.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(seconds))
	return s.say("problems.wait", "Count", seconds)
}

// notReady answers where it is not known yet who has an account.
func (c *Console) notReady(ctx echo.Context) error {
	return c.showProblem(ctx, http.StatusServiceUnavailable, nil, c.speakerOf(ctx, nil).problem("problems.not_ready"))
}

func (c *Console) postSignOut(ctx echo.Context) error {
	s, err := c.sessionOf(ctx)
	if err == nil {
		c.config.Sessions.End(ctx.Request().Context(), s.opened)
	}
	ctx.SetCookie(sessionCookie("", 0))
	if err == nil && s.opened.How == accounts.ByProxy && c.config.Proxy.SignOutURL != "" {
		return ctx.Redirect(http.StatusSeeOther, c.config.Proxy.SignOutURL)
	}
	return ctx.Redirect(http.StatusSeeOther, "/console/sign-in?signed=out")
}

// parseForm reads a small urlencoded body; it comes from nowhere else than the body.
func parseForm(ctx echo.Context) error { return parseLongForm(ctx, maxForm) }

// parseLongForm is parseForm for a form that may be longer, up to so many bytes.
func parseLongForm(ctx echo.Context, limit int64) error {
	r := ctx.Request()
	if contentType, _, _ := strings.Cut(r.Header.Get(echo.HeaderContentType), ";"); !strings.EqualFold(strings.TrimSpace(contentType), echo.MIMEApplicationForm) {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	r.Body = http.MaxBytesReader(ctx.Response(), r.Body, limit)
	if err := r.ParseForm(); err != nil {
		return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
	}
	return nil
}
