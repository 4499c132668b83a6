package intake

import (
	"maps"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
)

// publicHeader is what every answer of the public endpoints says. Its values are shared by all of them: whoever changes a
// header sets a new value.
var publicHeader = http.Header{
	echo.HeaderVary:                       {echo.HeaderOrigin},
	echo.HeaderAccessControlExposeHeaders: {rejection.Header + ", " + echo.HeaderRetryAfter},
	"Cross-Origin-Resource-Policy":        {"cross-origin"},
	echo.HeaderXContentTypeOptions:        {"nosniff"},
	echo.HeaderCacheControl:               {"no-store"},
	echo.HeaderAccessControlAllowOrigin:   {"*"},
}

// cors answers any page, but lets only the exact configured origins send the visitor cookie along.
func (in *Intake) cors(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		maps.Copy(c.Response().Header(), publicHeader)
		in.allowOrigin(c, nil)
		return next(c)
	}
}

// allowOrigin names the page's origin, with credentials, where it belongs to the site (to any site while the site is
// not known yet); everybody else gets *, with which browsers allow no credentials.
func (in *Intake) allowOrigin(c echo.Context, site *tenant) {
	header := c.Response().Header()
	origin := c.Request().Header.Get(echo.HeaderOrigin)
	if origin == "" {
		return // publicHeader says * already
	}
	known := site != nil && site.HasOrigin(origin)
	if site == nil {
		for _, s := range in.tenants() {
			known = known || s.HasOrigin(origin)
		}
	}
	if !known {
		header.Set(echo.HeaderAccessControlAllowOrigin, "*")
		header.Del(echo.HeaderAccessControlAllowCredentials)
		return
	}
	header.Set(echo.HeaderAccessControlAllowOrigin, origin)
	header.Set(echo.HeaderAccessControlAllowCredentials, "true")
}

// preflight answers browsers that ask before they send application/json.
func preflight(c echo.Context) error {
	header := c.Response().Header()
	header.Set(echo.HeaderAllow, "OPTIONS, POST")
	header.Set(echo.HeaderAccessControlAllowMethods, http.MethodPost)
	header.Set(echo.HeaderAccessControlAllowHeaders, echo.HeaderContentType)
	header.Set(echo.HeaderAccessControlMaxAge, "7200")
	return c.NoContent(http.StatusNoContent)
}
