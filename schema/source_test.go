package schema

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func testResolver(t *testing.T) *Resolver {
	t.Helper()
	resolver, err := NewResolver(&Site{
		ID:               "acme",
		Origins:          []string{"https://www.acme.example", "http://localhost:8080"},
		OwnDomains:       []string{"acme-shop.test"},
		IgnoredReferrers: []string{"pay.bank.test"},
		SourceHosts:      []SourceHost{{Host: "google.localhost", Source: "Google", Medium: "organic"}, {Host: "partner.test", Source: "partner a"}, {Host: "chat.localhost", Source: "chatgpt.com"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return resolver
}

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name                     string
		touch                    Touch
		source, medium, campaign string
		channel                  Channel
		domain                   string
	}{
		{"nothing is direct", Touch{LandingPage: "https://www.acme.example/"}, "(direct)", "(none)", "", ChannelDirect, ""},
		{"LinkedIn ad", Touch{UTMSource: "LinkedIn", UTMMedium: "cpc", UTMCampaign: "Spring Sale"}, "linkedin", "cpc", "spring sale", ChannelPaidSocial, ""},
		{"alias", Touch{UTMSource: "FB", UTMMedium: "paid_social"}, "facebook", "paid_social", "", ChannelPaidSocial, ""},
		{"host as source", Touch{UTMSource: "www.Facebook.com", UTMMedium: "social"}, "facebook", "social", "", ChannelOrganicSocial, ""},
		{"newsletter", Touch{UTMSource: "newsletter", UTMMedium: "email"}, "newsletter", "email", "", ChannelEmail, ""},
		{"own newsletter name", Touch{UTMSource: "march-mail", UTMMedium: "Newsletter"}, "march-mail", "newsletter", "", ChannelEmail, ""},
		{"UTM beats referrer, domain kept", Touch{UTMSource: "partner", UTMMedium: "referral", Referrer: "https://www.google.com/"}, "partner", "referral", "", ChannelReferral, "google.com"},
		{"gclid", Touch{Gclid: "Cj0K"}, "google", "cpc", "", ChannelPaidSearch, ""},
		{"gbraid", Touch{Gbraid: "0AAAA", Referrer: "https://www.google.com/"}, "google", "cpc", "", ChannelPaidSearch, "google.com"},
		{"msclkid", Touch{Msclkid: "x"}, "bing", "cpc", "", ChannelPaidSearch, ""},
		{"fbclid alone is no ad", Touch{Fbclid: "IwAR"}, "facebook", "social", "", ChannelOrganicSocial, ""},
		{"fbclid from Instagram", Touch{Fbclid: "IwAR", Referrer: "https://l.instagram.com/"}, "instagram", "social", "", ChannelOrganicSocial, "l.instagram.com"},
		{"auto-tagging with utm_source only", Touch{UTMSource: "google", Gclid: "x"}, "google", "cpc", "", ChannelPaidSearch, ""},
		{"shared ad link in a newsletter", Touch{UTMSource: "newsletter", Gclid: "x"}, "newsletter", "email", "", ChannelEmail, ""},
		{"search", Touch{Referrer: "https://www.google.co.uk/"}, "google", "organic", "", ChannelOrganicSearch, "google.co.uk"},
		{"docs is no search", Touch{Referrer: "https://docs.google.com/d/1"}, "docs.google.com", "referral", "", ChannelReferral, "docs.google.com"},
		{"social shim", Touch{Referrer: "https://lm.facebook.com/l.php"}, "facebook", "social", "", ChannelOrganicSocial, "lm.facebook.com"},
		{"video", Touch{Referrer: "https://m.youtube.com/watch?v=1"}, "youtube", "video", "", ChannelOrganicVideo, "m.youtube.com"},
		{"web mail", Touch{Referrer: "https://mail.google.com/"}, "gmail", "email", "", ChannelEmail, "mail.google.com"},
		{"AI by referrer", Touch{Referrer: "https://chatgpt.com/"}, "chatgpt", "ai", "", ChannelAIAssistants, "chatgpt.com"},
		{"AI by utm_source", Touch{UTMSource: "chatgpt.com"}, "chatgpt", "ai", "", ChannelAIAssistants, ""},
		{"AI inside a search host", Touch{Referrer: "https://gemini.google.com/app"}, "gemini", "ai", "", ChannelAIAssistants, "gemini.google.com"},
		{"app", Touch{Referrer: "android-app://com.linkedin.android/"}, "linkedin", "social", "", ChannelOrganicSocial, "com.linkedin.android"},
		{"unknown host", Touch{Referrer: "https://blog.somewhere.test/post"}, "blog.somewhere.test", "referral", "", ChannelReferral, "blog.somewhere.test"},
		{"own domain is no source", Touch{Referrer: "https://shop.acme.example/x"}, "(direct)", "(none)", "", ChannelDirect, ""},
		{"further own domain", Touch{Referrer: "https://eu.acme-shop.test/"}, "(direct)", "(none)", "", ChannelDirect, ""},
		{"a domain that only ends alike is foreign", Touch{Referrer: "https://notacme-shop.test/"}, "notacme-shop.test", "referral", "", ChannelReferral, "notacme-shop.test"},
		{"ignored referrer", Touch{Referrer: "https://x.pay.bank.test/back"}, "(direct)", "(none)", "", ChannelDirect, ""},
		{"payment is ignored by default", Touch{Referrer: "https://www.paypal.com/"}, "(direct)", "(none)", "", ChannelDirect, ""},
		{"ignored referrer with UTMs keeps the UTMs", Touch{UTMSource: "news", UTMMedium: "email", Referrer: "https://www.paypal.com/"}, "news", "email", "", ChannelEmail, ""},
		{"operator's host", Touch{Referrer: "http://google.localhost:8081/"}, "google", "organic", "", ChannelOrganicSearch, "google.localhost"},
		{"operator's host without medium", Touch{Referrer: "https://www.partner.test/"}, "partner a", "referral", "", ChannelReferral, "partner.test"},
		{"operator's host for a known source", Touch{Referrer: "http://chat.localhost/"}, "chatgpt", "ai", "", ChannelAIAssistants, "chat.localhost"},
		{"campaign without source", Touch{UTMCampaign: "X"}, "", "", "x", ChannelUnassigned, ""},
		{"campaign without source, with referrer", Touch{UTMCampaign: "X", Referrer: "https://bing.com/"}, "bing", "organic", "x", ChannelOrganicSearch, "bing.com"},
		{"double encoding", Touch{UTMSource: "a", UTMCampaign: "Fr%C3%BChling%202026"}, "a", "", "frühling 2026", ChannelUnassigned, ""},
		{"a bare per cent sign", Touch{UTMSource: "a", UTMCampaign: "50% off"}, "a", "", "50% off", ChannelUnassigned, ""},
		{"any language", Touch{UTMSource: "ΕΛΛΆΔΑ", UTMCampaign: "春のセール🌸"}, "ελλάδα", "", "春のセール🌸", ChannelUnassigned, ""},
		{"shopping", Touch{UTMSource: "google", UTMMedium: "cpc", UTMCampaign: "Shopping-DE"}, "google", "cpc", "shopping-de", ChannelPaidShopping, ""},
		{"a workshop is no shop", Touch{UTMSource: "google", UTMMedium: "cpc", UTMCampaign: "workshop"}, "google", "cpc", "workshop", ChannelPaidSearch, ""},
		{"display", Touch{UTMSource: "adnet", UTMMedium: "cpm"}, "adnet", "cpm", "", ChannelDisplay, ""},
		{"paid other", Touch{UTMSource: "trade-fair.test", UTMMedium: "ppc"}, "trade-fair.test", "ppc", "", ChannelPaidOther, ""},
		{"affiliate", Touch{UTMSource: "x-net", UTMMedium: "affiliate"}, "x-net", "affiliate", "", ChannelAffiliates, ""},
		{"sms", Touch{UTMSource: "promo", UTMMedium: "sms"}, "promo", "sms", "", ChannelSMS, ""},
		{"push", Touch{UTMSource: "app-x", UTMMedium: "web_push"}, "app-x", "web_push", "", ChannelPush, ""},
		{"a reserved word is tagged all the same, and GA4's Direct", Touch{UTMSource: "(Direct)", UTMMedium: "(none)"}, "direct", "none", "", ChannelDirect, ""},
		{"cross-network", Touch{UTMSource: "google", UTMMedium: "cpc", UTMCampaign: "cross-network"}, "google", "cpc", "cross-network", ChannelCrossNetwork, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			touch := c.touch
			testResolver(t).Resolve(&touch)
			got := []any{touch.Source, touch.Medium, touch.Campaign, touch.Channel, touch.ReferrerDomain}
			for i, want := range []any{c.source, c.medium, c.campaign, c.channel, c.domain} {
				if got[i] != want {
					t.Errorf("%s: got %q, want %q", []string{"source", "medium", "campaign", "channel", "referrer_domain"}[i], got[i], want)
				}
			}
			again := touch
			testResolver(t).ResolveStored(&again)
			if !reflect.DeepEqual(again, touch) {
				t.Errorf("resolving twice changes the touch: %+v, then %+v", touch, again)
			}
			if touch.UTMSource != c.touch.UTMSource || touch.UTMCampaign != c.touch.UTMCampaign {
				t.Error("the raw text was edited")
			}
		})
	}
}

func FuzzResolve(f *testing.F) {
	f.Add("google", "cpc", "https://www.google.com/", "%25%zz")
	f.Add("", "", "android-app://com.x", "İstanbul%20\xff")
	resolver, err := NewResolver(&Site{ID: "acme", Origins: []string{"https://acme.example"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, source, medium, referrer, campaign string) {
		touch := Touch{UTMSource: source, UTMMedium: medium, Referrer: referrer, UTMCampaign: campaign}
		resolver.Resolve(&touch)
		if touch.Channel == "" || touch.Direct() != (touch.Source == SourceDirect && touch.Channel == ChannelDirect) {
			t.Errorf("%+v: no channel, or direct is not what direct means", touch)
		}
		if len(touch.Source) > 1024 || len(touch.Campaign) > 1024 || len(touch.ReferrerDomain) > 255 {
			t.Errorf("unbounded: %d %d %d", len(touch.Source), len(touch.Campaign), len(touch.ReferrerDomain))
		}
	})
}

// The short ways for what nearly all hosts, values, ids and media are lead where the long ones do.
func FuzzShortWays(f *testing.F) {
	for _, text := range []string{"www.example.com", "xn--bcher-kva.example", "Example.COM.", "a..b", "-a.b-", "a--b.c", "www.", "1.2.3.4", "localhost",
		"spring sale", "Spring", "(direct)", "50%", "a\x7f", "paid-social", "cpc", "ppc", "re\ntargeting", "ﬁ", "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e",
		"00000000-0000-0000-0000-000000000000", "0198C5A05B7E7C3A9D0E3F2B1A4C5D6E", strings.Repeat("a", 64) + ".example"} {
		f.Add(text)
	}
	ga4 := regexp.MustCompile(`^(.*cp.*|ppc|retargeting|paid.*)$`)
	f.Fuzz(func(t *testing.T, text string) {
		if short, long := cleanHost(text), cleanAnyHost(text); short != long {
			t.Errorf("the host %q is %q, and the long way %q", text, short, long)
		}
		short, long := normalValue(text), normaliseAny(text)
		if short != long {
			t.Errorf("the value %q is %q, and the long way %q", text, short, long)
		}
		if paid, rule := paidMedium(long), ga4.MatchString(long); paid != rule {
			t.Errorf("medium %q: paid %v, by GA4's rule %v", long, paid, rule)
		}
		if id, err := uuid.Parse(text); canonicalUUID(text) && (err != nil || id.String() != text || id == uuid.Nil) {
			t.Errorf("%q passes for a UUID", text)
		}
	})
}
