package schema

import (
	"regexp"
	"slices"
	"strings"
)

// Channel is the closed list of GA4's default channel group, plus AI Assistants. The collector computes it.
// Source of the names and rules: Google Analytics help, "Default channel group".
type Channel string

// The channels.
const (
	ChannelDirect          Channel = "Direct"
	ChannelCrossNetwork    Channel = "Cross-network"
	ChannelPaidShopping    Channel = "Paid Shopping"
	ChannelPaidSearch      Channel = "Paid Search"
	ChannelPaidSocial      Channel = "Paid Social"
	ChannelPaidVideo       Channel = "Paid Video"
	ChannelDisplay         Channel = "Display"
	ChannelPaidOther       Channel = "Paid Other"
	ChannelOrganicShopping Channel = "Organic Shopping"
	ChannelOrganicSocial   Channel = "Organic Social"
	ChannelOrganicVideo    Channel = "Organic Video"
	ChannelOrganicSearch   Channel = "Organic Search"
	ChannelReferral        Channel = "Referral"
	ChannelEmail           Channel = "Email"
	ChannelAffiliates      Channel = "Affiliates"
	ChannelAudio           Channel = "Audio"
	ChannelSMS             Channel = "SMS"
	ChannelPush            Channel = "Mobile Push Notifications"
	ChannelAIAssistants    Channel = "AI Assistants"
	ChannelUnassigned      Channel = "Unassigned"
)

// Channels lists every channel.
func Channels() []Channel {
	return []Channel{ChannelDirect, ChannelCrossNetwork, ChannelPaidShopping, ChannelPaidSearch, ChannelPaidSocial, ChannelPaidVideo,
		ChannelDisplay, ChannelPaidOther, ChannelOrganicShopping, ChannelOrganicSocial, ChannelOrganicVideo, ChannelOrganicSearch,
		ChannelReferral, ChannelEmail, ChannelAffiliates, ChannelAudio, ChannelSMS, ChannelPush, ChannelAIAssistants, ChannelUnassigned}
}

// tags are what the channel is told by, in their normal form.
type tags struct {
	source, medium, campaign string
	kind                     category // of the source
	adClick                  bool     // the link bears the click id of an ad in the source's own search network
}

// paidMedium is GA4's ^(.*cp.*|ppc|retargeting|paid.*)$, of a medium without line breaks.
func paidMedium(medium string) bool {
	return strings.Contains(medium, "cp") || medium == "ppc" || medium == "retargeting" || strings.HasPrefix(medium, "paid")
}

func displayMedium(medium string) bool {
	return oneOf(medium, "display", "banner", "expandable", "interstitial", "cpm")
}

// shopCampaign finds "shop" as a word's start, but not in "workshop".
var shopCampaign = regexp.MustCompile(`^(.*(([^a-df-z]|^)shop|shopping).*)$`)

// channel applies GA4's rules in GA4's order. Ours are: the click id of an ad makes a paid channel whatever the medium says, save
// display; AI Assistants, behind the paid channels; and, where GA4 has no answer left, a word for mail and an ad network's name.
func (t *tags) channel() channelRule {
	if t.source == "direct" && oneOf(t.medium, "", "none", "not set") {
		return channelByDirectWords
	}
	if strings.Contains(t.campaign, "cross-network") {
		return channelByCrossNetwork
	}
	shop := strings.Contains(t.campaign, "shop") && shopCampaign.MatchString(t.campaign)
	paid := paidMedium(t.medium)
	if paid || t.adClick && !displayMedium(t.medium) {
		if rule := t.paidChannel(shop, paid); rule != channelByNone {
			return rule
		}
	}
	switch {
	case displayMedium(t.medium):
		return channelByDisplayMedium
	case paid:
		return channelByPaidMedium
	}
	return t.organicChannel(shop)
}

// paidChannel knows the paid channels of the kinds of sources; shop tells of the campaign.
func (t *tags) paidChannel(shop, paid bool) channelRule {
	switch {
	case t.kind == categoryShopping:
		return channelByPaidShoppingSource
	case shop:
		return channelByPaidShoppingCampaign
	case t.kind == categorySearch && paid:
		return channelByPaidSearch
	case t.kind == categorySearch:
		return channelByAdClickSearch
	case t.kind == categorySocial:
		return channelByPaidSocial
	case t.kind == categoryVideo && paid:
		return channelByPaidVideo
	case t.kind == categoryVideo:
		return channelByAdClickVideo
	}
	return channelByNone
}

func (t *tags) organicChannel(shop bool) channelRule {
	switch {
	case t.kind == categoryAI:
		return channelByAISource
	case t.medium == "ai":
		return channelByAIMedium
	case t.kind == categoryShopping:
		return channelByShoppingSource
	case shop:
		return channelByShoppingCampaign
	case t.kind == categorySocial:
		return channelBySocialSource
	case oneOf(t.medium, "social", "social-network", "social-media", "sm", "social network", "social media"):
		return channelBySocialMedium
	case t.kind == categoryVideo:
		return channelByVideoSource
	case strings.Contains(t.medium, "video"):
		return channelByVideoMedium
	case t.kind == categorySearch:
		return channelBySearchSource
	case t.medium == "organic":
		return channelByOrganicMedium
	case oneOf(t.medium, "referral", "app", "link"):
		return channelByReferralMedium
	}
	return t.ownedChannel()
}

func (t *tags) ownedChannel() channelRule {
	switch {
	case isEmail(t.source):
		return channelByEmailSource
	case isEmail(t.medium):
		return channelByEmailMedium
	case oneOf(t.medium, "affiliate", "affiliates"):
		return channelByAffiliateMedium
	case t.medium == "audio":
		return channelByAudioMedium
	case t.source == "sms":
		return channelBySMSSource
	case t.medium == "sms":
		return channelBySMSMedium
	case strings.HasSuffix(t.medium, "push"), strings.Contains(t.medium, "mobile"), strings.Contains(t.medium, "notification"):
		return channelByPushMedium
	case t.source == "firebase":
		return channelByPushSource
	case t.kind == categoryEmail, mailWord(t.source), mailWord(t.medium):
		return channelByMailWord
	case t.kind == categoryDisplay:
		return channelByDisplaySource
	}
	return channelByNone
}

func isEmail(text string) bool { return oneOf(text, "email", "e-mail", "e_mail", "e mail") }

// mailWord finds what people call mailings beside GA4's four words: newsletter-uk, hs_email, emailing.
func mailWord(text string) bool {
	return strings.Contains(text, "newsletter") || strings.Contains(text, "mail") &&
		(strings.Contains(text, "email") || strings.Contains(text, "e-mail") || strings.Contains(text, "e_mail") || strings.Contains(text, "e mail"))
}

func oneOf(text string, list ...string) bool { return slices.Contains(list, text) }
