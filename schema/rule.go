package schema

import "sync"

// A touch's rule says why it is named as it is: what named its source, and behind " > " what chose its channel, as in
//
//	utm_source alias > social source, paid medium
//	referrer list > search source
//	utm_source + gclid > search source, ad click
//
// The words are stable: they are stored (column rule), and reports show them. README.md explains each.

// sourceRule is what named the source.
type sourceRule uint8

const (
	sourceNothing      sourceRule = iota // nothing was said: direct
	sourceOwnDomain                      // only a referrer on the site's own domain was there
	sourceIgnored                        // only a referrer that the site, or the list of sources, ignores
	sourceUnreadable                     // only a referrer that is no address of a page or an app
	sourceInApp                          // the app in which the page was open
	sourceUTM                            // utm_source, as it is
	sourceUTMAlias                       // utm_source, which the list of sources calls otherwise or knows the kind of
	sourceClick                          // a click id
	sourceReferrerHost                   // the referrer's host, which no list knows
	sourceReferrerList                   // the referrer, by the list of sources
	sourceReferrerApp                    // the app that a referrer names
	sourceUnnamed                        // tagged, but with no source
	sourceSiteRule                       // a rule of the site
	sourceRuleCount
)

var sourceRuleTexts = [sourceRuleCount]string{
	sourceNothing: "nothing", sourceOwnDomain: "own domain", sourceIgnored: "ignored referrer", sourceUnreadable: "unreadable referrer",
	sourceInApp: "in-app browser", sourceUTM: "utm_source", sourceUTMAlias: "utm_source list", sourceClick: "click_id",
	sourceReferrerHost: "referrer host", sourceReferrerList: "referrer list", sourceReferrerApp: "referrer app",
	sourceUnnamed: "no source", sourceSiteRule: "site rule",
}

// channelRule is what chose the channel: a rule of GA4's default channel group unless it is said to be ours.
type channelRule uint8

const (
	channelByDirect channelRule = iota
	channelByDirectWords
	channelByCrossNetwork
	channelByPaidShoppingSource
	channelByPaidShoppingCampaign
	channelByPaidSearch
	channelByPaidSocial
	channelByPaidVideo
	channelByAdClickSearch
	channelByAdClickVideo
	channelByDisplayMedium
	channelByPaidMedium
	channelByAISource
	channelByAIMedium
	channelByShoppingSource
	channelByShoppingCampaign
	channelBySocialSource
	channelBySocialMedium
	channelByVideoSource
	channelByVideoMedium
	channelBySearchSource
	channelByOrganicMedium
	channelByReferralMedium
	channelByEmailSource
	channelByEmailMedium
	channelByAffiliateMedium
	channelByAudioMedium
	channelBySMSSource
	channelBySMSMedium
	channelByPushMedium
	channelByPushSource
	channelByMailWord
	channelByDisplaySource
	channelBySiteRule
	channelByNone
	channelRuleCount
)

var channelRules = [channelRuleCount]struct {
	text    string
	channel Channel // "" where the rule of a site says
}{
	channelByDirect:               {"direct", ChannelDirect},
	channelByDirectWords:          {"direct source and medium", ChannelDirect},
	channelByCrossNetwork:         {"cross-network campaign", ChannelCrossNetwork},
	channelByPaidShoppingSource:   {"shopping source, paid medium", ChannelPaidShopping},
	channelByPaidShoppingCampaign: {"shopping campaign, paid medium", ChannelPaidShopping},
	channelByPaidSearch:           {"search source, paid medium", ChannelPaidSearch},
	channelByPaidSocial:           {"social source, paid medium", ChannelPaidSocial},
	channelByPaidVideo:            {"video source, paid medium", ChannelPaidVideo},
	channelByAdClickSearch:        {"search source, ad click", ChannelPaidSearch},
	channelByAdClickVideo:         {"video source, ad click", ChannelPaidVideo},
	channelByDisplayMedium:        {"display medium", ChannelDisplay},
	channelByPaidMedium:           {"paid medium", ChannelPaidOther},
	channelByAISource:             {"ai source", ChannelAIAssistants},
	channelByAIMedium:             {"ai medium", ChannelAIAssistants},
	channelByShoppingSource:       {"shopping source", ChannelOrganicShopping},
	channelByShoppingCampaign:     {"shopping campaign", ChannelOrganicShopping},
	channelBySocialSource:         {"social source", ChannelOrganicSocial},
	channelBySocialMedium:         {"social medium", ChannelOrganicSocial},
	channelByVideoSource:          {"video source", ChannelOrganicVideo},
	channelByVideoMedium:          {"video medium", ChannelOrganicVideo},
	channelBySearchSource:         {"search source", ChannelOrganicSearch},
	channelByOrganicMedium:        {"organic medium", ChannelOrganicSearch},
	channelByReferralMedium:       {"referral medium", ChannelReferral},
	channelByEmailSource:          {"email source", ChannelEmail},
	channelByEmailMedium:          {"email medium", ChannelEmail},
	channelByAffiliateMedium:      {"affiliate medium", ChannelAffiliates},
	channelByAudioMedium:          {"audio medium", ChannelAudio},
	channelBySMSSource:            {"sms source", ChannelSMS},
	channelBySMSMedium:            {"sms medium", ChannelSMS},
	channelByPushMedium:           {"push medium", ChannelPush},
	channelByPushSource:           {"push source", ChannelPush},
	channelByMailWord:             {"mail word", ChannelEmail},
	channelByDisplaySource:        {"display source", ChannelDisplay},
	channelBySiteRule:             {"site rule", ""},
	channelByNone:                 {"none", ChannelUnassigned},
}

// ruleTexts holds every rule but those of sites, so that naming a touch makes no new text.
var ruleTexts = sync.OnceValue(func() *[sourceRuleCount][clickCount][channelRuleCount]string {
	texts := new([sourceRuleCount][clickCount][channelRuleCount]string)
	for source := range sourceRuleCount {
		for click := range clickCount {
			for channel := range channelRuleCount {
				texts[source][click][channel] = sourceText(source, click) + " > " + channelRules[channel].text
			}
		}
	}
	return texts
})

func sourceText(source sourceRule, click clickID) string {
	switch {
	case click == clickNone:
		return sourceRuleTexts[source]
	case source == sourceClick:
		return "click_id " + clickNetworks[click].name
	}
	return sourceRuleTexts[source] + " + " + clickNetworks[click].name
}
