package console

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/sample"
	"github.com/headwater/headwater/schema"
)

// lookAtSample lets a session look at the sample data beside its site, where there are any: as at a site of its own, in which nobody
// keeps settings or users.
func (c *Console) lookAtSample(s *session) {
	if s.site == nil || c.config.Settings == nil || !c.config.Settings.HasSample(s.site.ID) {
		return
	}
	beside := sample.SiteOf(s.site.ID)
	if s.opened == nil || s.opened.Site != beside {
		s.others = append(s.others, beside)
		return
	}
	s.others = append(s.others, s.site.ID)
	s.site, s.sample = &schema.Site{ID: beside, TimeZone: s.site.TimeZone, LookbackDays: s.site.LookbackDays}, true
	if s.role == accounts.Admin {
		s.role = accounts.Marketer
	}
}

// siteName is how people call a site, or the sample data beside it.
func (s *speaker) siteName(id schema.SiteID) string {
	if real, is := sample.RealOf(id); is {
		return s.say("sample.site", "Site", string(real))
	}
	return string(id)
}

// realSite is the site that the session looks at, or beside which it looks at sample data.
func (s *session) realSite() schema.SiteID {
	if real, is := sample.RealOf(s.site.ID); is {
		return real
	}
	return s.site.ID
}

// postSample puts sample data beside the site and shows them.
func (c *Console) postSample(ctx echo.Context, s *session) error {
	id := s.realSite()
	site, _, _, found := c.config.Settings.Site(id)
	if !found {
		return echo.ErrNotFound
	}
	if err := c.config.Samples.Fill(ctx.Request().Context(), &site); err != nil {
		return err
	}
	if err := c.config.Settings.NoteSample(ctx.Request().Context(), string(s.user.ID), id, true); err != nil {
		return err
	}
	c.config.Sessions.Turn(ctx.Request().Context(), s.opened, sample.SiteOf(id))
	return ctx.Redirect(http.StatusSeeOther, home)
}

// postRemoveSample takes the sample data away, and looks at the real site again. That they are there is taken back first: nobody
// looks at them while they go.
func (c *Console) postRemoveSample(ctx echo.Context, s *session) error {
	id := s.realSite()
	if err := c.config.Settings.NoteSample(ctx.Request().Context(), string(s.user.ID), id, false); err != nil {
		return err
	}
	if err := c.config.Samples.Remove(ctx.Request().Context(), id); err != nil {
		return err
	}
	c.config.Sessions.Turn(ctx.Request().Context(), s.opened, id)
	return ctx.Redirect(http.StatusSeeOther, home)
}
