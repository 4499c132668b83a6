package people

import (
	"context"
	"strconv"
	"strings"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// Lane is the cards of one group within a column of a board; of "" where cards are not grouped.
type Lane struct {
	Label string
	Total int64 // of all cards, also those that are not loaded
	Cards []Contact
}

// BoardColumn is the contacts of one lead status.
type BoardColumn struct {
	Status
	Total     int64
	Won, Open reports.Amounts // of the deals of all of them
	Lanes     []Lane
	Loaded    int
}

// MaxCards bounds the cards of a column that are loaded at once: beyond, a list is better to read.
const MaxCards = chunk

// perLane is how many cards of a column each of its groups may have, so that the first does not fill it.
func perLane(board Board, limit int) int {
	if board.Group == "" {
		return limit
	}
	return max(1, limit/3)
}

// Columns returns the contacts that a query means as a board shows them: of each status at most as many as show says, else by default.
func (p *People) Columns(ctx context.Context, site Site, q Query, board Board, show map[StatusID]int, byDefault int) ([]BoardColumn, error) {
	statuses, err := p.Statuses(ctx, site.ID)
	if err != nil {
		return nil, err
	}
	if len(board.Filter) > 0 {
		q.Filter = Criteria{board.Filter}
	}
	q.Sort, q.Descending = board.Sort, board.Descending
	if err := q.check(statuses.List); err != nil {
		return nil, err
	}
	columns := make([]BoardColumn, len(statuses.List))
	at := map[StatusID]*BoardColumn{}
	for i, status := range statuses.List {
		columns[i].Status = status
		at[status.ID] = &columns[i]
	}
	if err := p.sums(ctx, site, &q, board, statuses.List, at); err != nil {
		return nil, err
	}
	return columns, p.cards(ctx, site, &q, board, statuses.List, at, func(id StatusID) int {
		return min(max(show[id], byDefault), MaxCards)
	})
}

// sums reads how many cards each column has, and what their deals are worth.
func (p *People) sums(ctx context.Context, site Site, q *Query, board Board, statuses Statuses, at map[StatusID]*BoardColumn) error {
	b := p.binder(site, q)
	marks := map[string]string{"criteria": b.where(), "group": groupLabel(board.Group)}
	result, err := p.ask(ctx, site, "board", statuses, nil, b.bound, marks)
	if err != nil {
		return err
	}
	for i, row := range result.Rows {
		status, _ := row[0].(string)
		label, _ := row[1].(string)
		total, _ := row[2].(int64)
		column := at[StatusID(status)]
		won, _ := result.Value(i, "won").(reports.Amounts)
		open, _ := result.Value(i, "open").(reports.Amounts)
		column.Total += total
		column.Won, column.Open = column.Won.Plus(won), column.Open.Plus(open)
		column.Lanes = append(column.Lanes, Lane{Label: label, Total: total})
	}
	return nil
}

// cards loads the first cards of each column.
func (p *People) cards(ctx context.Context, site Site, q *Query, board Board, statuses Statuses, at map[StatusID]*BoardColumn, limit func(StatusID) int) error {
	b := p.binder(site, q)
	marks := map[string]string{"criteria": b.where(), "group": groupLabel(board.Group), "order": b.order(q.Sort, q.Descending)}
	most := 0
	for id := range at {
		most = max(most, limit(id))
	}
	b.bound["limit"], b.bound["lane"] = strconv.Itoa(most), strconv.Itoa(perLane(board, most))
	text, err := statement("cards")
	if err != nil {
		return err
	}
	if q.Descending {
		text = strings.Replace(text, "sort_key, contact_id /* direction */", "sort_key DESC, contact_id DESC", 2)
	}
	b.bound["statuses"], b.bound["page"] = schema.BindAll(statuses.ids()), "[]"
	result, err := p.answer(ctx, reports.Statement{Name: "cards", Text: fill(text, marks), Bound: b.bound}, site.params())
	if err != nil {
		return err
	}
	for _, row := range result.Rows {
		id, _ := row[0].(string)
		status, _ := row[1].(string)
		label, _ := row[2].(string)
		column := at[StatusID(status)]
		if column.Loaded == limit(column.ID) {
			continue
		}
		lane := column.lane(label)
		if len(lane.Cards) == perLane(board, limit(column.ID)) {
			continue
		}
		lane.Cards = append(lane.Cards, Contact{ID: schema.ContactID(id)})
		column.Loaded++
	}
	return p.fillColumns(ctx, site, statuses, at)
}

// fillColumns reads what cards show, many at once.
func (p *People) fillColumns(ctx context.Context, site Site, statuses Statuses, at map[StatusID]*BoardColumn) error {
	var all []Contact
	for _, status := range statuses {
		for _, lane := range at[status.ID].Lanes {
			all = append(all, lane.Cards...)
		}
	}
	for from := 0; from < len(all); from += chunk {
		if err := p.fillSome(ctx, site, statuses, all[from:min(from+chunk, len(all))]); err != nil {
			return err
		}
	}
	for _, status := range statuses {
		for _, lane := range at[status.ID].Lanes {
			all = all[copy(lane.Cards, all):]
		}
	}
	return nil
}

// lane finds a column's lane; a contact that came between two queries may bring one of its own.
func (c *BoardColumn) lane(label string) *Lane {
	for i := range c.Lanes {
		if c.Lanes[i].Label == label {
			return &c.Lanes[i]
		}
	}
	c.Lanes = append(c.Lanes, Lane{Label: label, Total: 1})
	c.Total++
	return &c.Lanes[len(c.Lanes)-1]
}

// memberships asks which of some selections have a contact.
func (p *People) memberships(ctx context.Context, site Site, list []Saved, contact schema.ContactID) (map[string]bool, error) {
	statuses, err := p.Statuses(ctx, site.ID)
	if err != nil {
		return nil, err
	}
	b := p.binder(site, nil)
	pairs := []string{"('', false)"}
	for i := range list {
		q := list[i].Value.Query(SelectionID(list[i].ID))
		if q.check(statuses.List) != nil {
			continue // it names a status that is gone
		}
		b.query = &q
		pairs = append(pairs, "("+b.text(list[i].ID)+", "+b.where()+")")
	}
	text, err := statement("memberships")
	if err != nil {
		return nil, err
	}
	text = strings.Replace(text, "[('', false)] /* selections */", "["+strings.Join(pairs, ", ")+"]", 1)
	b.bound["statuses"], b.bound["page"] = schema.BindAll(statuses.List.ids()), schema.BindAll([]schema.ContactID{contact})
	params := site.params()
	params.Contact = contact
	result, err := p.answer(ctx, reports.Statement{Name: "memberships", Text: text, Bound: b.bound}, params)
	if err != nil {
		return nil, err
	}
	in := map[string]bool{}
	for _, row := range result.Rows {
		id, _ := row[0].(string)
		in[id] = true
	}
	return in, nil
}
