package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/schema"
)

// linkView is what the page of a one-time link shows: the set-up of the first account, or the door to an account.
type linkView struct {
	SetUp       bool
	Email, Name string
	NeedsOne    bool // a password must be chosen: there is no other way in later
	Problem     string
	MinPassword int
}

// getLink shows where a link leads. It uses nothing up: programs that preview links ask for them too.
func (c *Console) getLink(ctx echo.Context) error {
	link, err := c.lookUp(ctx)
	if link == nil {
		return err
	}
	return c.render(ctx, http.StatusOK, "link", c.speakerOf(ctx, nil).say("link.title"), nil, c.linkView(ctx, link))
}

func (c *Console) linkView(ctx echo.Context, link *accounts.Link) linkView {
	view := linkView{SetUp: link.User == nil, MinPassword: accounts.MinPassword}
	if link.User == nil {
		view.Email = c.proxiedAddress(ctx.Request())
		view.NeedsOne = view.Email == ""
		return view
	}
	view.Email, view.Name = link.User.Email, link.User.Name
	return view
}

// lookUp returns the link of a request; nil where it answered that there is none, with what the answer came to.
func (c *Console) lookUp(ctx echo.Context) (*accounts.Link, error) {
	speaker, address, now := c.speakerOf(ctx, nil), ctx.RealIP(), c.config.Now()
	if wait := c.attempts.take(address, "", now); wait > 0 {
		return nil, c.showProblem(ctx, http.StatusTooManyRequests, nil, problem{speaker.say("problems.attempts"), speaker.tooMany(ctx, wait)})
	}
	link, err := c.config.Accounts.Link(ctx.Request().Context(), ctx.Param("token"))
	if errors.Is(err, accounts.ErrNoLink) {
		return nil, c.showProblem(ctx, http.StatusNotFound, nil, speaker.problem("problems.no_link"))
	}
	if err != nil {
		c.config.Log.Error("console: a one-time link cannot be looked up", "error", err)
		return nil, c.notReady(ctx)
	}
	c.attempts.giveBack(address, "", now)
	return link, nil
}

// postLink uses the link up, and signs in.
func (c *Console) postLink(ctx echo.Context) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	link, err := c.lookUp(ctx)
	if link == nil {
		return err
	}
	form := ctx.Request().PostForm
	view, password := c.linkView(ctx, link), form.Get("password")
	if view.SetUp {
		if view.NeedsOne {
			view.Email = schema.CutText(strings.TrimSpace(form.Get("email")), 320)
		}
		view.Name = schema.CutText(strings.TrimSpace(form.Get("name")), 128)
	}
	if view.Problem = c.speakerOf(ctx, nil).linkProblem(&view, password); view.Problem != "" {
		return c.render(ctx, http.StatusUnprocessableEntity, "link", c.speakerOf(ctx, nil).say("link.title"), nil, view)
	}
	user, err := c.follow(ctx, link, &view, password)
	if errors.Is(err, accounts.ErrNoLink) { // somebody else was quicker
		_, err = c.lookUp(ctx)
		return err
	}
	if err != nil {
		return err
	}
	c.open(ctx, &user, accounts.ByLink)
	return ctx.Redirect(http.StatusSeeOther, entered(home))
}

// linkProblem says what is wrong with what was typed, before the link is used up.
func (s *speaker) linkProblem(view *linkView, password string) string {
	if _, err := schema.NormaliseEmail(view.Email); err != nil {
		return s.problemOf(accounts.ErrNoAddress)
	}
	if password == "" && !view.NeedsOne {
		return ""
	}
	return s.problemOf(accounts.CheckPassword(password, view.Email))
}

// follow uses the link up and returns whom it lets in, with the password that they chose.
func (c *Console) follow(ctx echo.Context, link *accounts.Link, view *linkView, password string) (accounts.User, error) {
	request := ctx.Request().Context()
	if err := c.config.Accounts.Use(request, link); err != nil {
		return accounts.User{}, err
	}
	id := accounts.UserID("")
	if view.SetUp {
		user, _, err := c.config.Accounts.Add(request, "set-up", view.Email, view.Name, accounts.AllSites, accounts.Admin)
		if err != nil {
			return user, err
		}
		id = user.ID
	} else {
		id = link.User.ID
	}
	if password != "" {
		if err := c.config.Accounts.SetPassword(request, id, password); err != nil {
			return accounts.User{}, err
		}
	}
	user, _ := c.config.Accounts.User(id)
	return user, nil
}
