package console

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
)

// route is one route for people who are signed in, with what they must be on the site they look at.
type route struct {
	Method, Path string // below /console
	Needs        accounts.Role
	answer       func(echo.Context, *session) error
}

// routes are all routes but the few that open a session. Whoever adds one says whom it is for.
func (c *Console) routes() []route {
	list := []route{
		{http.MethodGet, "/", accounts.Viewer, goHome},
		{http.MethodGet, "/dashboard", accounts.Viewer, c.getDashboard},
		{http.MethodGet, "/dashboard.csv", accounts.Viewer, c.getDashboardCSV},
		{http.MethodGet, "/sources", accounts.Viewer, c.getSources},
		{http.MethodGet, "/sources.csv", accounts.Viewer, c.getSourcesCSV},
		{http.MethodGet, "/leads", accounts.Viewer, c.getLeads},
		{http.MethodGet, "/leads.events", accounts.Viewer, c.getLeadEvents},
		{http.MethodGet, "/contact", accounts.Viewer, c.getContact},
		{http.MethodPost, "/contact", accounts.Viewer, c.postContact},
		{http.MethodGet, "/contacts", accounts.Viewer, c.getContacts},
		{http.MethodGet, "/contacts.csv", accounts.Viewer, c.getContactsCSV},
		{http.MethodGet, "/contacts/criteria", accounts.Viewer, c.getCriteria},
		{http.MethodPost, "/contacts/columns", accounts.Viewer, c.postColumns},
		{http.MethodGet, "/contacts/:contact", accounts.Viewer, c.getCard},
		{http.MethodPost, "/contacts/:contact/status", accounts.Marketer, c.postMove},
		{http.MethodGet, "/contacts/:contact/erase", accounts.Admin, c.getErase},
		{http.MethodPost, "/contacts/:contact/erase", accounts.Admin, c.postErase},
		{http.MethodGet, "/contacts/:contact/export", accounts.Admin, c.getExport},
		{http.MethodGet, "/companies", accounts.Viewer, c.getCompanies},
		{http.MethodGet, "/company", accounts.Viewer, c.getCompany},
		{http.MethodGet, "/selections", accounts.Viewer, c.getSelections},
		{http.MethodPost, "/selections", accounts.Marketer, c.postSelection},
		{http.MethodPost, "/selections/:selection/name", accounts.Marketer, c.postSelectionName},
		{http.MethodPost, "/selections/:selection/copy", accounts.Marketer, c.postSelectionCopy},
		{http.MethodPost, "/selections/:selection/remove", accounts.Marketer, c.postSelectionRemove},
		{http.MethodGet, "/selections/:selection/board", accounts.Viewer, c.getBoard},
		{http.MethodPost, "/selections/:selection/board", accounts.Marketer, c.postBoard},
		{http.MethodGet, "/statuses", accounts.Admin, c.getStatuses},
		{http.MethodPost, "/statuses", accounts.Admin, c.postStatuses},
		{http.MethodGet, "/script", accounts.Viewer, c.getScript},
		{http.MethodPost, "/site", accounts.Viewer, c.postSite},
		{http.MethodGet, "/account", accounts.Viewer, c.getAccount},
		{http.MethodPost, "/account/name", accounts.Viewer, c.postName},
		{http.MethodPost, "/account/settings", accounts.Viewer, c.postReading},
		{http.MethodPost, "/account/password", accounts.Viewer, c.postPassword},
		{http.MethodPost, "/account/sign-out-everywhere", accounts.Viewer, c.postSignOutEverywhere},
		{http.MethodGet, "/users", accounts.Admin, c.getUsers},
		{http.MethodPost, "/users", accounts.Admin, c.postUser},
		{http.MethodPost, "/users/:user/role", accounts.Admin, c.postRole},
		{http.MethodPost, "/users/:user/remove", accounts.Admin, c.postRemoveUser},
		{http.MethodPost, "/users/:user/link", accounts.Admin, c.postUserLink},
	}
	if c.config.Settings != nil {
		list = append(list, []route{
			{http.MethodGet, "/settings", accounts.Admin, c.getSettings},
			{http.MethodPost, "/settings", accounts.Admin, c.postSettings},
			{http.MethodPost, "/settings/forms", accounts.Admin, c.postForms},
			{http.MethodPost, "/settings/reset", accounts.Admin, c.postResetSettings},
			{http.MethodPost, "/settings/keys", accounts.Admin, c.postKey},
			{http.MethodPost, "/settings/keys/:key/revoke", accounts.Admin, c.postRevokeKey},
			{http.MethodGet, "/settings/history", accounts.Admin, c.getHistory},
		}...)
	}
	if c.config.Uploads != nil {
		list = append(list, route{http.MethodGet, "/spend", accounts.Marketer, c.getSpend}, route{http.MethodPost, "/spend", accounts.Marketer, c.postSpend})
	}
	if c.config.Settings != nil && c.config.Samples != nil {
		list = append(list, route{http.MethodPost, "/sample", accounts.Marketer, c.postSample},
			route{http.MethodPost, "/sample/remove", accounts.Marketer, c.postRemoveSample})
	}
	list = append(list, c.linkRoutes()...)
	for _, l := range lists {
		list = append(list,
			route{http.MethodGet, "/" + l.Page, accounts.Viewer, c.getList(l)},
			route{http.MethodGet, "/" + l.Page + ".csv", accounts.Viewer, c.getListCSV(l)})
	}
	return list
}

// linkRoutes are those of campaign links and of the doctor.
func (c *Console) linkRoutes() []route {
	return []route{
		{http.MethodGet, "/links", accounts.Viewer, c.getLinks},
		{http.MethodGet, "/links.csv", accounts.Viewer, c.getLinksCSV},
		{http.MethodGet, "/links/:campaign", accounts.Viewer, c.getCampaign},
		{http.MethodGet, "/links/:campaign/qr.svg", accounts.Viewer, c.getCode("svg")},
		{http.MethodGet, "/links/:campaign/qr.png", accounts.Viewer, c.getCode("png")},
		{http.MethodPost, "/links/:campaign/note", accounts.Marketer, c.postNote},
		{http.MethodPost, "/links/:campaign/archived", accounts.Marketer, c.postArchived},
		{http.MethodGet, "/builder", accounts.Marketer, c.getBuilder},
		{http.MethodPost, "/builder", accounts.Marketer, c.postBuilder},
		{http.MethodGet, "/import", accounts.Marketer, c.getImport},
		{http.MethodPost, "/import", accounts.Marketer, c.postImport},
		{http.MethodGet, "/convention", accounts.Viewer, c.getConvention},
		{http.MethodPost, "/convention", accounts.Admin, c.postConvention},
		{http.MethodGet, "/audit", accounts.Viewer, c.getAudit},
		{http.MethodPost, "/audit/register", accounts.Marketer, c.postRegister},
		{http.MethodGet, "/doctor", accounts.Viewer, c.getDoctor},
		{http.MethodPost, "/doctor", accounts.Marketer, c.postDoctor},
	}
}

// Register adds the routes to e. There is no CORS, and no route answers for a site other than the session's.
func (c *Console) Register(e *echo.Echo) {
	group := e.Group("/console", c.protect, c.explain)
	group.GET("", func(ctx echo.Context) error { return ctx.Redirect(http.StatusSeeOther, "/console/") })
	group.GET("/assets/:version/:name", c.getAsset)
	group.GET("/sign-in", c.getSignIn)
	group.POST("/sign-in", c.postSignIn, c.sameOrigin)
	group.POST("/sign-out", c.postSignOut, c.sameOrigin)
	group.GET("/link/:token", c.getLink)
	group.POST("/link/:token", c.postLink, c.sameOrigin)
	for _, r := range c.routes() {
		if r.Method == http.MethodGet {
			group.GET(r.Path, c.signedIn(r))
		} else {
			group.Add(r.Method, r.Path, c.signedIn(r), c.sameOrigin)
		}
	}
	group.RouteNotFound("/*", func(echo.Context) error { return echo.ErrNotFound })
}

func goHome(ctx echo.Context, _ *session) error { return ctx.Redirect(http.StatusSeeOther, home) }
