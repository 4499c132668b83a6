package people

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

func wanting(conditions ...string) Query {
	var group Group
	for _, text := range conditions {
		group = append(group, ParseCondition(text))
	}
	return Query{Criteria: Criteria{group}}
}

func mustIDs(t *testing.T, s *stand, q Query) []schema.ContactID {
	t.Helper()
	ids, err := s.IDs(t.Context(), acme, q, 1000)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(ids)
	return ids
}

// The life of selections, lead statuses and boards, on one small site, from the records and from the settled tables.
func TestSelectionsStatusesAndBoards(t *testing.T) {
	s := newStand(t)
	w := newWorld(7)
	s.insert(t, w.records)
	everybody := mustIDs(t, s, Query{})
	if len(everybody) != len(w.contacts) {
		t.Fatalf("%d contacts, want %d", len(everybody), len(w.contacts))
	}
	t.Run("statuses", func(t *testing.T) { s.checkStatuses(t, everybody) })
	t.Run("selections", func(t *testing.T) { s.checkSelections(t) })
	t.Run("board", func(t *testing.T) { s.checkBoard(t) })
	t.Run("settled", func(t *testing.T) {
		if err := reports.Settle(t.Context(), s.conn, acme.ID, true); err != nil {
			t.Fatal(err)
		}
		s.checkBoard(t)
	})
	t.Run("companies", func(t *testing.T) { s.checkCompanies(t) })
	t.Run("other site", func(t *testing.T) {
		other := acme
		other.ID = "other"
		page, err := s.List(t.Context(), other, Query{}, nil, 10)
		if err != nil || len(page.Contacts) != 0 {
			t.Errorf("another site has %v, %v", page, err)
		}
		if _, err := s.Contact(t.Context(), other, everybody[0]); !errors.Is(err, ErrNoContact) {
			t.Errorf("a contact of another site: %v", err)
		}
		if err := s.Move(t.Context(), "ada", other, everybody[0], 0, StatusQualified); !errors.Is(err, ErrNoContact) {
			t.Errorf("moved on another site: %v", err)
		}
	})
}

func (s *stand) checkStatuses(t *testing.T, everybody []schema.ContactID) {
	one := everybody[0]
	if err := s.Move(t.Context(), "ada", acme, one, 0, "contacting"); err != nil {
		t.Fatal(err)
	}
	err := s.Move(t.Context(), "grace", acme, one, 0, StatusQualified)
	if conflict, is := errors.AsType[*desk.Conflict](err); !is || conflict.ChangedBy != "ada" {
		t.Errorf("the second of two: %v", err)
	}
	if err := s.Move(t.Context(), "grace", acme, one, 1, StatusQualified); err != nil {
		t.Fatal(err)
	}
	if err := s.Move(t.Context(), "grace", acme, one, 2, "nonsense"); !errors.Is(err, ErrNoStatus) {
		t.Errorf("to a status that is none: %v", err)
	}
	now, err := s.Contact(t.Context(), acme, one)
	if err != nil || now.Status != StatusQualified || now.StatusOwner != "grace" || now.StatusVersion != 2 {
		t.Errorf("the contact is %+v, %v", now, err)
	}
	history, err := s.StatusHistory(t.Context(), acme.ID, one, 10)
	if err != nil || len(history) != 2 || history[0].From != "contacting" || history[0].To != StatusQualified || history[1].From != StatusOpen || history[1].ChangedBy != "ada" {
		t.Errorf("history %+v, %v", history, err)
	}
	if got := mustIDs(t, s, wanting("status:is:qualified")); !slices.Equal(got, everybody[:1]) {
		t.Errorf("qualified are %v", got)
	}
	s.checkOwnStatuses(t)
}

// A site names its own statuses; a contact whose status is gone counts as open.
func (s *stand) checkOwnStatuses(t *testing.T) {
	own := slices.Clone(DefaultStatuses())
	own[0].Name = "New"
	own = append(own[:1:1], append(Statuses{{Name: "Café <b>", Colour: "pink"}}, own[2:]...)...) // without contacting
	if err := s.SetStatuses(t.Context(), "ada", acme.ID, 0, own); err != nil {
		t.Fatal(err)
	}
	now, err := s.Statuses(t.Context(), acme.ID)
	if err != nil || len(now.List) != 5 || now.List[1].ID == "" || now.Version != 1 {
		t.Fatalf("%+v, %v", now, err)
	}
	for reason, bad := range map[StatusesReason]Statuses{
		Nameless: append(slices.Clone(own), Status{Name: " ", Colour: "red"}), SameName: append(slices.Clone(own), Status{Name: "nEW", Colour: "red"}),
		Colourless: append(slices.Clone(own), Status{Name: "x", Colour: "url(x)"}), Needed: own[1:], LongName: append(slices.Clone(own), Status{Name: strings.Repeat("é", 61), Colour: "red"}),
	} {
		wrong := new(StatusesError)
		if err := s.SetStatuses(t.Context(), "ada", acme.ID, 1, bad); !errors.As(err, &wrong) || wrong.Reason != reason {
			t.Errorf("want %s, got %v", reason, err)
		}
	}
	if err := s.SetStatuses(t.Context(), "grace", acme.ID, 0, own); !errors.As(err, new(*desk.Conflict)) {
		t.Errorf("the second of two: %v", err)
	}
	if err := s.SetStatuses(t.Context(), "ada", acme.ID, 1, DefaultStatuses()); err != nil {
		t.Fatal(err)
	}
}

func (s *stand) checkSelections(t *testing.T) {
	q := wanting("lead_creation.source:is_not:(unattributed)")
	want := mustIDs(t, s, q)
	frozen, err := s.Save(t.Context(), "ada", acme, " Frozen ", q, true)
	if err != nil {
		t.Fatal(err)
	}
	live, err := s.Save(t.Context(), "ada", acme, "Live", q, false)
	if err != nil {
		t.Fatal(err)
	}
	for name, wanted := range map[string]error{"": ErrName, "frozen": ErrTaken, strings.Repeat("x", 121): ErrName} {
		if _, err := s.Save(t.Context(), "ada", acme, name, q, false); !errors.Is(err, wanted) {
			t.Errorf("a selection called %.10q: %v", name, err)
		}
	}
	if _, err := s.Save(t.Context(), "ada", acme, "bad", wanting("first_touch.source:is:"), false); !errors.As(err, new(*Error)) {
		t.Errorf("bad criteria are saved: %v", err)
	}
	copied, err := s.Copy(t.Context(), "ada", acme, frozen, "Frozen too")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []SelectionID{frozen, live, copied} {
		saved, err := s.Selection(t.Context(), acme.ID, id)
		if err != nil {
			t.Fatal(err)
		}
		if got := mustIDs(t, s, saved.Value.Query(id)); !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", saved.Value.Name, got, want)
		}
	}
	if got := mustIDs(t, s, wanting("selection:is_not:"+string(frozen))); len(got)+len(want) != len(mustIDs(t, s, Query{})) {
		t.Errorf("not in the selection: %d of which %d are", len(got), len(want))
	}
	in, err := s.SelectionsOf(t.Context(), acme, want[0])
	if err != nil || len(in) != 3 {
		t.Errorf("a member is in %d selections, %v", len(in), err)
	}
	s.checkCompanyNames(t)
	if err := s.Rename(t.Context(), "grace", acme.ID, live, 1, "Living"); err != nil {
		t.Error(err)
	}
	if err := s.Rename(t.Context(), "ada", acme.ID, live, 1, "Other"); !errors.As(err, new(*desk.Conflict)) {
		t.Errorf("renamed over another's name: %v", err)
	}
	if err := s.Remove(t.Context(), "ada", acme.ID, copied, 1); err != nil {
		t.Error(err)
	}
	if _, err := s.Selection(t.Context(), acme.ID, copied); !errors.Is(err, ErrNoSelection) {
		t.Errorf("a removed selection: %v", err)
	}
	list, err := s.Selections(t.Context(), acme.ID)
	if err != nil || len(list) != 2 || list[0].Value.Name != "Frozen" || list[1].Value.Name != "Living" {
		t.Errorf("%+v, %v", list, err)
	}
}

// checkCompanyNames finds contacts by the names that the list gives their companies, and in selections by these.
func (s *stand) checkCompanyNames(t *testing.T) {
	t.Helper()
	var contacts []Contact
	for _, id := range mustIDs(t, s, Query{}) {
		contacts = append(contacts, Contact{ID: id})
	}
	if err := s.Fill(t.Context(), acme, contacts); err != nil {
		t.Fatal(err)
	}
	of := map[string][]schema.ContactID{}
	for i := range contacts {
		of[strings.ToLower(contacts[i].Company)] = append(of[strings.ToLower(contacts[i].Company)], contacts[i].ID)
	}
	delete(of, "")
	kinds := map[bool]bool{} // with a domain, or a name only
	for called, want := range of {
		condition := ParseCondition("company:is:x")
		condition.Value = called
		q := Query{Criteria: Criteria{{condition}}}
		got := mustIDs(t, s, q)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("the list has %v of %q, by the company it has %v", want, called, got)
		}
		id, err := s.Save(t.Context(), "ada", acme, "Of "+called, q, false)
		if err != nil {
			t.Fatal(err)
		}
		if in, err := s.SelectionsOf(t.Context(), acme, want[0]); err != nil || !slices.ContainsFunc(in, func(one Saved) bool { return SelectionID(one.ID) == id }) {
			t.Errorf("a contact of %q is not in the selection of that company: %v, %v", called, in, err)
		}
		if err := s.Remove(t.Context(), "ada", acme.ID, id, 1); err != nil {
			t.Error(err)
		}
		kinds[strings.Contains(called, ".")] = true
	}
	if len(kinds) < 2 {
		t.Errorf("companies are all of one kind: %v", of)
	}
}

// A board has everybody once, in the column of their status, with sums that a list of all says too.
func (s *stand) checkBoard(t *testing.T) {
	board := Board{Group: "lead_creation.source", Sort: "created", Filter: Group{ParseCondition("origin:is:lead")}}
	columns, err := s.Columns(t.Context(), acme, Query{}, board, nil, MaxCards)
	if err != nil {
		t.Fatal(err)
	}
	want := mustIDs(t, s, wanting("origin:is:lead"))
	var got []schema.ContactID
	won := reports.Amounts{}
	for _, column := range columns {
		loaded := 0
		for _, lane := range column.Lanes {
			if int64(len(lane.Cards)) != lane.Total {
				t.Errorf("%s, %s: %d cards of %d", column.Name, lane.Label, len(lane.Cards), lane.Total)
			}
			loaded += len(lane.Cards)
			for i := range lane.Cards {
				got = append(got, lane.Cards[i].ID)
				won = won.Plus(lane.Cards[i].Won)
				if lane.Cards[i].Status != column.ID {
					t.Errorf("%s stands in %s and is %s", lane.Cards[i].ID, column.ID, lane.Cards[i].Status)
				}
			}
		}
		if int64(loaded) != column.Total || loaded != column.Loaded {
			t.Errorf("%s has %d cards, loaded %d, says %d", column.Name, loaded, column.Loaded, column.Total)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the board has\n%v, want\n%v", got, want)
	}
	sum := reports.Amounts{}
	for _, column := range columns {
		sum = sum.Plus(column.Won)
	}
	if sum.String() != won.String() {
		t.Errorf("columns sum to %s, cards to %s", sum, won)
	}
	few, err := s.Columns(t.Context(), acme, Query{}, Board{Sort: "created"}, map[StatusID]int{StatusOpen: 5}, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, column := range few {
		most := 2
		if column.ID == StatusOpen {
			most = 5
		}
		if column.Loaded > most || int64(column.Loaded) > column.Total {
			t.Errorf("%s has loaded %d of %d, at most %d", column.Name, column.Loaded, column.Total, most)
		}
	}
	if _, err := s.Columns(t.Context(), acme, Query{}, Board{Sort: "created", Filter: Group{{Field: "nonsense"}}}, nil, 2); !errors.As(err, new(*Error)) {
		t.Errorf("a bad filter: %v", err)
	}
}

func (s *stand) checkCompanies(t *testing.T) {
	var names []string
	var after *Cursor
	for {
		page, err := s.Companies(t.Context(), acme, "", after, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range page.Companies {
			names = append(names, one.Called)
			if got := mustIDs(t, s, wanting("company:is:"+one.Called)); int64(len(got)) != one.Contacts {
				t.Errorf("%s has %d contacts, the list finds %d", one.Called, one.Contacts, len(got))
			}
		}
		if after = page.Next; after == nil {
			break
		}
	}
	if !slices.Equal(names, []string{"a.example", "bolt & co"}) {
		t.Errorf("companies %q", names)
	}
	page, err := s.Companies(t.Context(), acme, "BOLT", nil, 10)
	if err != nil || len(page.Companies) != 1 {
		t.Errorf("found %+v, %v", page, err)
	}
}

func TestConditionsAsText(t *testing.T) {
	for _, c := range []Condition{
		{"first_touch.source", Is, "a:b"}, {"lead_creation.term", Empty, ""}, {"status", OneOf, JoinValues([]string{"a,b", `c\`, "d"})}, {"nonsense", "x", "y"},
	} {
		if got := ParseCondition(c.Text()); got != c {
			t.Errorf("%+v reads back as %+v", c, got)
		}
	}
	if got := (Condition{Op: OneOf, Value: JoinValues([]string{"a,b", `c\`, "d"})}).values(); !slices.Equal(got, []string{"a,b", `c\`, "d"}) {
		t.Errorf("values %q", got)
	}
	for text, want := range map[string]Reason{
		"x:is:1": NoField, "created:contains:1": NoOp, "first_touch.source:is: ": NoValue, "status:is:gone": NoChoice, "deals:at_least:-1": NoNumber,
		"won_amount:at_least:1000": NoAmount, "won_amount:at_least:XXXX 1": NoAmount, "created:since:2026-02-30": NoDay, "created:last_days:0": NoDays,
		"company:one_of:,": NoValue, "first_touch.source:is:" + strings.Repeat("x", 513): TooLong,
	} {
		wrong := new(Error)
		if err := (Criteria{{}, {ParseCondition(text)}}).Check([]string{"open"}); !errors.As(err, &wrong) || wrong.Reason != want || wrong.Group != 1 {
			t.Errorf("%.40s: %v, want %s", text, err, want)
		}
	}
}

func FuzzConditionText(f *testing.F) {
	f.Add("first_touch.source:one_of:a,b\\,c")
	f.Add(":::")
	f.Fuzz(func(t *testing.T, text string) {
		c := ParseCondition(text)
		if again := ParseCondition(c.Text()); c.Op.NeedsValue() && again != c {
			t.Errorf("%q reads as %+v, and back as %+v", text, c, again)
		}
		_ = Criteria{{c}}.Check(nil)
		_, _, _ = parseMoney(c.Value)
		c.Op = OneOf
		if again := (Condition{Op: OneOf, Value: JoinValues(c.values())}).values(); !slices.Equal(again, c.values()) {
			t.Errorf("%q has the values %q, and then %q", text, c.values(), again)
		}
	})
}
