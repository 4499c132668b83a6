package console

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/schema"
)

// usersView is what the page of users shows.
type usersView struct {
	Members []memberView
	Roles   []choice
	// Chief is an admin of all sites, who may give roles on all of them.
	Chief   bool
	Site    string
	Done    string
	Problem string
	Link    string // a one-time link, shown this once
	LinkFor string
	Typed   url.Values // what stays in the form of a new user
}

// memberView is one user with a role on the site.
type memberView struct {
	accounts.Member
	Roles   []choice
	Scope   string // site or all
	May     bool   // the reader may change the role
	MayLead bool   // and make a link
	Self    bool
}

// roleName is a role as people call it, "" for none.
func (s *speaker) roleName(role accounts.Role) string { return s.known("words.role." + string(role)) }

func (s *speaker) roles(chosen accounts.Role) []choice {
	var list []choice
	for _, role := range accounts.Roles() {
		list = append(list, choice{Value: string(role), Title: s.roleName(role), Chosen: role == chosen})
	}
	return list
}

func (c *Console) isChief(s *session) bool {
	return c.config.Accounts.Role(s.user.ID, accounts.AllSites) == accounts.Admin
}

func (c *Console) siteIDs() []schema.SiteID {
	ids := make([]schema.SiteID, len(c.sites()))
	sites := c.sites()
	for i := range sites {
		ids[i] = sites[i].ID
	}
	return ids
}

func (c *Console) usersView(s *session) usersView {
	view := usersView{Roles: s.roles(accounts.Viewer), Chief: c.isChief(s), Site: string(s.site.ID), Typed: url.Values{}}
	for _, m := range c.config.Accounts.Members(s.site.ID) {
		member := memberView{Member: m, Roles: s.roles(m.Role), Scope: "site", May: view.Chief || !m.AllSites, Self: m.ID == s.user.ID}
		if m.AllSites {
			member.Scope = "all"
		}
		member.MayLead = !member.Self && c.config.Accounts.MayLead(s.user.ID, m.ID, c.siteIDs())
		view.Members = append(view.Members, member)
	}
	return view
}

func (c *Console) getUsers(ctx echo.Context, s *session) error {
	view := c.usersView(s)
	view.Done = s.done(map[string]string{"added": "users.done.added", "role": "users.done.role", "removed": "users.done.removed"}, ctx)
	return c.render(ctx, http.StatusOK, "users", s.say("users.title"), s, view)
}

// usersAnswer shows the page with a problem, or goes on to the page that says what was done.
func (c *Console) usersAnswer(ctx echo.Context, s *session, err error, done string, typed url.Values) error {
	problem := s.problemOf(err)
	switch {
	case err == nil:
		return ctx.Redirect(http.StatusSeeOther, "/console/users?done="+done)
	case problem == "":
		return err
	}
	view := c.usersView(s)
	view.Problem = problem
	if typed != nil {
		view.Typed, view.Roles = typed, s.roles(accounts.Role(typed.Get("role")))
	}
	return c.render(ctx, http.StatusUnprocessableEntity, "users", s.say("users.title"), s, view)
}

// scopeOf is the site of the membership that a form is about; false where the reader may not touch it.
func (c *Console) scopeOf(s *session, form url.Values) (schema.SiteID, bool) {
	if form.Get("scope") == "all" {
		return accounts.AllSites, c.isChief(s)
	}
	return s.site.ID, true
}

// postUser adds somebody to the site. Who has no account yet gets one, with a link to it.
func (c *Console) postUser(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	form := ctx.Request().PostForm
	site, may := c.scopeOf(s, form)
	if !may {
		return errNotAllowed
	}
	request := ctx.Request().Context()
	role := accounts.Role(form.Get("role"))
	user, fresh, err := c.config.Accounts.Add(request, string(s.user.ID), form.Get("email"), form.Get("name"), site, role)
	if err != nil || !fresh || c.config.Proxy.Header != "" {
		return c.usersAnswer(ctx, s, err, "added", form)
	}
	return c.showLink(ctx, s, &user, s.say("users.done.added"))
}

// showLink makes a one-time link and shows it, this once: only its hash is kept.
func (c *Console) showLink(ctx echo.Context, s *session, user *accounts.User, done string) error {
	token, err := c.config.Accounts.NewLink(ctx.Request().Context(), string(s.user.ID), user.ID)
	if err != nil {
		return c.usersAnswer(ctx, s, err, "", nil)
	}
	view := c.usersView(s)
	view.Done, view.Link, view.LinkFor = done, c.publicURL.String()+"/console/link/"+token, user.Called()
	return c.render(ctx, http.StatusOK, "users", s.say("users.title"), s, view)
}

// changeOf reads a form about one membership: of whom, where, and over which version.
func (c *Console) changeOf(ctx echo.Context, s *session) (id accounts.UserID, site schema.SiteID, over uint64, err error) {
	if err := parseForm(ctx); err != nil {
		return "", "", 0, err
	}
	site, may := c.scopeOf(s, ctx.Request().PostForm)
	if !may {
		return "", "", 0, errNotAllowed
	}
	over, err = strconv.ParseUint(ctx.Request().PostForm.Get("over"), 10, 64)
	if err != nil {
		return "", "", 0, echo.NewHTTPError(http.StatusBadRequest)
	}
	return accounts.UserID(ctx.Param("user")), site, over, nil
}

func (c *Console) postRole(ctx echo.Context, s *session) error {
	id, site, over, err := c.changeOf(ctx, s)
	if err != nil {
		return err
	}
	role := accounts.Role(ctx.Request().PostForm.Get("role"))
	return c.usersAnswer(ctx, s, c.config.Accounts.SetRole(ctx.Request().Context(), string(s.user.ID), id, site, over, role), "role", nil)
}

func (c *Console) postRemoveUser(ctx echo.Context, s *session) error {
	id, site, over, err := c.changeOf(ctx, s)
	if err != nil {
		return err
	}
	return c.usersAnswer(ctx, s, c.config.Accounts.Remove(ctx.Request().Context(), string(s.user.ID), id, site, over, c.siteIDs()), "removed", nil)
}

// postUserLink makes a link for a user of the site who lost the password.
func (c *Console) postUserLink(ctx echo.Context, s *session) error {
	id := accounts.UserID(ctx.Param("user"))
	user, found := c.config.Accounts.User(id)
	switch {
	case !found || c.config.Accounts.Role(id, s.site.ID) == "":
		return c.usersAnswer(ctx, s, accounts.ErrNoUser, "", nil)
	case !c.config.Accounts.MayLead(s.user.ID, id, c.siteIDs()):
		return c.usersAnswer(ctx, s, accounts.ErrForeign, "", nil)
	}
	return c.showLink(ctx, s, &user, "")
}
