package reports

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/schema"
)

// naive answers source_breakdown by walking over all records again and again: slow, with no cleverness to be wrong in, and
// written from the rules rather than from the SQL.
type naive struct {
	given
	credit   Credit
	lookback time.Duration
}

// happening is what counts in a row of source_breakdown.
type happening struct {
	counts   string
	at       time.Time
	touch    *schema.Touch
	currency string
	amount   decimal.Decimal
}

func compareTouches(a, b *schema.Touch) int {
	return cmp.Or(a.OccurredAt.Compare(b.OccurredAt), strings.Compare(string(a.TouchID), string(b.TouchID)))
}

func compareSent(a, b *schema.Submission) int {
	return cmp.Or(a.OccurredAt.Compare(b.OccurredAt), strings.Compare(string(a.SubmissionID), string(b.SubmissionID)))
}

func known(t *schema.Touch) bool { return t.Source != "(direct)" }

// candidates are the touches that may have led to a submission, in order.
func (n *naive) candidates(sent *schema.Submission) []*schema.Touch {
	var all []*schema.Touch
	for _, touch := range []*schema.Touch{&sent.FirstTouch, &sent.LatestTouch} {
		if touch.Present() {
			all = append(all, touch)
		}
	}
	for _, touch := range n.Touches {
		if sent.VisitorID != "" && touch.VisitorID == sent.VisitorID && !touch.OccurredAt.After(sent.OccurredAt) {
			all = append(all, &touch.Touch)
		}
	}
	slices.SortStableFunc(all, compareTouches)
	return all
}

func (n *naive) firstTouch(sent *schema.Submission) *schema.Touch {
	all := n.candidates(sent)
	if len(all) == 0 {
		return nil
	}
	for _, touch := range all { // the same touch, of which the log knows more
		if compareTouches(touch, all[0]) == 0 && known(touch) {
			return touch
		}
	}
	return all[0]
}

func (n *naive) credited(sent *schema.Submission) *schema.Touch {
	all := n.candidates(sent)
	if len(all) == 0 {
		return nil
	}
	if n.credit == LastNonDirect {
		for _, touch := range slices.Backward(all) {
			if known(touch) && !touch.OccurredAt.Before(sent.OccurredAt.Add(-n.lookback)) {
				return touch
			}
		}
	}
	return all[len(all)-1]
}

// earliest returns the earliest submission that is chosen, nil where none is.
func (n *naive) earliest(chosen func(*schema.Submission) bool) *schema.Submission {
	var first *schema.Submission
	for _, sent := range n.Submissions {
		if sent.ContactID != "" && chosen(sent) && (first == nil || compareSent(sent, first) < 0) {
			first = sent
		}
	}
	return first
}

// creation returns the submission that created the contact, nil where the CRM knew it first.
func (n *naive) creation(id schema.ContactID) *schema.Submission {
	first := n.earliest(func(sent *schema.Submission) bool { return sent.ContactID == id })
	for _, contact := range n.Contacts {
		if first != nil && contact.ContactID == id && !contact.CreatedAt.After(first.OccurredAt) {
			return nil
		}
	}
	return first
}

// names are those under which an imported company is met.
func names(company *schema.Company) []schema.CompanyID {
	all := []schema.CompanyID{company.CompanyID}
	if company.Domain != "" {
		all = append(all, schema.CompanyID("domain:"+company.Domain))
	}
	if company.NameKey != "" {
		all = append(all, schema.CompanyID("name:"+company.NameKey))
	}
	return all
}

// resolve returns the id of the imported company that is met under id, or id.
func (n *naive) resolve(id schema.CompanyID) schema.CompanyID {
	for range 2 { // a name may lead to a domain, a domain to a CRM id
		var best *schema.Company
		for _, company := range n.Companies {
			if slices.Contains(names(company), id) && (best == nil || compareCompanies(company, best) < 0) {
				best = company
			}
		}
		if best != nil {
			id = best.CompanyID
		}
	}
	return id
}

func compareCompanies(a, b *schema.Company) int {
	crm := func(c *schema.Company) int {
		if strings.HasPrefix(string(c.CompanyID), "crm:") {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(crm(a), crm(b)), a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.CompanyID, b.CompanyID))
}

// companyCreation returns the submission that created the company, nil where none did.
func (n *naive) companyCreation(id schema.CompanyID) *schema.Submission {
	first := n.earliest(func(sent *schema.Submission) bool { return sent.CompanyID != "" && n.resolve(sent.CompanyID) == id })
	if first == nil {
		return nil
	}
	for _, company := range n.Companies {
		for _, name := range names(company) {
			if n.resolve(name) == id && !company.CreatedAt.After(first.OccurredAt) {
				return nil
			}
		}
	}
	for _, contact := range n.Contacts {
		if contact.CompanyID != "" && n.resolve(contact.CompanyID) == id && !contact.CreatedAt.After(first.OccurredAt) {
			return nil
		}
	}
	return first
}

func (n *naive) companySource(id schema.CompanyID) *schema.Touch {
	if id == "" {
		return nil
	}
	first := n.companyCreation(id)
	if first == nil || n.creation(first.ContactID) != first {
		return nil
	}
	return n.credited(first)
}

func (n *naive) companyOf(id schema.ContactID) schema.CompanyID {
	if id == "" {
		return ""
	}
	named := n.earliest(func(sent *schema.Submission) bool { return sent.ContactID == id && sent.CompanyID != "" })
	if named != nil {
		return n.resolve(named.CompanyID)
	}
	var latest *schema.Contact
	for _, contact := range n.Contacts {
		if contact.ContactID == id && contact.CompanyID != "" && (latest == nil || compareImports(contact, latest) > 0) {
			latest = contact
		}
	}
	if latest == nil {
		return ""
	}
	return n.resolve(latest.CompanyID)
}

func compareImports(a, b *schema.Contact) int {
	return cmp.Or(a.ReceivedAt.Compare(b.ReceivedAt), strings.Compare(a.ImportID, b.ImportID))
}

// contactTouch returns the contact's first touch or lead creation.
func (n *naive) contactTouch(id schema.ContactID, point DataPoint) *schema.Touch {
	sent := n.creation(id)
	switch {
	case sent == nil:
		return nil
	case point == FirstTouch:
		return n.firstTouch(sent)
	}
	return n.credited(sent)
}

// all lists everything that counts, at any time.
func (n *naive) all(point DataPoint) []happening {
	var all []happening
	for _, sent := range n.Submissions {
		if sent.ContactID == "" {
			continue
		}
		counts, touch := "leads", n.contactTouch(sent.ContactID, point)
		if n.creation(sent.ContactID) != sent {
			counts = "conversions"
			if point == Conversion {
				touch = n.credited(sent)
			}
		}
		if point == CompanySource {
			touch = n.companySource(n.companyOf(sent.ContactID))
		}
		all = append(all, happening{counts: counts, at: sent.OccurredAt, touch: touch})
		if company := n.resolve(sent.CompanyID); sent.CompanyID != "" && n.companyCreation(company) == sent {
			touch := n.companySource(company)
			if point == FirstTouch {
				touch = n.contactTouch(sent.ContactID, FirstTouch)
			}
			all = append(all, happening{counts: "companies", at: sent.OccurredAt, touch: touch})
		}
	}
	return append(all, n.deals(point)...)
}

// visitors counts each visitor with a touch in the range once.
func (n *naive) visitors(point DataPoint, since, until time.Time) []happening {
	touches := map[schema.VisitorID][]*schema.Touch{}
	for _, touch := range n.Touches {
		touches[touch.VisitorID] = append(touches[touch.VisitorID], &touch.Touch)
	}
	var all []happening
	for _, own := range touches {
		slices.SortFunc(own, compareTouches)
		var latest, latestKnown *schema.Touch
		for _, touch := range own {
			if !touch.OccurredAt.Before(since) && touch.OccurredAt.Before(until) {
				latest = touch
				if known(touch) {
					latestKnown = touch
				}
			}
		}
		if latest == nil {
			continue
		}
		touch := latest
		if point == FirstTouch {
			touch = own[0]
		} else if n.credit == LastNonDirect && latestKnown != nil {
			touch = latestKnown
		}
		all = append(all, happening{counts: "visitors", at: latest.OccurredAt, touch: touch})
	}
	return all
}

// dealState is a deal as it is now; wonAt is zero unless it is won.
type dealState struct {
	schema.Deal
	wonAt time.Time
}

// dealStates are those of all deals.
func (n *naive) dealStates() []dealState {
	changes := map[schema.DealID][]*schema.Deal{}
	for _, change := range n.Deals {
		changes[change.DealID] = append(changes[change.DealID], change)
	}
	var all []dealState
	for _, history := range changes {
		slices.SortFunc(history, compareChanges)
		deal, wonAt := n.replay(history)
		all = append(all, dealState{deal, wonAt})
	}
	return all
}

func (n *naive) deals(point DataPoint) []happening {
	var all []happening
	for _, deal := range n.dealStates() {
		touch := n.dealTouch(deal.Deal, point)
		all = append(all, happening{counts: "deals", at: deal.CreatedAt, touch: touch})
		if deal.Status == schema.DealWon {
			all = append(all, happening{counts: "won_deals", at: deal.wonAt, touch: touch, currency: deal.Currency, amount: deal.Amount})
		}
	}
	return all
}

func compareChanges(a, b *schema.Deal) int {
	return cmp.Or(a.ChangedAt.Compare(b.ChangedAt), a.ReceivedAt.Compare(b.ReceivedAt), strings.Compare(a.ChangeID, b.ChangeID))
}

// replay returns the deal's present state and the time it was won, if it is.
func (n *naive) replay(history []*schema.Deal) (deal schema.Deal, wonAt time.Time) {
	given := false
	for _, change := range history {
		if change.Status != schema.DealWon {
			wonAt, given = time.Time{}, false
		} else if !change.WonAt.IsZero() {
			wonAt, given = change.WonAt, true
		} else if wonAt.IsZero() && !given {
			wonAt = change.ChangedAt
		}
		deal.Status = change.Status
		if change.Currency != "" {
			deal.Amount, deal.Currency = change.Amount, change.Currency
		}
		if change.ContactID != "" || change.ContactCRMID != "" {
			deal.ContactID, deal.ContactCRMID = change.ContactID, change.ContactCRMID
		}
		if change.CompanyID != "" {
			deal.CompanyID = change.CompanyID
		}
		if !change.CreatedAt.IsZero() && (deal.CreatedAt.IsZero() || change.CreatedAt.Before(deal.CreatedAt)) {
			deal.CreatedAt = change.CreatedAt
		}
	}
	if deal.CreatedAt.IsZero() {
		deal.CreatedAt = history[0].ChangedAt
	}
	var latest *schema.Contact
	for _, contact := range n.Contacts {
		if deal.ContactID == "" && deal.ContactCRMID != "" && contact.CRMID == deal.ContactCRMID && (latest == nil || compareImports(contact, latest) > 0) {
			latest = contact
		}
	}
	if latest != nil {
		deal.ContactID = latest.ContactID
	}
	deal.CompanyID = n.resolve(deal.CompanyID)
	return deal, wonAt
}

func (n *naive) dealTouch(deal schema.Deal, point DataPoint) *schema.Touch {
	switch point {
	case Conversion:
		var latest *schema.Submission
		for _, sent := range n.Submissions {
			if deal.ContactID != "" && sent.ContactID == deal.ContactID && n.creation(sent.ContactID) != sent &&
				!sent.OccurredAt.After(deal.CreatedAt) && (latest == nil || compareSent(sent, latest) > 0) {
				latest = sent
			}
		}
		if latest == nil {
			return nil
		}
		return n.credited(latest)
	case CompanySource:
		if deal.CompanyID == "" {
			return n.companySource(n.companyOf(deal.ContactID))
		}
		return n.companySource(deal.CompanyID)
	}
	if touch := n.contactTouch(deal.ContactID, point); touch != nil {
		return touch
	}
	return n.companySource(deal.CompanyID)
}
