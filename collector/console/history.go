package console

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/sites"
	"github.com/headwater/headwater/schema"
)

// changesOnPage is how many changes a page of the history has.
const changesOnPage = 50

// historyView is what a page of changes shows: of settings, keys and roles, the latest first.
type historyView struct {
	Changes []changeRow
	First   bool   // nothing is later than what is shown
	Earlier string // the address of the page with what is earlier, "" where that is all
}

// changeRow is one change: who, when, of what, and how it was before and after.
type changeRow struct {
	When  moment
	Who   string
	What  string
	Lines []changeLine
}

type changeLine struct{ Setting, Before, After string }

func (c *Console) getHistory(ctx echo.Context, s *session) error {
	ids := []schema.SiteID{s.site.ID}
	if c.isChief(s) { // who also sees to those who have a role on all sites
		ids = append(ids, accounts.AllSites)
	}
	from, err := changeOfAddress(ctx.QueryParam("before"))
	if err != nil {
		return err
	}
	page, err := c.config.Settings.History(ctx.Request().Context(), ids, from, changesOnPage, accounts.KindMember)
	if err != nil {
		return err
	}
	view := historyView{First: from == nil}
	if page.More {
		view.Earlier = "/console/settings/history?before=" + addressOfChange(&page.List[len(page.List)-1])
	}
	slices.SortStableFunc(page.List, func(a, b schema.Entry) int { // versions of one moment in their order
		return cmp.Or(b.ChangedAt.Compare(a.ChangedAt), cmp.Compare(b.Version, a.Version))
	})
	for i := range page.List {
		if row, says := c.changeRow(s, &page.List[i], versionBefore(page.Preceding, &page.List[i])); says {
			view.Changes = append(view.Changes, row)
		}
	}
	return c.render(ctx, http.StatusOK, "history", s.say("history.title"), s, view)
}

// addressOfChange says in an address where a page ends: when, and by which change of that moment.
func addressOfChange(e *schema.Entry) string {
	return strconv.FormatInt(e.ChangedAt.UnixMilli(), 10) + "." + e.ChangeID
}

// changeOfAddress reads it again, nil for the beginning.
func changeOfAddress(address string) (*schema.Entry, error) {
	if address == "" {
		return nil, nil
	}
	at, change, _ := strings.Cut(address, ".")
	milliseconds, err := strconv.ParseInt(at, 10, 64)
	if _, unsound := schema.ParseUUID("before", change); err != nil || milliseconds <= 0 || unsound != nil {
		return nil, echo.NewHTTPError(http.StatusBadRequest)
	}
	return &schema.Entry{ChangedAt: time.UnixMilli(milliseconds), ChangeID: change}, nil
}

// versionBefore is the version that one changed, nil where it was the first.
func versionBefore(preceding []schema.Entry, now *schema.Entry) *schema.Entry {
	for i := range preceding {
		if e := &preceding[i]; e.SiteID == now.SiteID && e.Kind == now.Kind && e.EntryID == now.EntryID && e.Version == now.Version-1 {
			return e
		}
	}
	return nil
}

// called is how people know the author of a change.
func (c *Console) called(s *session, by string) string {
	if user, found := c.config.Accounts.User(accounts.UserID(by)); found {
		return user.Called()
	}
	switch by {
	case "command":
		return s.say("history.by.command")
	case "set-up":
		return s.say("history.by.set_up")
	}
	return s.say("history.by.gone", "ID", schema.CutText(by, shortID))
}

func (c *Console) changeRow(s *session, now, before *schema.Entry) (changeRow, bool) {
	row := changeRow{When: s.moment(now.ChangedAt), Who: c.called(s, now.ChangedBy)}
	switch now.Kind {
	case sites.KindSettings:
		row.What = s.say("settings.title")
		row.Lines = s.settingsLines(bodyOf[sites.Settings](before), bodyOf[sites.Settings](now))
		return row, len(row.Lines) > 0
	case sites.KindKey:
		key := bodyOf[sites.Key](now)
		if now.Removed != 0 {
			key = bodyOf[sites.Key](before)
			row.What = s.say("history.key_revoked", "Name", key.Name, "End", key.End)
		} else {
			row.What = s.say("history.key_made", "Name", key.Name, "End", key.End)
		}
		return row, true
	case accounts.KindMember:
		was, is := bodyOf[memberBody](before), bodyOf[memberBody](now)
		row.What = s.say("history.role_of", "Name", c.called(s, now.EntryID))
		row.Lines = []changeLine{{Setting: s.say("users.role"), Before: s.orNone(s.roleName(was.Role)), After: s.orNone(s.roleName(is.Role))}}
		return row, true
	}
	return row, false
}

// memberBody is the part of a membership that the page shows.
type memberBody struct {
	Role accounts.Role `json:"role"`
}

// bodyOf reads an entry's body; the zero value where there is none, or none that this version of Headwater can read.
func bodyOf[T any](entry *schema.Entry) T {
	var body T
	if entry != nil && entry.Removed == 0 {
		_ = json.Unmarshal([]byte(entry.Body), &body)
	}
	return body
}

func (s *speaker) orNone(text string) string {
	if text == "" {
		return s.say("history.none")
	}
	return text
}

// settingsLines are what differs between two states of a site's settings. What nobody decided is as in the config file.
func (s *speaker) settingsLines(was, is sites.Settings) []changeLine {
	var list []changeLine
	add := func(id, before, after string) {
		if before != after {
			list = append(list, changeLine{s.say("settings.name." + id), before, after})
		}
	}
	add("transfer", s.onOff(was.Transfer), s.onOff(is.Transfer))
	add("consent", s.onOff(was.Consent), s.onOff(is.Consent))
	add("own_domains", s.hosts(was.OwnDomains), s.hosts(is.OwnDomains))
	add("ignored_referrers", s.hosts(was.IgnoredReferrers), s.hosts(is.IgnoredReferrers))
	add("lookback", s.wholeDays(was.LookbackDays), s.wholeDays(is.LookbackDays))
	add("retention", s.wholeMonths(was.RetentionMonths), s.wholeMonths(is.RetentionMonths))
	add("forms", s.formList(was.Forms), s.formList(is.Forms))
	return list
}

func (s *speaker) asConfigured() string { return s.say("history.as_configured") }

func (s *speaker) onOff(value *bool) string {
	switch {
	case value == nil:
		return s.asConfigured()
	case *value:
		return s.say("settings.on")
	}
	return s.say("settings.off")
}

func (s *speaker) hosts(list *[]string) string {
	if list == nil {
		return s.asConfigured()
	}
	return s.orNone(strings.Join(*list, ", "))
}

func (s *speaker) wholeDays(days *int) string {
	if days == nil {
		return s.asConfigured()
	}
	return s.say("settings.days", "Count", *days)
}

func (s *speaker) wholeMonths(months *int) string {
	if months == nil {
		return s.asConfigured()
	}
	return s.say("settings.months", "Count", *months)
}

func (s *speaker) formList(forms []sites.Form) string {
	if forms == nil {
		return s.asConfigured()
	}
	parts := make([]string, len(forms))
	for i, form := range forms {
		parts[i] = string(form.ID)
		var more []string
		for _, detail := range []string{form.ThankYou, form.EmailField, form.CompanyField} {
			if detail != "" {
				more = append(more, strconv.Quote(detail))
			}
		}
		if len(more) > 0 {
			parts[i] += " (" + strings.Join(more, ", ") + ")"
		}
	}
	return strings.Join(parts, "; ")
}
