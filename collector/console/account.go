package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/schema"
)

// accountView is what the page of one's own account shows.
type accountView struct {
	Email, Name string
	Roles       []fact
	HasPassword bool
	AsksCurrent bool // the present password must be typed
	Proxied     bool // a proxy signs the person in: there is no password
	MinPassword int
	Languages   []choice
	Zone        string // the user's own
	SiteZone    string
	ZoneProblem string
	Done        string
	Problem     string
}

// linkGrace is how long after coming in by a one-time link another password may be chosen without the present one, which who
// asked for a link has lost.
const linkGrace = 15 * time.Minute

func (c *Console) getAccount(ctx echo.Context, s *session) error {
	view := c.accountView(s)
	view.Done = s.done(map[string]string{"name": "account.done.name", "password": "account.done.password", "everywhere": "account.done.everywhere",
		"settings": "account.done.settings"}, ctx)
	return c.render(ctx, http.StatusOK, "account", s.say("account.title"), s, view)
}

func (c *Console) accountView(s *session) accountView {
	view := accountView{
		Email: s.user.Email, Name: s.user.Name, HasPassword: c.config.Accounts.HasPassword(s.user.ID),
		Proxied: s.opened.How == accounts.ByProxy, MinPassword: accounts.MinPassword,
	}
	view.languages(s, s.user.Language, s.user.Zone)
	view.AsksCurrent = view.HasPassword && !(s.opened.How == accounts.ByLink && c.config.Now().Sub(s.opened.At) < linkGrace)
	sites := c.sites()
	for i := range sites {
		if role := c.config.Accounts.Role(s.user.ID, sites[i].ID); role != "" {
			view.Roles = append(view.Roles, fact{string(sites[i].ID), s.roleName(role)})
		}
	}
	return view
}

// languages fills in how the user wants to read. Each language is named in itself.
func (v *accountView) languages(s *session, language, zone string) {
	v.Zone, v.SiteZone = zone, zoneName(s.site)
	v.Languages = []choice{{Title: s.say("account.language_of_browser"), Chosen: language == ""}}
	for _, tag := range languages {
		v.Languages = append(v.Languages, choice{Value: tag.String(), Title: languageName(tag), Chosen: language == tag.String()})
	}
}

func languageName(tag language.Tag) string {
	name := display.Self.Name(tag)
	return strings.ToUpper(name[:1]) + name[1:]
}

// postReading keeps the language and the zone that the user wants to read in.
func (c *Console) postReading(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	form := ctx.Request().PostForm
	chosen, zone := form.Get("language"), strings.TrimSpace(form.Get("zone"))
	if !slices.ContainsFunc(languages, func(tag language.Tag) bool { return tag.String() == chosen }) {
		chosen = ""
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" { // "Local" is the server's, and nobody's choice
		view := c.accountView(s)
		view.languages(s, chosen, schema.CutText(zone, 64))
		view.ZoneProblem = s.say("account.zone_unknown")
		return c.render(ctx, http.StatusUnprocessableEntity, "account", s.say("account.title"), s, view)
	}
	if err := c.config.Accounts.Settle(ctx.Request().Context(), s.user.ID, chosen, zone); err != nil {
		return err
	}
	return ctx.Redirect(http.StatusSeeOther, "/console/account?done=settings")
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
			view.Problem = s.tooMany(ctx, wait)
			return c.render(ctx, http.StatusTooManyRequests, "account", s.say("account.title"), s, view)
		}
		_, err := c.config.Accounts.SignIn(ctx.Request().Context(), s.user.Email, form.Get("current"))
		if errors.Is(err, accounts.ErrWrongPassword) {
			view.Problem = s.say("account.problem.current")
			return c.render(ctx, status, "account", s.say("account.title"), s, view)
		}
		if err != nil {
			return err
		}
		c.attempts.giveBack(address, s.user.Email, now)
	}
	err := c.config.Accounts.SetPassword(ctx.Request().Context(), s.user.ID, form.Get("password"))
	if view.Problem = s.problemOf(err); view.Problem != "" {
		return c.render(ctx, status, "account", s.say("account.title"), s, view)
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

// done says what was done, after a form has led on to the page that shows it; ids are by the value of the address's "done".
func (s *speaker) done(ids map[string]string, ctx echo.Context) string {
	if id := ids[ctx.QueryParam("done")]; id != "" {
		return s.say(id)
	}
	return ""
}

// weak are the ids of what can be wrong with a password.
var weak = map[accounts.Weakness]string{
	accounts.TooShort: "problems.weak.short", accounts.TooLong: "problems.weak.long", accounts.TooUniform: "problems.weak.uniform",
	accounts.LikeAddress: "problems.weak.address", accounts.TooCommon: "problems.weak.common",
}

// problemOf is what a person can do something about, "" where the error is none of these.
func (s *speaker) problemOf(err error) string {
	if password := new(accounts.WeakPassword); errors.As(err, &password) {
		return s.say(weak[password.Weakness], "Min", accounts.MinPassword, "Max", accounts.MaxPassword)
	}
	if errors.As(err, new(*desk.Conflict)) {
		return s.say("problems.conflict")
	}
	for known, id := range map[error]string{
		accounts.ErrNoAddress: "problems.no_address",
		accounts.ErrLastAdmin: "problems.last_admin",
		accounts.ErrForeign:   "problems.foreign",
		accounts.ErrNoUser:    "problems.no_user",
		accounts.ErrNoRole:    "problems.no_role",
	} {
		if errors.Is(err, known) {
			return s.say(id)
		}
	}
	return ""
}
