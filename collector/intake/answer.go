package intake

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
)

// postTouch is POST /t.
func (in *Intake) postTouch(c echo.Context) error {
	a := in.arrive(c)
	defer a.leave()
	if err := a.walk(touchSteps); err != nil {
		return err
	}
	a.answerCookie()
	return c.NoContent(http.StatusNoContent)
}

// keepTouch keeps nothing of a visitor who does not want to be followed; the snippet need not know.
func (a *arrival) keepTouch() error {
	if a.private {
		a.in.dropped.WithLabelValues("gpc_touch").Inc()
		return nil
	}
	return a.keep(&a.touch)
}

// postSubmission is POST /f/{form}.
func (in *Intake) postSubmission(c echo.Context) error {
	a := in.arrive(c)
	defer a.leave()
	if err := a.walk(submissionSteps); err != nil {
		return err
	}
	a.answerCookie()
	if !a.raw.form || a.media.plain || rejection.PrefersJSON(c.Request().Header.Get(echo.HeaderAccept)) {
		return c.JSON(http.StatusOK, map[string]string{"submission_id": string(a.submission.SubmissionID)})
	}
	return c.Redirect(http.StatusSeeOther, a.nextPage())
}

func (a *arrival) keepSubmission() error { return a.keep(&a.submission) }

// nextPage is where a person goes who sent a plain form: the page that the form asks for or the config names, if it is
// one of the site's own, else our own page. That address is relative, so that it stays right under a proxy's path.
func (a *arrival) nextPage() string {
	for _, wish := range []string{a.raw.redirect, a.query.get(redirectHidden), a.query.get(redirectField), a.form.ThankYou} {
		if target, ok := RedirectTarget(wish, a.site.Site); ok {
			return target
		}
	}
	query := url.Values{"site": {string(a.site.ID)}}
	if back, ok := RedirectTarget(withoutQuery(a.submission.Page), a.site.Site); ok {
		query.Set("back", back)
	}
	return url.PathEscape(string(a.form.ID)) + "/thanks?" + query.Encode()
}

// getThanks is the built-in page after a plain form was sent.
func (in *Intake) getThanks(c echo.Context) error {
	a := in.arrive(c)
	defer a.leave()
	page := rejection.Page{Good: true, Title: "Thank you", Text: "Your form has been received. You can close this page."}
	if site := a.chooseSite(); site != nil {
		if back, ok := RedirectTarget(a.query.get("back"), site.Site); ok {
			page.Back = back
		} else if len(site.Origins) > 0 {
			page.Back = site.Origins[0]
		}
	}
	if u, err := url.Parse(page.Back); err == nil && u.Host != "" {
		page.Text = "Your form has been received. You can close this page or go back."
		page.BackLabel = "Back to " + u.Hostname()
	}
	return page.Write(c, http.StatusOK)
}
