package schema

// clickID is one of the parameters that ad networks put on links.
type clickID uint8

// The click ids in the order in which they count where a link has several: those that only ads bear first; Google's display
// network behind its search ("if both are there, gclid counts"); and Facebook's last, because it is on every outgoing link.
const (
	clickNone clickID = iota
	clickGclid
	clickGbraid
	clickWbraid
	clickMsclkid
	clickTtclid
	clickTwclid
	clickLiFatID
	clickEpik
	clickRdtCid
	clickScCid
	clickYclid
	clickDclid
	clickFbclid
	clickCount
)

// clickNetworks says who puts which click id on links, and what it says about them. Networks that mark only paid clicks give cpc.
var clickNetworks = [clickCount]struct {
	name           string // of the parameter
	source, medium string
	onlySearchAds  bool // it is on nothing but ads of a search network, whatever else the link says
}{
	clickGclid:   {"gclid", "google", "cpc", true},
	clickGbraid:  {"gbraid", "google", "cpc", true},
	clickWbraid:  {"wbraid", "google", "cpc", true},
	clickMsclkid: {"msclkid", "bing", "cpc", true},
	clickTtclid:  {"ttclid", "tiktok", "cpc", false},
	clickTwclid:  {"twclid", "twitter", "cpc", false},
	clickLiFatID: {"li_fat_id", "linkedin", "cpc", false},
	clickEpik:    {"epik", "pinterest", "cpc", false},
	clickRdtCid:  {"rdt_cid", "reddit", "cpc", false},
	clickScCid:   {"sccid", "snapchat", "cpc", false},
	clickYclid:   {"yclid", "yandex", "cpc", true},
	clickDclid:   {"dclid", "google", "display", false},
	clickFbclid:  {"fbclid", "facebook", "social", false},
}

// clickOf returns the click id that counts.
func clickOf(t *Touch) clickID {
	for id := clickNone + 1; id < clickCount; id++ {
		if t.click(id) != "" {
			return id
		}
	}
	return clickNone
}

// click returns the touch's click id of this kind.
func (t *Touch) click(id clickID) string { return *t.clickField(id) }

func (t *Touch) clickField(id clickID) *string {
	switch id {
	case clickGclid:
		return &t.Gclid
	case clickGbraid:
		return &t.Gbraid
	case clickWbraid:
		return &t.Wbraid
	case clickMsclkid:
		return &t.Msclkid
	case clickTtclid:
		return &t.Ttclid
	case clickTwclid:
		return &t.Twclid
	case clickLiFatID:
		return &t.LiFatID
	case clickEpik:
		return &t.Epik
	case clickRdtCid:
		return &t.RdtCid
	case clickScCid:
		return &t.ScCid
	case clickYclid:
		return &t.Yclid
	case clickDclid:
		return &t.Dclid
	case clickFbclid:
		return &t.Fbclid
	}
	return new(string)
}

// sameOwner keeps a google click id from making a newsletter's link "cpc" when somebody shared an ad's URL.
func (id clickID) sameOwner(source string) bool {
	switch clickNetworks[id].source {
	case source:
		return true
	case "google":
		return source == "youtube"
	case "facebook":
		return source == "instagram" || source == "threads" || source == "messenger"
	case "bing", "yandex": // Yahoo shows Microsoft's ads, and Yahoo Japan calls its own click id yclid
		return source == "yahoo" || source == "duckduckgo" || source == "ecosia"
	}
	return false
}
