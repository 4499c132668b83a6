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

// paidMedium is GA4's ^(.*cp.*|ppc|retargeting|paid.*)$, of a medium without line breaks.
func paidMedium(medium string) bool {
	return strings.Contains(medium, "cp") || medium == "ppc" || medium == "retargeting" || strings.HasPrefix(medium, "paid")
}

// shopCampaign finds "shop" as a word's start, but not in "workshop".
var shopCampaign = regexp.MustCompile(`^(.*(([^a-df-z]|^)shop|shopping).*)$`)

// channelOf applies GA4's rules in GA4's order to resolved (lower-case) values. Two additions of ours: AI Assistants,
// after the paid channels; and "newsletter" counts as e-mail.
func channelOf(source, medium, campaign string, kind category) Channel {
	if strings.Contains(campaign, "cross-network") {
		return ChannelCrossNetwork
	}
	shop := kind == categoryShopping || strings.Contains(campaign, "shop") && shopCampaign.MatchString(campaign)
	paid := paidMedium(medium)
	if paid {
		if channel := paidChannel(kind, shop); channel != "" {
			return channel
		}
	}
	if kind == categoryDisplay || oneOf(medium, "display", "banner", "expandable", "interstitial", "cpm") {
		return ChannelDisplay
	}
	if paid {
		return ChannelPaidOther
	}
	return organicChannel(source, medium, kind, shop)
}

func paidChannel(kind category, shop bool) Channel {
	switch {
	case shop:
		return ChannelPaidShopping
	case kind == categorySearch:
		return ChannelPaidSearch
	case kind == categorySocial:
		return ChannelPaidSocial
	case kind == categoryVideo:
		return ChannelPaidVideo
	}
	return ""
}

func organicChannel(source, medium string, kind category, shop bool) Channel {
	switch {
	case kind == categoryAI, medium == "ai":
		return ChannelAIAssistants
	case shop:
		return ChannelOrganicShopping
	case kind == categorySocial, oneOf(medium, "social", "social-network", "social-media", "sm", "social network", "social media"):
		return ChannelOrganicSocial
	case kind == categoryVideo, strings.Contains(medium, "video"):
		return ChannelOrganicVideo
	case kind == categorySearch, medium == "organic":
		return ChannelOrganicSearch
	case oneOf(medium, "referral", "app", "link"):
		return ChannelReferral
	case kind == categoryEmail, isEmail(source), isEmail(medium):
		return ChannelEmail
	case oneOf(medium, "affiliate", "affiliates"):
		return ChannelAffiliates
	case medium == "audio":
		return ChannelAudio
	case source == "sms", medium == "sms":
		return ChannelSMS
	case strings.HasSuffix(medium, "push"), strings.Contains(medium, "mobile"), strings.Contains(medium, "notification"), source == "firebase":
		return ChannelPush
	}
	return ChannelUnassigned
}

func isEmail(text string) bool {
	return oneOf(text, "email", "e-mail", "e_mail", "e mail", "newsletter")
}

func oneOf(text string, list ...string) bool { return slices.Contains(list, text) }
