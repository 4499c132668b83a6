package console

import (
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/desk"
)

// accountView is what the page of one's own account shows.
type accountView struct {
	Email, Name string
	Roles       []fact
	HasPassword bool
	AsksCurrent bool // the present password must be typed
	Proxied     bool // a proxy signs the person in: there is no password
	MinPassword int
	Done        string
	Problem     string
}

// linkGrace is how long after coming in by a one-time link another password may be chosen without the present one, which who
// asked for a link has lost.
const linkGrace = 15 * time.Minute

func (c *Console) getAccount(ctx echo.Context, s *session) error {
	view := c.accountView(s)
	view.Done = map[string]string{"name": "Your name is changed.", "password": "Your password is changed, and you are signed out everywhere else.",
		"everywhere": "You are signed out everywhere else."}[ctx.QueryParam("done")]
	return c.render(ctx, http.StatusOK, "account", "Your account", s, view)
}

func (c *Console) accountView(s *session) accountView {
	view := accountView{
		Email: s.user.Email, Name: s.user.Name, HasPassword: c.config.Accounts.HasPassword(s.user.ID),
		Proxied: s.opened.How == accounts.ByProxy, MinPassword: accounts.MinPassword,
	}
	view.AsksCurrent = view.HasPassword && !(s.opened.How == accounts.ByLink && c.config.Now().Sub(s.opened.At) < linkGrace)
	for i := range c.config.Sites {
		if role := c.config.Accounts.Role(s.user.ID, c.config.Sites[i].ID); role != "" {
			view.Roles = append(view.Roles, fact{string(c.config.Sites[i].ID), string(role)})
		}
	}
	return view
}

func (c *Console) postName(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	if err := c.config.Accounts.Rename(ctx.Request().Context(), s.user.ID, ctx.Request().PostForm.Get("name")); err != nil {
		return err
	}
	return ctx.Redirect(http.StatusSeeOther, "/console/account?done=name")
}

// postPassword changes the password: who sits down at somebody else's browser does not know the present one.
func (c *Console) postPassword(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	form, view := ctx.Request().PostForm, c.accountView(s)
	if view.Proxied {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	status := http.StatusUnprocessableEntity
	if view.AsksCurrent {
		address, now := ctx.RealIP(), c.config.Now()
		if wait := c.attempts.take(address, s.user.Email, now); wait > 0 {
			view.Problem = tooMany(ctx, wait)
			return c.render(ctx, http.StatusTooManyRequests, "account", "Your account", s, view)
		}
		_, err := c.config.Accounts.SignIn(ctx.Request().Context(), s.user.Email, form.Get("current"))
		if errors.Is(err, accounts.ErrWrongPassword) {
			view.Problem = "This is not your present password."
			return c.render(ctx, status, "account", "Your account", s, view)
		}
		if err != nil {
			return err
		}
		c.attempts.giveBack(address, s.user.Email, now)
	}
	err := c.config.Accounts.SetPassword(ctx.Request().Context(), s.user.ID, form.Get("password"))
	if view.Problem = problemOf(err); view.Problem != "" {
		return c.render(ctx, status, "account", "Your account", s, view)
	}
	if err != nil {
		return err
	}
	return c.stay(ctx, s, "password")
}

// postSignOutEverywhere ends all sessions of the person but this one, which becomes a new one.
func (c *Console) postSignOutEverywhere(ctx echo.Context, s *session) error {
	if err := c.config.Accounts.SignOutEverywhere(ctx.Request().Context(), s.user.ID); err != nil {
		return err
	}
	return c.stay(ctx, s, "everywhere")
}

// stay opens a new session for somebody whose sessions have all ended.
func (c *Console) stay(ctx echo.Context, s *session, done string) error {
	user, found := c.config.Accounts.User(s.user.ID)
	if !found {
		return errNoSession
	}
	c.open(ctx, &user, s.opened.How)
	return ctx.Redirect(http.StatusSeeOther, "/console/account?done="+done)
}

// problemOf is what a person can do something about, "" where the error is none of these.
func problemOf(err error) string {
	if weak := new(accounts.WeakPassword); errors.As(err, &weak) {
		return weak.Problem
	}
	if errors.As(err, new(*desk.Conflict)) {
		return "Somebody else changed this meanwhile. What you see now is how it is: make your change once more if it is still right."
	}
	for known, text := range map[error]string{
		accounts.ErrNoAddress: "This is no e-mail address. Write it as in ada@example.com.",
		accounts.ErrLastAdmin: "This is the last admin of all sites. Make somebody else one before.",
		accounts.ErrForeign:   "This user also has a role on sites where you are no admin, so a link for them is not yours to make.",
		accounts.ErrNoUser:    "There is no such user any more.",
		accounts.ErrNoRole:    "Choose a role.",
	} {
		if errors.Is(err, known) {
			return text
		}
	}
	return ""
}
