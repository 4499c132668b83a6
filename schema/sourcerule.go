package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// SourceRule is an operator's rule for the touches of one site: where all of its conditions hold, its source, medium and channel
// are the touch's, those that it leaves out being found as ever. Conditions are compared as values are (in lower case, …); a *
// at an end of one stands for anything, and a * alone for any value that is not empty. The first rule that fits counts.
type SourceRule struct {
	Host        string `toml:"host"` // of the referrer, with its subdomains, or an app's package id
	UTMSource   string `toml:"utm_source"`
	UTMMedium   string `toml:"utm_medium"`
	UTMCampaign string `toml:"utm_campaign"`
	ClickID     string `toml:"click_id"` // the name of a parameter, such as gclid, that the link bears

	Source  string  `toml:"source"`
	Medium  string  `toml:"medium"`
	Channel Channel `toml:"channel"`
}

// Check tells what is wrong with a rule, nil where nothing is.
func (r *SourceRule) Check() error {
	switch {
	case r.Host+r.UTMSource+r.UTMMedium+r.UTMCampaign+r.ClickID == "":
		return errors.New("it has no condition: say host, utm_source, utm_medium, utm_campaign or click_id")
	case r.Source+r.Medium+string(r.Channel) == "":
		return errors.New("it changes nothing: say source, medium or channel")
	case r.Channel != "" && !slices.Contains(Channels(), r.Channel):
		return fmt.Errorf("there is no channel %.80q: %s", r.Channel, channelNames())
	case r.Channel == ChannelDirect:
		return errors.New("a touch that says something is not Direct: to have a referrer count for nothing put its host into ignored_referrers")
	case r.ClickID != "" && clickNamed(r.ClickID) == clickNone:
		return fmt.Errorf("%.80q is no click id: %s", r.ClickID, clickNames())
	}
	for _, pattern := range []string{r.UTMSource, r.UTMMedium, r.UTMCampaign} {
		if middle := strings.TrimSuffix(strings.TrimPrefix(pattern, "*"), "*"); strings.Contains(middle, "*") {
			return fmt.Errorf("%.80q has a * that is not at an end", pattern)
		}
	}
	return nil
}

func channelNames() string {
	var names []string
	for _, channel := range Channels() {
		names = append(names, string(channel))
	}
	return strings.Join(names, ", ")
}

func clickNamed(name string) clickID {
	for id := clickNone + 1; id < clickCount; id++ {
		if clickNetworks[id].name == name {
			return id
		}
	}
	return clickNone
}

func clickNames() string {
	var names []string
	for id := clickNone + 1; id < clickCount; id++ {
		names = append(names, clickNetworks[id].name)
	}
	return strings.Join(names, ", ")
}

// siteRule is a SourceRule made ready: its texts are in their normal form, and its rules written out.
type siteRule struct {
	SourceRule
	kind  category
	texts [channelRuleCount]string
}

func newSiteRule(rule SourceRule, sources *Sources) (*siteRule, error) {
	if err := rule.Check(); err != nil {
		return nil, fmt.Errorf("source_rule: %w", err)
	}
	s := &siteRule{SourceRule: rule}
	s.Host = cleanHost(rule.Host)
	for _, text := range []*string{&s.UTMSource, &s.UTMMedium, &s.UTMCampaign, &s.Medium} {
		*text = normalValue(*text)
	}
	s.Source, s.kind = sources.called(rule.Source)
	s.writeRules(rule.conditions())
	return s, nil
}

func (s *siteRule) writeRules(conditions string) {
	for channel := range channelRuleCount {
		s.texts[channel] = CutText("site rule "+conditions, 200) + " > " + channelRules[channel].text
	}
}

// conditions says what a rule asks for, as it is written.
func (r *SourceRule) conditions() string {
	var asks []string
	for _, condition := range [][2]string{{"host", r.Host}, {"utm_source", r.UTMSource}, {"utm_medium", r.UTMMedium}, {"utm_campaign", r.UTMCampaign}, {"click_id", r.ClickID}} {
		if condition[1] != "" {
			asks = append(asks, condition[0]+"="+condition[1])
		}
	}
	return strings.Join(asks, " ")
}

// fits tells whether all of the rule's conditions hold. source, medium and campaign are the touch's UTMs in their normal form.
func (s *siteRule) fits(from place, source, medium, campaign string, t *Touch) bool {
	return (s.Host == "" || from.host != "" && underHost(from.host, s.Host)) &&
		matches(s.UTMSource, source) && matches(s.UTMMedium, medium) && matches(s.UTMCampaign, campaign) &&
		(s.ClickID == "" || t.click(clickNamed(s.ClickID)) != "")
}

// matches compares a value with a pattern, of which "" asks for nothing.
func matches(pattern, value string) bool {
	if pattern == "" {
		return true
	}
	text, open := strings.CutPrefix(pattern, "*")
	text, more := strings.CutSuffix(text, "*")
	switch {
	case value == "":
		return false
	case open && (more || text == ""):
		return strings.Contains(value, text)
	case open:
		return strings.HasSuffix(value, text)
	case more:
		return strings.HasPrefix(value, text)
	}
	return value == text
}
