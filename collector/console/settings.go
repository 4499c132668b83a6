package console

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/sites"
	"github.com/headwater/headwater/schema"
)

// maxSettings bounds the body of a form of settings, in bytes: a site may have many forms and domains.
const maxSettings = 64 << 10

// settingsView is what the page of settings shows.
type settingsView struct {
	Site             string
	Over             uint64
	Transfer         bool
	Consent          bool
	OwnDomains       string // a line each
	IgnoredReferrers string
	Lookback         string
	Retention        string // in months
	MostRetention    int
	Forms            []sites.Form // with an empty one, to add
	Decided          bool         // something is not as the config file says
	Keys             []keyView
	NewKey           string // shown this once
	Done             string
	Problem          string
}

// keyView is an API key as the page shows it.
type keyView struct {
	sites.KeyView
	Maker string
	Made  moment
}

func (c *Console) settingsView(s *session) settingsView {
	site, decided, version, _ := c.config.Settings.Site(s.site.ID)
	view := settingsView{
		Site: string(site.ID), Over: version, Transfer: !site.NoTransfer, Consent: site.Consent, Lookback: strconv.Itoa(site.LookbackDays),
		OwnDomains: strings.Join(site.OwnDomains, "\n"), IgnoredReferrers: strings.Join(site.IgnoredReferrers, "\n"),
		Decided: decided.Any(), MostRetention: c.config.Settings.MostRetention(s.site.ID),
	}
	view.Retention = strconv.Itoa(cmp.Or(site.RetentionMonths, view.MostRetention))
	for _, form := range site.Forms {
		view.Forms = append(view.Forms, sites.Form{ID: form.ID, ThankYou: form.ThankYou, EmailField: form.EmailField, CompanyField: form.CompanyField})
	}
	view.Forms = append(view.Forms, sites.Form{})
	for _, key := range c.config.Settings.Keys(s.site.ID) {
		view.Keys = append(view.Keys, keyView{KeyView: key, Maker: c.called(s, key.By), Made: s.moment(key.At)})
	}
	return view
}

func (c *Console) getSettings(ctx echo.Context, s *session) error {
	view := c.settingsView(s)
	view.Done = s.done(map[string]string{"changed": "settings.done.changed", "forms": "settings.done.forms", "reset": "settings.done.reset", "revoked": "settings.done.revoked"}, ctx)
	return c.showSettings(ctx, http.StatusOK, s, view)
}

func (c *Console) showSettings(ctx echo.Context, status int, s *session, view settingsView) error {
	return c.render(ctx, status, "settings", s.say("settings.title"), s, view)
}

// postSettings changes the site's behaviour.
func (c *Console) postSettings(ctx echo.Context, s *session) error {
	over, err := overForm(ctx)
	if err != nil {
		return err
	}
	form := ctx.Request().PostForm
	_, decided, _, _ := c.config.Settings.Site(s.site.ID)
	transfer, consent := form.Get("transfer") == "on", form.Get("consent") == "on"
	own, ignored := lines(form.Get("own_domains")), lines(form.Get("ignored_referrers"))
	lookback, wrong := strconv.Atoi(strings.TrimSpace(form.Get("lookback")))
	decided.Transfer, decided.Consent, decided.OwnDomains, decided.IgnoredReferrers, decided.LookbackDays = &transfer, &consent, &own, &ignored, &lookback
	unsound := c.decideRetention(s, form, &decided)
	switch {
	case wrong != nil:
		err = &sites.Problem{Setting: "lookback_days", Value: form.Get("lookback")}
	case unsound != nil:
		err = unsound
	default:
		err = c.config.Settings.Change(ctx.Request().Context(), string(s.user.ID), s.site.ID, over, decided, "Settings changed")
	}
	return c.settingsAnswer(ctx, s, err, "changed", func(view *settingsView) {
		view.Transfer, view.Consent, view.Lookback, view.Retention = transfer, consent, schema.CutText(form.Get("lookback"), 16), schema.CutText(form.Get("retention"), 16)
		view.OwnDomains, view.IgnoredReferrers = form.Get("own_domains"), form.Get("ignored_referrers")
	})
}

// decideRetention reads how long rows are kept. Less than now destroys what is older, so that whoever decides it must have ticked that they
// know; what is as it was is not decided.
func (c *Console) decideRetention(s *session, form url.Values, decided *sites.Settings) error {
	typed := strings.TrimSpace(form.Get("retention"))
	site, _, _, _ := c.config.Settings.Site(s.site.ID)
	now := cmp.Or(site.RetentionMonths, c.config.Settings.MostRetention(s.site.ID))
	months, err := strconv.Atoi(typed)
	switch {
	case typed == "" || err == nil && months == now: // a script that knows nothing of it, or nobody who changed it
		return nil
	case err != nil || months < sites.MinMonths || months > c.config.Settings.MostRetention(s.site.ID):
		return &sites.Problem{Setting: "retention_months", Value: typed}
	case months < now && form.Get("retention_sure") != "on":
		return &sites.Problem{Setting: "retention_sure", Value: typed}
	}
	decided.RetentionMonths = &months
	return nil
}

// postForms changes which forms the site has. A row whose id was emptied is a form less.
func (c *Console) postForms(ctx echo.Context, s *session) error {
	over, err := overForm(ctx)
	if err != nil {
		return err
	}
	form := ctx.Request().PostForm
	field := func(name string, i int) string {
		if values := form[name]; i < len(values) {
			return strings.TrimSpace(values[i])
		}
		return ""
	}
	var forms []sites.Form
	for i := range form["id"] {
		f := sites.Form{ID: schema.FormID(field("id", i)), ThankYou: field("thank_you", i), EmailField: field("email_field", i), CompanyField: field("company_field", i)}
		if f != (sites.Form{}) && (f.ID != "" || field("was", i) == "") {
			forms = append(forms, f)
		}
	}
	_, decided, _, _ := c.config.Settings.Site(s.site.ID)
	decided.Forms = forms
	if len(forms) == 0 {
		err = &sites.Problem{Setting: "no_form"}
	} else {
		err = c.config.Settings.Change(ctx.Request().Context(), string(s.user.ID), s.site.ID, over, decided, "Forms changed")
	}
	return c.settingsAnswer(ctx, s, err, "forms", func(view *settingsView) { view.Forms = append(slices.Clone(forms), sites.Form{}) })
}

// postResetSettings has everything be as the config file says again.
func (c *Console) postResetSettings(ctx echo.Context, s *session) error {
	over, err := overForm(ctx)
	if err != nil {
		return err
	}
	err = c.config.Settings.Change(ctx.Request().Context(), string(s.user.ID), s.site.ID, over, sites.Settings{}, "Back to the configuration file")
	return c.settingsAnswer(ctx, s, err, "reset", func(*settingsView) {})
}

// settingsAnswer goes on to the page that says what was done, or shows what is wrong beside what was typed.
func (c *Console) settingsAnswer(ctx echo.Context, s *session, err error, done string, typed func(*settingsView)) error {
	if err == nil {
		return ctx.Redirect(http.StatusSeeOther, "/console/settings?done="+done)
	}
	view := c.settingsView(s)
	if wrong := new(sites.Problem); errors.As(err, &wrong) {
		view.Problem = s.say("settings.problem."+wrong.Setting, "Value", schema.CutText(wrong.Value, 120), "Most", view.MostRetention)
		typed(&view)
	} else if view.Problem = s.problemOf(err); view.Problem == "" {
		return err
	}
	return c.showSettings(ctx, http.StatusUnprocessableEntity, s, view)
}

// postKey makes an API key, and shows it this once.
func (c *Console) postKey(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	key, err := c.config.Settings.NewKey(ctx.Request().Context(), string(s.user.ID), s.site.ID, ctx.Request().PostForm.Get("name"))
	if err != nil {
		return c.settingsAnswer(ctx, s, err, "", func(*settingsView) {})
	}
	view := c.settingsView(s)
	view.NewKey = key
	return c.showSettings(ctx, http.StatusOK, s, view)
}

func (c *Console) postRevokeKey(ctx echo.Context, s *session) error {
	over, err := overForm(ctx)
	if err != nil {
		return err
	}
	err = c.config.Settings.RevokeKey(ctx.Request().Context(), string(s.user.ID), s.site.ID, ctx.Param("key"), over)
	return c.settingsAnswer(ctx, s, err, "revoked", func(*settingsView) {})
}

// overForm reads a form of settings, and the version that it was made over.
func overForm(ctx echo.Context) (uint64, error) {
	if err := parseLongForm(ctx, maxSettings); err != nil {
		return 0, err
	}
	over, err := strconv.ParseUint(ctx.Request().PostForm.Get("over"), 10, 64)
	if err != nil {
		return 0, echo.NewHTTPError(http.StatusBadRequest)
	}
	return over, nil
}

// lines are the hosts that were typed: a line each, or with commas and blanks between, in lower case, each once.
func lines(text string) []string {
	list := []string{}
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(", \t\r\n;", r) }) {
		if !slices.Contains(list, word) {
			list = append(list, word)
		}
	}
	return list
}
