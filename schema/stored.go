package schema

import "strings"

// ResolveStored resolves a touch anew that was stored with what it was called, from the raw values that were stored with it. What
// decided then and was not stored stays known by its traces: the app in which the page was open, a referrer that was no source, and
// a click id that was forgotten for the visitor's privacy.
func (r *Resolver) ResolveStored(t *Touch) {
	was := Classification{Source: t.Source, Medium: t.Medium, Channel: t.Channel, Rule: t.Rule}
	app := ""
	if was.Medium == MediumInApp {
		app = was.Source
	}
	told := *t
	if id := forgottenClick(t); id != clickNone {
		*told.clickField(id) = "forgotten"
	}
	c := r.Classify(&told, app)
	if c.Channel == ChannelDirect && was.Channel == ChannelDirect && was.Rule != "" && t.Direct() {
		c.Rule = was.Rule
	}
	t.apply(c)
}

// forgottenClick returns the click id that a stored touch was named by and does not hold any more.
func forgottenClick(t *Touch) clickID {
	if clickOf(t) != clickNone || t.Source == SourceDirect || t.Source == "" || t.Medium == MediumInApp {
		return clickNone
	}
	said, _, _ := strings.Cut(t.Rule, " > ")
	for id := clickNone + 1; id < clickCount; id++ {
		network := &clickNetworks[id]
		if said != "" {
			if said == "click_id "+network.name || strings.HasSuffix(said, " + "+network.name) {
				return id
			}
			continue
		}
		// The row is from before rules were stored.
		if t.UTMMedium == "" && t.Medium == network.medium && network.source == t.Source && (t.Direct() || network.medium != "social") {
			return id
		}
	}
	return clickNone
}
