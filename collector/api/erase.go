package api

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/schema"
)

// postErase is POST /api/erase: it answers when the erasure can't get lost any more; it is done later.
func (a *API) postErase(c echo.Context) error {
	r, person, err := readRequest(c)
	if err != nil {
		return err
	}
	erasure, err := a.config.People.Erase(c.Request().Context(), person, "key "+keyMark(c), r.Reason)
	if err != nil {
		return peopleError(err)
	}
	c.Response().Header().Set(echo.HeaderLocation, "/api/erasures/"+string(erasure.ID))
	return c.JSON(http.StatusAccepted, erasure)
}

// getErasure is GET /api/erasures/{id}.
func (a *API) getErasure(c echo.Context) error {
	erasure, err := a.config.People.Progress(c.Request().Context(), siteOf(c).ID, schema.ErasureID(c.Param("id")))
	if err != nil {
		return peopleError(err)
	}
	return c.JSON(http.StatusOK, erasure)
}

// keyMark is enough of a key's hash to find the key in the config.
func keyMark(c echo.Context) string {
	_, key, _ := strings.Cut(strings.TrimSpace(c.Request().Header.Get(echo.HeaderAuthorization)), " ")
	return HashKey(strings.TrimSpace(key))[:8]
}
