package reports

// Dimension is a property of a touch by which reports can be broken down.
type Dimension string

// The dimensions.
const (
	BySource         Dimension = "source"
	ByMedium         Dimension = "medium"
	ByCampaign       Dimension = "campaign"
	ByTerm           Dimension = "term"
	ByContent        Dimension = "content"
	ByReferrerDomain Dimension = "referrer_domain"
	ByChannel        Dimension = "channel"

	// ByLandingPage is only for the reports about paths. There pages are without query and fragment.
	ByLandingPage Dimension = "landing_page"

	// These are only for the cards and the list of recent leads, which show everything a touch has.
	byUTMID      Dimension = "utm_id"
	byParameters Dimension = "parameters"
)

// Dimensions lists the dimensions that a report can be broken down by.
func Dimensions() []Dimension {
	return []Dimension{BySource, ByMedium, ByCampaign, ByTerm, ByContent, ByReferrerDomain, ByChannel}
}

// PathDimensions lists the dimensions that a report about paths can be broken down by.
func PathDimensions() []Dimension { return append(Dimensions(), ByLandingPage) }

// DataPoint is the touch by which a report places what it counts.
type DataPoint string

// The four data points.
const (
	FirstTouch    DataPoint = "first_touch"
	LeadCreation  DataPoint = "lead_creation"
	Conversion    DataPoint = "conversion"
	CompanySource DataPoint = "company_source"
)

// DataPoints lists the data points.
func DataPoints() []DataPoint {
	return []DataPoint{FirstTouch, LeadCreation, Conversion, CompanySource}
}

// Credit says which of the touches up to a submission led to it.
type Credit string

// The rules of credit. LastNonDirect is the latest known touch within the look-back window, else the latest touch;
// Last is the latest touch, whatever it is.
const (
	LastNonDirect Credit = "last_non_direct"
	Last          Credit = "last"
)

// Credits lists the rules of credit.
func Credits() []Credit { return []Credit{LastNonDirect, Last} }

// Doubt says what becomes of the touches and submissions under suspicion.
type Doubt string

// Suspects are left out, or count like all others.
const (
	ExcludeSuspects Doubt = "exclude"
	IncludeSuspects Doubt = "include"
)

// Outcome is what touches may have led to.
type Outcome string

// The outcomes. WonAmount is what the won deals brought, for each currency apart; the others count.
const (
	Leads        Outcome = "leads"
	Conversions  Outcome = "conversions"
	CreatedDeals Outcome = "deals"
	WonDeals     Outcome = "won_deals"
	WonAmount    Outcome = "won_amount"
)

// Outcomes lists the outcomes.
func Outcomes() []Outcome { return []Outcome{Leads, Conversions, CreatedDeals, WonDeals, WonAmount} }

// Transform is something that is done to paths before they are shared.
type Transform string

// The transforms, in the order in which they are done. Direct touches stay where a path has nothing else.
const (
	DropDirect      Transform = "drop_direct"
	DropLastDirect  Transform = "drop_last_direct"
	CollapseRepeats Transform = "collapse_repeats"
	FirstOnly       Transform = "first_only"
)

// Transforms lists the transforms.
func Transforms() []Transform {
	return []Transform{DropDirect, DropLastDirect, CollapseRepeats, FirstOnly}
}

// Losses says what Markov makes of paths that led to nothing.
type Losses string

// Such paths are left out, or are part of the chain.
const (
	ExcludeLosses Losses = "exclude"
	IncludeLosses Losses = "include"
)

// Grain is the length of a period of leads_over_time. Weeks begin on Monday.
type Grain string

// The grains.
const (
	Day   Grain = "day"
	Week  Grain = "week"
	Month Grain = "month"
)

// Grains lists the grains.
func Grains() []Grain { return []Grain{Day, Week, Month} }
