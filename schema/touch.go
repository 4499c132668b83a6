package schema

import (
	"cmp"
	"time"
)

// SiteID names one website (tenant) of the config file. It is first in every sorting key and in every query.
type SiteID string

// TouchID is the UUIDv7 that the browser gave an arrival, and gives again on every resend.
type TouchID string

// Touch is one arrival of a visitor from somewhere: UTMs, a click id, a foreign referrer, or direct. Immutable.
//
// The same shape travels three times: as a row of table touches, and inside a submission as its first touch and
// its latest touch. The `utm_*` and click id fields are the raw text as seen; source to referrer_domain are
// resolved from them by Resolve.
type Touch struct {
	TouchID    TouchID   `json:"touch_id,omitempty" ch:"touch_id" by:"browser"`
	OccurredAt time.Time `json:"occurred_at,omitzero" ch:"occurred_at" by:"browser"`

	UTMSource   string `json:"utm_source,omitempty" ch:"utm_source" max:"1024" by:"browser"`
	UTMMedium   string `json:"utm_medium,omitempty" ch:"utm_medium" max:"1024" by:"browser"`
	UTMCampaign string `json:"utm_campaign,omitempty" ch:"utm_campaign" max:"1024" by:"browser"`
	UTMTerm     string `json:"utm_term,omitempty" ch:"utm_term" max:"1024" by:"browser"`
	UTMContent  string `json:"utm_content,omitempty" ch:"utm_content" max:"1024" by:"browser"`
	UTMID       string `json:"utm_id,omitempty" ch:"utm_id" max:"1024" by:"browser"`

	Gclid   string `json:"gclid,omitempty" ch:"gclid" max:"512" by:"browser"`
	Gbraid  string `json:"gbraid,omitempty" ch:"gbraid" max:"512" by:"browser"`
	Wbraid  string `json:"wbraid,omitempty" ch:"wbraid" max:"512" by:"browser"`
	Msclkid string `json:"msclkid,omitempty" ch:"msclkid" max:"512" by:"browser"`
	Fbclid  string `json:"fbclid,omitempty" ch:"fbclid" max:"512" by:"browser"`
	Ttclid  string `json:"ttclid,omitempty" ch:"ttclid" max:"512" by:"browser"`
	Twclid  string `json:"twclid,omitempty" ch:"twclid" max:"512" by:"browser"`
	LiFatID string `json:"li_fat_id,omitempty" ch:"li_fat_id" max:"512" by:"browser"`
	Dclid   string `json:"dclid,omitempty" ch:"dclid" max:"512" by:"browser"`
	Epik    string `json:"epik,omitempty" ch:"epik" max:"512" by:"browser"`
	RdtCid  string `json:"rdt_cid,omitempty" ch:"rdt_cid" max:"512" by:"browser"`
	ScCid   string `json:"sccid,omitempty" ch:"sccid" max:"512" by:"browser"`
	Yclid   string `json:"yclid,omitempty" ch:"yclid" max:"512" by:"browser"`

	// Parameters are the site's custom URL parameters (Site.Parameters) by name: information beside the source, never a
	// source. On the wire each is a member of its own beside utm_source, as hidden field hw_first_touch_<name>.
	Parameters map[string]string `json:"parameters,omitempty" ch:"parameters" each:"512" by:"browser"`

	LandingPage string `json:"landing_page,omitempty" ch:"landing_page" max:"2048" by:"browser"`
	Referrer    string `json:"referrer,omitempty" ch:"referrer" max:"2048" by:"browser"`

	Source         string  `json:"source,omitempty" ch:"source" max:"1024" by:"server"`
	Medium         string  `json:"medium,omitempty" ch:"medium" max:"1024" by:"server"`
	Campaign       string  `json:"campaign,omitempty" ch:"campaign" max:"1024" by:"server"`
	Term           string  `json:"term,omitempty" ch:"term" max:"1024" by:"server"`
	Content        string  `json:"content,omitempty" ch:"content" max:"1024" by:"server"`
	Channel        Channel `json:"channel,omitempty" ch:"channel" by:"server"`
	ReferrerDomain string  `json:"referrer_domain,omitempty" ch:"referrer_domain" max:"255" by:"server"`
	Rule           string  `json:"rule,omitempty" ch:"rule" max:"255" by:"server"`
}

// Present tells whether there is a touch at all: a submission sent without the snippet carries none.
func (t *Touch) Present() bool { return !t.OccurredAt.IsZero() }

// URLParameters are the names of the fields of a touch that are read from the parameters of a URL: the UTMs and the click ids,
// which are all texts that browsers fill but the two pages. The touch's id and time, which have no Max, are made, not read.
func URLParameters() []string {
	var names []string
	for _, field := range Fields(Touch{}) {
		if field.By == "browser" && field.Max > 0 && field.Name != "landing_page" && field.Name != "referrer" {
			names = append(names, field.Name)
		}
	}
	return names
}

// MaxParameters is how many custom parameters a site may allow, so that a touch has no more.
const MaxParameters = 20

// Tagged tells whether a touch has any UTM or click id: whoever made the link said what it is.
func (t *Touch) Tagged() bool {
	return cmp.Or(t.UTMSource, t.UTMMedium, t.UTMCampaign, t.UTMTerm, t.UTMContent, t.UTMID,
		t.Gclid, t.Gbraid, t.Wbraid, t.Msclkid, t.Fbclid, t.Ttclid, t.Twclid, t.LiFatID,
		t.Dclid, t.Epik, t.RdtCid, t.ScCid, t.Yclid) != ""
}

// Direct tells whether the visitor came from nowhere that can be named: no UTM, no click id, no referrer. Custom
// parameters are no source. It reads the raw fields, so it is the same before and after Resolve.
func (t *Touch) Direct() bool { return t.Referrer == "" && !t.Tagged() }

// ForgetClick leaves of a touch what names the campaign and drops what names the click, and so the person: click ids and
// custom parameters. The addresses are the caller's to shorten.
func (t *Touch) ForgetClick() {
	t.Gclid, t.Gbraid, t.Wbraid, t.Msclkid, t.Fbclid, t.Ttclid, t.Twclid, t.LiFatID = "", "", "", "", "", "", "", ""
	t.Dclid, t.Epik, t.RdtCid, t.ScCid, t.Yclid = "", "", "", "", ""
	t.Parameters = nil
}

// TouchRecord is a touch as it is kept: a row of table touches.
type TouchRecord struct {
	SiteID    SiteID    `json:"site_id" ch:"site_id" by:"server"`
	VisitorID VisitorID `json:"visitor_id" ch:"visitor_id" by:"browser"`
	Touch
	SnippetVersion string    `json:"snippet_version,omitempty" ch:"snippet_version" max:"32" by:"browser"`
	Suspect        Suspicion `json:"suspect,omitempty" ch:"suspect" by:"server"`
	ReceivedAt     time.Time `json:"received_at" ch:"received_at" by:"server"`
}
