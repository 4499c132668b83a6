package console

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/errgroup"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/collector/reports"
)

// contactsPerPage is how many rows a page of contacts or companies shows.
const contactsPerPage = 50

// contactsQuery is which contacts a page is asked for.
type contactsQuery struct {
	people.Query
	days      dateRange // the zero value where no range is asked
	selection people.SelectionID
}

// peopleSite is the session's site for package people, always that of the session.
func peopleSite(s *session) people.Site {
	return people.Site{ID: s.site.ID, Zone: zoneOf(s.site), LookbackDays: lookbackDays(s.site)}
}

// readContacts reads what README says of the addresses of contacts.
func (c *Console) readContacts(query url.Values, s *session) contactsQuery {
	q := contactsQuery{selection: people.SelectionID(query.Get("selection"))}
	q.Criteria = people.Read(query)
	if counts := people.Counts(query.Get("counts")); slices.Contains(people.AllCounts(), counts) {
		q.Counts = counts
	}
	if query.Has("range") || query.Has("from") || query.Has("to") {
		q.days = readRange(query, c.config.Now().In(zoneOf(s.site)))
		if q.Counts == "" {
			q.Counts = people.Leads
		}
		q.Since, q.Until = q.days.instants(zoneOf(s.site))
	}
	if query.Get("credit") == string(reports.Last) {
		q.Credit = reports.Last
	}
	if sort := people.Column(query.Get("sort")); sort.Sortable() {
		q.Sort, q.Descending = sort, query.Get("dir") == "desc"
	}
	return q
}

// instants are the first moment of the range and the first after it; zero for no bound.
func (r dateRange) instants(zone *time.Location) (since, until time.Time) {
	if from, err := time.ParseInLocation(time.DateOnly, r.From, zone); err == nil {
		since = from
	}
	if to, err := time.ParseInLocation(time.DateOnly, r.To, zone); err == nil {
		until = to.AddDate(0, 0, 1)
	}
	return since, until
}

// query is q as an address.
func (q *contactsQuery) query() url.Values {
	query := url.Values{}
	if q.days != (dateRange{}) {
		query = q.days.query()
	}
	q.Criteria.Write(query)
	if q.Counts != "" {
		query.Set("counts", string(q.Counts))
	}
	if q.Credit != "" {
		query.Set("credit", string(q.Credit))
	}
	if q.Sort != "" {
		query.Set("sort", string(q.Sort))
		if q.Descending {
			query.Set("dir", "desc")
		}
	}
	if q.selection != "" {
		query.Set("selection", string(q.selection))
	}
	return query
}

// shows reports whether q has the criteria of the selection, and no others.
func (q *contactsQuery) shows(saved *people.Saved) bool {
	asked, wanted := url.Values{}, url.Values{}
	q.Criteria.Write(asked)
	selectionCriteria(saved).Write(wanted)
	return asked.Encode() == wanted.Encode()
}

// contactsView is what the page of contacts shows.
type contactsView struct {
	Criteria  criteriaView
	Selection string // name of the one that is shown
	Board     string // its address
	Counted   string // what is counted in which days, in words
	Credit    string // by which other rule contacts are placed, in words; "" for the usual one
	Days      dateRange
	contactTable
	Total   int64
	First   bool // the first page
	Next    string
	Start   string // address of the first page
	CSV     string
	Here    string // the query of this page, for forms that lead back
	Columns []columnGroup
	MaySave bool
	Typed   url.Values // what stays in the form that saves
	Problem string     // of saving
	Done    string
	Nobody  bool // the site has no contact at all
	Trouble *trouble
}

func (c *Console) getContacts(ctx echo.Context, s *session) error {
	query := ctx.QueryParams()
	q := c.readContacts(query, s)
	view := contactsView{Typed: url.Values{}, Done: s.doneText(query.Get("done"))}
	return c.showContacts(ctx, s, &q, &view, http.StatusOK)
}

// doneText says what was just done, where an address says so.
func (s *session) doneText(done string) string {
	if done == "" {
		return ""
	}
	return s.known("contacts.done." + done)
}

func (c *Console) showContacts(ctx echo.Context, s *session, q *contactsQuery, view *contactsView, status int) error {
	view.Here, view.Days, view.First = q.query().Encode(), q.days, true
	view.CSV = hrefOf("contacts.csv", q.query())
	view.MaySave = s.role.Allows(accounts.Marketer)
	statuses, err := c.config.People.Statuses(ctx.Request().Context(), s.site.ID)
	if err == nil {
		err = c.fillContacts(ctx, s, q, view, statuses.List)
	}
	view.Criteria = s.criteria(q.Criteria, ctx.QueryParams(), statuses.List, c.formsOf(s), err)
	view.Criteria.Hidden = hiddenOf(q)
	if view.Criteria.Wrong != "" {
		return c.render(ctx, http.StatusUnprocessableEntity, "contacts", s.say("contacts.title"), s, view)
	}
	if view.Trouble = c.peopleTrouble(ctx, s, "contacts", err); view.Trouble != nil {
		status = view.Trouble.status
	}
	return c.render(ctx, status, "contacts", s.say("contacts.title"), s, view)
}

// peopleTrouble is troubleOf for package people.
func (c *Console) peopleTrouble(ctx echo.Context, s *session, name string, err error) *trouble {
	if wrong := new(people.Error); errors.As(err, &wrong) {
		return s.trouble("contacts.unsound", http.StatusUnprocessableEntity)
	}
	return c.troubleOf(ctx, s, name, err)
}

func (c *Console) fillContacts(ctx echo.Context, s *session, q *contactsQuery, view *contactsView, statuses people.Statuses) error {
	request := ctx.Request().Context()
	if q.days != (dateRange{}) {
		if wrong := q.days.check(); wrong != "" {
			view.Trouble = s.trouble(wrong, http.StatusUnprocessableEntity)
			return nil
		}
	}
	if q.Counts != "" {
		days := s.days(q.days)
		if q.days == (dateRange{}) {
			days = s.say("words.range.all")
		}
		view.Counted = s.say("contacts.counts."+string(q.Counts)) + ", " + days
	}
	if q.Credit != "" {
		view.Credit = s.say("contacts.credit." + string(q.Credit))
	}
	if q.selection != "" {
		// Whoever changes the criteria looks at something else, which has no name yet.
		if saved, err := c.config.People.Selection(request, s.site.ID, q.selection); err == nil && q.shows(&saved) {
			view.Selection, view.Board = saved.Value.Name, boardPath(q.selection)
		}
	}
	wanted, err := c.config.People.View(request, s.site.ID, string(s.user.ID))
	if err != nil {
		return err
	}
	view.Columns = c.columnGroups(s, wanted.Columns)
	after := readCursor(ctx.QueryParam("after"))
	var page *people.Page
	both, within := errgroup.WithContext(request) // each reads what is known of all contacts
	both.Go(func() (err error) {
		page, err = c.config.People.List(within, peopleSite(s), q.Query, after, contactsPerPage)
		return err
	})
	both.Go(func() (err error) {
		view.Total, err = c.config.People.Count(within, peopleSite(s), q.Query)
		return err
	})
	if err := both.Wait(); err != nil {
		return err
	}
	view.First, view.Start = after == nil, hrefOf("contacts", q.query())
	if page.Next != nil {
		next := q.query()
		next.Set("after", writeCursor(page.Next))
		view.Next = hrefOf("contacts", next)
	}
	view.Nobody = view.Total == 0 && len(q.Criteria) == 0 && q.Counts == "" && q.Members == ""
	view.Heads = s.heads(q, wanted.Columns)
	for i := range page.Contacts {
		view.TableRows = append(view.TableRows, c.contactRow(s, &page.Contacts[i], wanted.Columns, statuses))
	}
	return nil
}

// readCursor reads where a page goes on; nonsense begins at the beginning.
func readCursor(text string) *people.Cursor {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	key, contact, found := strings.Cut(string(raw), "\x00")
	if err != nil || !found || contact == "" {
		return nil
	}
	return &people.Cursor{Key: key, Contact: contact}
}

func writeCursor(at *people.Cursor) string {
	return base64.RawURLEncoding.EncodeToString([]byte(at.Key + "\x00" + at.Contact))
}

// backToContacts is the page of contacts that a form says it came from.
func (c *Console) backToContacts(here string, s *session, done string) string {
	values, _ := url.ParseQuery(here) // what cannot be read is left out
	q := c.readContacts(values, s)
	query := q.query()
	if done != "" {
		query.Set("done", done)
	}
	return hrefOf("contacts", query)
}
