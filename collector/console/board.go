package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/schema"
)

const (
	cardsPerColumn = 25 // that a column shows at first, and more each time
	maxLanes       = 50 // groups of a column that are named before their cards are loaded
	recentMoves    = 12
)

// boardView is what a board shows.
type boardView struct {
	ID, Name  string
	Kind      string
	List      string // address of the contacts as a list
	Columns   []boardColumnView
	Statuses  []people.Status // to move to
	May       bool            // move cards and change the board
	Admin     bool
	Groups    []choiceGroup
	Grouped   bool
	Sorts     []choice
	Turned    bool
	Filter    criterionView
	Filtered  string // the filter in words
	Lists     []valueList
	Version   uint64 // of the board's settings
	Moves     []moveView
	Here      string // query of this page
	Done      string
	Problem   string
	Trouble   *trouble
	NoContact bool
}

type boardColumnView struct {
	people.Status
	Total     int64
	Won, Open []string
	Lanes     []laneView
	More      string // address with more cards of this column
	Left      int64
}

type laneView struct {
	Label string
	Total int64
	Cards []cardView
}

// cardView is one contact on a board.
type cardView struct {
	ID, Called, Company, Source, Detail string
	Status                              people.StatusID
	Version                             uint64
	Days                                string
	Won, Open                           []string
}

// moveView is one change of a lead status.
type moveView struct {
	Contact, Called, From, To, By string
	When                          moment
}

func (c *Console) getBoard(ctx echo.Context, s *session) error {
	return c.showBoard(ctx, s, &boardView{Done: s.doneText(ctx.QueryParam("done"))}, http.StatusOK)
}

func (c *Console) showBoard(ctx echo.Context, s *session, view *boardView, status int) error {
	request, id := ctx.Request().Context(), people.SelectionID(ctx.Param("selection"))
	saved, err := c.config.People.Selection(request, s.site.ID, id)
	if errors.Is(err, people.ErrNoSelection) {
		return c.showProblem(ctx, http.StatusNotFound, s, s.problem("contacts.no_selection"))
	}
	if err == nil {
		err = c.fillBoard(ctx, s, &saved, view)
	}
	if view.Trouble = c.peopleTrouble(ctx, s, "board", err); view.Trouble != nil {
		status = view.Trouble.status
	}
	return c.render(ctx, status, "board", saved.Value.Name, s, view)
}

func (c *Console) fillBoard(ctx echo.Context, s *session, saved *people.Saved, view *boardView) error {
	request, id := ctx.Request().Context(), people.SelectionID(saved.ID)
	described := c.selectionView(s, saved)
	view.ID, view.Name, view.List, view.Kind = saved.ID, saved.Value.Name, described.Open, described.Criteria
	view.May, view.Admin = s.role.Allows(accounts.Marketer), s.role.Allows(accounts.Admin)
	if described.Criteria == "" || saved.Value.Static {
		view.Kind = described.Kind
	}
	board, err := c.config.People.Board(request, s.site.ID, id)
	if err != nil {
		return err
	}
	statuses, err := c.config.People.Statuses(request, s.site.ID)
	if err != nil {
		return err
	}
	for _, status := range statuses.List {
		status.Name = s.statusName(status)
		view.Statuses = append(view.Statuses, status)
	}
	c.boardSettings(s, &board, statuses.List, view)
	query := ctx.QueryParams()
	show := map[people.StatusID]int{}
	for _, status := range statuses.List {
		show[status.ID], _ = strconv.Atoi(query.Get("show." + string(status.ID)))
	}
	columns, err := c.config.People.Columns(request, peopleSite(s), saved.Value.Query(id), board.Value, show, cardsPerColumn)
	if err != nil {
		return err
	}
	view.NoContact = true
	for i := range columns {
		view.Columns = append(view.Columns, c.boardColumn(s, saved.ID, &columns[i], show))
		view.NoContact = view.NoContact && columns[i].Total == 0
	}
	view.Here = showQuery(show).Encode()
	return c.recentMoves(ctx, s, statuses.List, view)
}

func showQuery(show map[people.StatusID]int) url.Values {
	query := url.Values{}
	for id, n := range show {
		if n > cardsPerColumn {
			query.Set("show."+string(id), strconv.Itoa(n))
		}
	}
	return query
}

// boardSettings fills the form in that says how the board is shown.
func (c *Console) boardSettings(s *session, board *desk.Entry[people.Board], statuses people.Statuses, view *boardView) {
	view.Version, view.Turned, view.Grouped = board.Version, board.Value.Descending, board.Value.Group != ""
	var group *choiceGroup
	last := ""
	for _, column := range people.Groupings() {
		point, dimension, _ := strings.Cut(string(column), ".")
		if point != last {
			view.Groups = append(view.Groups, choiceGroup{Title: s.say("words.point." + point)})
			group, last = &view.Groups[len(view.Groups)-1], point
		}
		group.Choices = append(group.Choices, choice{Value: string(column), Title: s.title(dimension), Chosen: column == board.Value.Group})
	}
	for _, column := range []people.Column{"status_since", "created", "last_submission", "won_amount", "open_amount", "deals", "submissions", "company", "lead_creation.source", "first_touch.source"} {
		view.Sorts = append(view.Sorts, choice{Value: string(column), Title: s.columnTitle(string(column)), Chosen: column == board.Value.Sort})
	}
	filter := people.Condition{}
	if len(board.Value.Filter) > 0 {
		filter = board.Value.Filter[0]
		view.Filtered = s.criteriaText(people.Criteria{board.Value.Filter})
	}
	view.Filter, view.Lists = s.condition(filter, statuses), s.valueLists(statuses, c.formsOf(s))
}

func (c *Console) boardColumn(s *session, selection string, column *people.BoardColumn, show map[people.StatusID]int) boardColumnView {
	v := boardColumnView{Status: column.Status, Total: column.Total, Won: s.money(column.Won), Open: s.money(column.Open)}
	v.Name = s.statusName(column.Status)
	for i, lane := range column.Lanes {
		if len(lane.Cards) == 0 && (lane.Label == "" || i >= maxLanes) {
			continue // its cards come with more
		}
		l := laneView{Label: lane.Label, Total: lane.Total}
		for j := range lane.Cards {
			l.Cards = append(l.Cards, c.cardOf(s, &lane.Cards[j]))
		}
		v.Lanes = append(v.Lanes, l)
	}
	asked := max(cardsPerColumn, show[column.ID])
	if v.Left = column.Total - int64(column.Loaded); v.Left > 0 && asked < people.MaxCards {
		more := showQuery(show)
		more.Set("show."+string(column.ID), strconv.Itoa(asked+cardsPerColumn))
		v.More = boardPath(people.SelectionID(selection)) + "?" + more.Encode() + "#column-" + string(column.ID)
	}
	return v
}

func (c *Console) cardOf(s *session, contact *people.Contact) cardView {
	card := cardView{
		ID: string(contact.ID), Called: s.contactCalled(contact), Company: contact.Company, Status: contact.Status, Version: contact.StatusVersion,
		Source: dimensionOf(contact, "lead_creation.source"), Won: s.money(contact.Won), Open: s.money(contact.Open),
	}
	if touch := contact.LeadCreation; touch != nil {
		card.Detail = detail(touch[1], touch[2])
	}
	days := int(c.config.Now().Sub(contact.StatusSince) / (24 * time.Hour))
	card.Days = s.say("contacts.days", "Count", max(0, days))
	return card
}

// recentMoves says who moved which card lately.
func (c *Console) recentMoves(ctx echo.Context, s *session, statuses people.Statuses, view *boardView) error {
	changes, err := c.config.People.StatusHistory(ctx.Request().Context(), s.site.ID, "", recentMoves)
	if err != nil {
		return err
	}
	named := map[string]string{}
	for _, column := range view.Columns {
		for _, lane := range column.Lanes {
			for _, card := range lane.Cards {
				named[card.ID] = card.Called
			}
		}
	}
	for i := range changes {
		move := c.moveView(s, &changes[i], statuses)
		if move.Called = named[move.Contact]; move.Called == "" {
			continue // of a contact that the board does not show
		}
		view.Moves = append(view.Moves, move)
	}
	return nil
}

func (c *Console) moveView(s *session, change *people.Change, statuses people.Statuses) moveView {
	name := func(id people.StatusID) string {
		if status, found := statuses.Find(id); found {
			return s.statusName(status)
		}
		return string(id)
	}
	return moveView{Contact: string(change.Contact), From: name(change.From), To: name(change.To), By: c.userCalled(s, change.ChangedBy), When: s.moment(change.ChangedAt)}
}

// postBoard keeps how a board is shown.
func (c *Console) postBoard(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	form := ctx.Request().PostForm
	over, err := overOf(form)
	if err != nil {
		return err
	}
	request, id := ctx.Request().Context(), people.SelectionID(ctx.Param("selection"))
	statuses, err := c.config.People.Statuses(request, s.site.ID)
	if err != nil {
		return err
	}
	if _, err := c.config.People.Selection(request, s.site.ID, id); err != nil {
		return c.showProblem(ctx, http.StatusNotFound, s, s.problem("contacts.no_selection"))
	}
	board := people.Board{Sort: "status_since", Descending: form.Get("dir") == "desc"}
	if group := people.Column(form.Get("group")); slices.Contains(people.Groupings(), group) {
		board.Group = group
	}
	if sort := people.Column(form.Get("sort")); sort.Sortable() {
		board.Sort = sort
	}
	if field := people.Field(form.Get("field")); field != "" && form.Get("clear") == "" {
		condition := people.Condition{Field: field, Op: people.Op(form.Get("op")), Value: strings.TrimSpace(form.Get("value"))}
		if field == "status" {
			condition.Value = s.statusIDs(condition.Value, statuses.List)
		}
		board.Filter = people.Group{condition}
	}
	err = c.config.People.SetBoard(request, string(s.user.ID), s.site.ID, id, over, board)
	wrong := new(people.Error)
	switch {
	case err == nil:
		return ctx.Redirect(http.StatusSeeOther, boardPath(id))
	case errors.As(err, &wrong):
		return c.showBoard(ctx, s, &boardView{Problem: s.wrongCriterion(people.Criteria{board.Filter}, wrong)}, http.StatusUnprocessableEntity)
	case errors.As(err, new(*desk.Conflict)):
		return c.showBoard(ctx, s, &boardView{Problem: s.say("contacts.problem.conflict")}, http.StatusConflict)
	}
	return err
}

// postMove gives a contact another lead status: from a board, or from its card. The script of a board asks for JSON.
func (c *Console) postMove(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	form := ctx.Request().PostForm
	over, err := overOf(form)
	if err != nil {
		return err
	}
	contact, to := schema.ContactID(ctx.Param("contact")), people.StatusID(form.Get("status"))
	err = c.config.People.Move(ctx.Request().Context(), string(s.user.ID), peopleSite(s), contact, over, to)
	said, status := "", http.StatusOK
	conflict, isConflict := errors.AsType[*desk.Conflict](err)
	switch {
	case err == nil:
	case isConflict:
		said, status = c.movedMeanwhile(ctx, s, contact, conflict), http.StatusConflict
	case errors.Is(err, people.ErrNoContact):
		said, status = s.say("contacts.problem.no_contact"), http.StatusNotFound
	case errors.Is(err, people.ErrNoStatus):
		said, status = s.say("contacts.problem.no_status"), http.StatusUnprocessableEntity
	default:
		return err
	}
	if strings.HasPrefix(ctx.Request().Header.Get(echo.HeaderAccept), echo.MIMEApplicationJSON) {
		return c.answerMove(ctx, s, contact, status, said)
	}
	board := people.SelectionID(form.Get("board"))
	switch {
	case said == "" && board != "":
		return ctx.Redirect(http.StatusSeeOther, boardPath(board)+"?"+boardQuery(form.Get("here"))+"#card-"+url.PathEscape(string(contact)))
	case said == "":
		return ctx.Redirect(http.StatusSeeOther, "/console/contacts/"+url.PathEscape(string(contact))+"?done=moved")
	case board != "":
		ctx.SetParamNames("selection")
		ctx.SetParamValues(string(board))
		return c.showBoard(ctx, s, &boardView{Problem: said}, status)
	}
	return c.showCard(ctx, s, contactView{ID: string(contact), Refused: said, refusedStatus: status})
}

// boardQuery keeps how many cards columns show, and done.
func boardQuery(here string) string {
	values, _ := url.ParseQuery(here) // what cannot be read is left out
	kept := url.Values{"done": {"moved"}}
	for name, list := range values {
		if strings.HasPrefix(name, "show.") && len(list) == 1 {
			kept[name] = list
		}
	}
	return kept.Encode()
}

// movedMeanwhile tells the second of two people who moved one card what the first did.
func (c *Console) movedMeanwhile(ctx echo.Context, s *session, contact schema.ContactID, conflict *desk.Conflict) string {
	by := c.userCalled(s, conflict.ChangedBy)
	now, err := c.config.People.Contact(ctx.Request().Context(), peopleSite(s), contact)
	statuses, problem := c.config.People.Statuses(ctx.Request().Context(), s.site.ID)
	if err != nil || problem != nil || by == "" {
		return s.say("contacts.problem.conflict")
	}
	status, _ := statuses.List.Find(now.Status)
	return s.say("contacts.moved_meanwhile", "Who", by, "Status", s.statusName(status))
}

// answerMove tells the script how the card is now.
func (c *Console) answerMove(ctx echo.Context, s *session, contact schema.ContactID, status int, said string) error {
	answer := map[string]any{"problem": said}
	if now, err := c.config.People.Contact(ctx.Request().Context(), peopleSite(s), contact); err == nil {
		statuses, err := c.config.People.Statuses(ctx.Request().Context(), s.site.ID)
		if err != nil {
			return err
		}
		is, _ := statuses.List.Find(now.Status)
		answer["status"], answer["version"], answer["name"] = now.Status, strconv.FormatUint(now.StatusVersion, 10), s.statusName(is)
	}
	return ctx.JSON(status, answer)
}
