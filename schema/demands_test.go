package schema

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// resolved returns the touch as testResolver resolves it.
func resolved(t *testing.T, touch Touch) Touch {
	t.Helper()
	testResolver(t).Resolve(&touch)
	return touch
}

// Demand 16: variants of case and spelling are one source, by an alias table; the raw text stays, and click ids are never
// touched.
func TestDemand16_VariantsAreOneSource(t *testing.T) {
	for want, variants := range map[string][]string{
		"facebook": {"facebook", "Facebook", "FACEBOOK", "fb", "FB", " fb ", "facebook.com", "www.facebook.com", "m.facebook.com", "fb.com", "Facebook%2Ecom"},
		"linkedin": {"linkedin", "LinkedIn", "LINKEDIN", "linkedin.com", "lnkd.in", "www.LinkedIn.com"},
		"google":   {"google", "Google", "google.com", "www.google.com"},
		"twitter":  {"twitter", "Twitter", "x.com", "t.co", "twitter.com"},
		"chatgpt":  {"chatgpt", "ChatGPT", "chatgpt.com", "chat.openai.com", "openai"},
	} {
		for _, variant := range variants {
			got := resolved(t, Touch{UTMSource: variant, Gclid: "aBcD-_e"})
			if got.Source != want {
				t.Errorf("utm_source %q is %q, not %q", variant, got.Source, want)
			}
			if got.UTMSource != variant || got.Gclid != "aBcD-_e" {
				t.Errorf("the raw text %q became %q, the click id %q", variant, got.UTMSource, got.Gclid)
			}
		}
	}
	got := resolved(t, Touch{UTMSource: "News", UTMMedium: "E-Mail", UTMCampaign: "Spring  SALE", UTMTerm: "CRM", UTMContent: "Blue", UTMID: "ID-Aa"})
	if got.Medium != "e-mail" || got.Campaign != "spring sale" || got.Term != "crm" || got.Content != "blue" {
		t.Errorf("resolved as %q %q %q %q", got.Medium, got.Campaign, got.Term, got.Content)
	}
	if got.UTMMedium != "E-Mail" || got.UTMCampaign != "Spring  SALE" || got.UTMTerm != "CRM" || got.UTMContent != "Blue" || got.UTMID != "ID-Aa" {
		t.Errorf("the raw text was edited: %+v", got)
	}
}

// Demand 18: all of Google's click ids are kept side by side, and each alone names Google.
func TestDemand18_GoogleClickIDs(t *testing.T) {
	all := Touch{Gclid: "G", Gbraid: "B", Wbraid: "W", Dclid: "D"}
	if got := resolved(t, all); got.Gclid+got.Gbraid+got.Wbraid+got.Dclid != "GBWD" || got.Source != "google" || got.Medium != "cpc" {
		t.Errorf("all at once: %+v", got)
	}
	for _, touch := range []Touch{{Gclid: "G"}, {Gbraid: "B"}, {Wbraid: "W"}} {
		if got := resolved(t, touch); got.Source != "google" || got.Medium != "cpc" || got.Channel != ChannelPaidSearch {
			t.Errorf("%+v is %s / %s / %s", touch, got.Source, got.Medium, got.Channel)
		}
	}
}

// Each click id names its network where the UTMs say nothing; where they do, they win.
func TestClickIDsNameTheirNetwork(t *testing.T) {
	for _, c := range []struct {
		name           string
		touch          Touch
		source, medium string
		channel        Channel
	}{
		{"dclid", Touch{Dclid: "x"}, "google", "display", ChannelDisplay},
		{"epik", Touch{Epik: "x"}, "pinterest", "cpc", ChannelPaidSocial},
		{"rdt_cid", Touch{RdtCid: "x"}, "reddit", "cpc", ChannelPaidSocial},
		{"sccid", Touch{ScCid: "x"}, "snapchat", "cpc", ChannelPaidSocial},
		{"yclid", Touch{Yclid: "x"}, "yandex", "cpc", ChannelPaidSearch},
		{"yclid of Yahoo Japan", Touch{Yclid: "x", Referrer: "https://search.yahoo.co.jp/search"}, "yahoo", "cpc", ChannelPaidSearch},
		{"yclid with Yahoo's name", Touch{Yclid: "x", UTMSource: "yahoo"}, "yahoo", "cpc", ChannelPaidSearch},
		{"dclid beside gclid", Touch{Dclid: "x", Gclid: "y"}, "google", "cpc", ChannelPaidSearch},
		{"dclid with the network's name", Touch{Dclid: "x", UTMSource: "google"}, "google", "display", ChannelDisplay},
		{"the medium is tagged", Touch{Dclid: "x", UTMSource: "google", UTMMedium: "cpc"}, "google", "cpc", ChannelPaidSearch},
		{"the medium alone is tagged", Touch{Epik: "x", UTMMedium: "social"}, "pinterest", "social", ChannelOrganicSocial},
		{"an ad's link in a newsletter", Touch{RdtCid: "x", UTMSource: "newsletter"}, "newsletter", "email", ChannelEmail},
		{"a click id beats the referrer", Touch{ScCid: "x", Referrer: "https://www.google.com/"}, "snapchat", "cpc", ChannelPaidSocial},
		{"and an app", Touch{Epik: "x", Referrer: "android-app://com.linkedin.android/"}, "pinterest", "cpc", ChannelPaidSocial},
		{"fbclid beside another", Touch{Fbclid: "x", RdtCid: "y"}, "reddit", "cpc", ChannelPaidSocial},
	} {
		if c.touch.Direct() || !c.touch.Tagged() {
			t.Errorf("%s: is called direct", c.name)
		}
		if got := resolved(t, c.touch); got.Source != c.source || got.Medium != c.medium || got.Channel != c.channel {
			t.Errorf("%s: %s / %s / %s, not %s / %s / %s", c.name, got.Source, got.Medium, got.Channel, c.source, c.medium, c.channel)
		}
	}
}

// Demand 19: AI assistants are one channel, by the referrer, by utm_source as ChatGPT and others add it, and by their apps.
func TestDemand19_AIAssistants(t *testing.T) {
	for want, touches := range map[string][]Touch{
		"chatgpt": {{Referrer: "https://chatgpt.com/"}, {Referrer: "https://chat.openai.com/"}, {UTMSource: "chatgpt.com"},
			{UTMSource: "chatgpt.com", Referrer: "https://chatgpt.com/c/1"}, {UTMSource: "ChatGPT"}, {Referrer: "android-app://com.openai.chatgpt/"},
			{UTMSource: "chatgpt.com", UTMMedium: "referral"}, {UTMSource: "openai"}},
		"perplexity": {{Referrer: "https://www.perplexity.ai/search/x"}, {UTMSource: "perplexity"}, {UTMSource: "perplexity.ai"}, {Referrer: "android-app://ai.perplexity.app.android/"}},
		"gemini":     {{Referrer: "https://gemini.google.com/app"}, {UTMSource: "gemini"}, {UTMSource: "gemini.google.com"}},
		"copilot":    {{Referrer: "https://copilot.microsoft.com/"}, {UTMSource: "copilot.com"}, {Referrer: "https://edgeservices.bing.com/"}, {UTMSource: "copilot"}},
		"claude":     {{Referrer: "https://claude.ai/"}, {UTMSource: "claude.ai"}, {UTMSource: "Claude"}},
		"you.com":    {{Referrer: "https://you.com/search?q=x"}, {UTMSource: "you.com"}},
		"mistral":    {{Referrer: "https://chat.mistral.ai/chat"}, {UTMSource: "mistral"}, {UTMSource: "chat.mistral.ai"}},
		"deepseek":   {{Referrer: "https://chat.deepseek.com/"}, {UTMSource: "deepseek"}},
		"grok":       {{Referrer: "https://grok.com/"}, {UTMSource: "grok"}, {UTMSource: "grok.com"}},
		"meta-ai":    {{Referrer: "https://www.meta.ai/"}, {UTMSource: "meta.ai"}},
		"poe":        {{Referrer: "https://poe.com/"}},
		"phind":      {{Referrer: "https://www.phind.com/"}},
	} {
		for _, touch := range touches {
			if got := resolved(t, touch); got.Source != want || got.Channel != ChannelAIAssistants {
				t.Errorf("%q %q is %s in %s, not %s", touch.UTMSource, touch.Referrer, got.Source, got.Channel, want)
			}
		}
	}
	if got := resolved(t, Touch{UTMSource: "perplexity", UTMMedium: "cpc"}); got.Channel == ChannelAIAssistants {
		t.Error("a paid placement in an assistant is a paid channel")
	}
}

// Demand 20: an app that opens a link names itself by its package id, which is kept as it is; the list that knows such ids
// is sources.csv, which anybody may replace, and an id that it does not know is its own source.
func TestDemand20_Apps(t *testing.T) {
	for _, c := range []struct{ referrer, domain, source, medium string }{
		{"android-app://com.google.android.gm/", "com.google.android.gm", "gmail", "email"},
		{"android-app://com.google.android.gm", "com.google.android.gm", "gmail", "email"},
		{"android-app://com.linkedin.android/", "com.linkedin.android", "linkedin", "social"},
		{"android-app://com.Slack/", "com.slack", "slack", "social"},
		{"android-app://com.google.android.googlequicksearchbox/https/www.google.com", "com.google.android.googlequicksearchbox", "google", "organic"},
		{"android-app://com.microsoft.office.outlook/", "com.microsoft.office.outlook", "outlook", "email"},
		{"android-app://org.telegram.messenger/", "org.telegram.messenger", "telegram", "social"},
		{"android-app://com.example.unknown_app/", "com.example.unknown_app", "com.example.unknown_app", "referral"},
		{"ANDROID-APP://com.twitter.android/", "com.twitter.android", "twitter", "social"},
		{"ios-app://com.example.reader/x", "com.example.reader", "com.example.reader", "referral"},
		// Package ids are no hosts: nothing is read into their ends.
		{"android-app://app.t.me/", "app.t.me", "app.t.me", "referral"},
		{"android-app://com.paypal.com/", "com.paypal.com", "com.paypal.com", "referral"},
		{"android-app://shop.acme.example/", "shop.acme.example", "shop.acme.example", "referral"},
	} {
		got := resolved(t, Touch{Referrer: c.referrer})
		if got.ReferrerDomain != c.domain || got.Source != c.source || got.Medium != c.medium || got.Referrer != c.referrer {
			t.Errorf("%s is %q from %q by %q, kept as %q", c.referrer, got.Source, got.ReferrerDomain, got.Medium, got.Referrer)
		}
	}
	own, err := NewResolver(&Site{ID: "a", IgnoredReferrers: []string{"com.acme.app"}, SourceHosts: []SourceHost{{Host: "com.partner.app", Source: "partner"}}})
	if err != nil {
		t.Fatal(err)
	}
	ignored, named := Touch{Referrer: "android-app://com.acme.app/"}, Touch{Referrer: "android-app://com.partner.app/"}
	own.Resolve(&ignored)
	own.Resolve(&named)
	if ignored.Source != SourceDirect || named.Source != "partner" {
		t.Errorf("the site's own rules for apps: %q, %q", ignored.Source, named.Source)
	}
}

// userAgents of browsers inside apps, and of browsers that are in none.
var userAgents = map[string]string{
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22B83 [FBAN/FBIOS;FBAV/488.0.0.70.83;FBBV/661162532]":                                      "facebook",
	"Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/489.0.0.0.1;]":                            "facebook",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22B83 [FBAN/MessengerForiOS;FBAV/480.0.0.1;]":                                              "messenger",
	"Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0.0.0 Mobile Safari/537.36 [FB_IAB/Orca-Android;FBAV/480.0;]":                                   "messenger",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22B83 Instagram 355.0.0.41 (iPhone14,5; iOS 18_1; en_US)":                                  "instagram",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22B83 Barcelona 355.0.0.41 (iPhone14,5; iOS 18_1; en_US) Instagram 355.0":                  "threads",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.30.1234":                                                            "linkedin",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22B83 musical_ly_36.5.0 JsSdk/2.0 NetType/WIFI Channel/App Store BytedanceWebview/d8a21c6": "tiktok",
	"Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0 Mobile Safari/537.36 trill_360500 BytedanceWebview/d8a21c6":                                   "tiktok",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22B83 [Pinterest/iOS]":                                                                     "pinterest",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Snapchat/13.10.0.40 (like Safari/8619.2.8.10.9, panda)":                "snapchat",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari Line/14.17.0":                                                                "line",
	"Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0 Mobile Safari/537.36 XWEB/1260 MicroMessenger/8.0.50.2701(0x28003253) WeChat/arm64":           "wechat",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22B83 Twitter for iPhone/10.64":                                                            "twitter",
	"Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0 Mobile Safari/537.36 TwitterAndroid":                                                          "twitter",

	"": "",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15":                                         "",
	"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0":                                                                                        "",
	"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36":                                               "",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/342.0.693598186 Mobile/15E148 Safari/604.1":                "", // people type addresses there
	"Mozilla/5.0 (compatible; Pinterestbot/1.0; +http://www.pinterest.com/bot.html)":                                                                                "",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0 SomeOnLine/1 Pipeline/2 FbAnt/3": "",
}

// Demand 20: the marks of in-app browsers, as a last resort.
func TestDemand20_InAppBrowsers(t *testing.T) {
	for userAgent, want := range userAgents {
		if got := AppOf(userAgent); got != want {
			t.Errorf("%q is of %q, not %q", userAgent, got, want)
		}
	}
	for _, app := range appMarks() {
		if BuiltInSources().kind(app.source) == "" {
			t.Errorf("apps.csv: sources.csv knows no source %q", app.source)
		}
	}
	for _, c := range []struct {
		name           string
		touch          Touch
		source, medium string
		channel        Channel
	}{
		{"nothing else", Touch{LandingPage: "https://www.acme.example/"}, "instagram", MediumInApp, ChannelOrganicSocial},
		{"a custom parameter", Touch{Parameters: map[string]string{"ref": "a"}}, "instagram", MediumInApp, ChannelOrganicSocial},
		{"utm_source", Touch{UTMSource: "newsletter"}, "newsletter", "email", ChannelEmail},
		{"utm_campaign alone", Touch{UTMCampaign: "x"}, "", "", ChannelUnassigned},
		{"utm_id alone", Touch{UTMID: "x"}, "", "", ChannelUnassigned},
		{"a click id", Touch{Gclid: "x"}, "google", "cpc", ChannelPaidSearch},
		{"a referrer", Touch{Referrer: "https://www.google.com/"}, "google", "organic", ChannelOrganicSearch},
		{"an unknown referrer", Touch{Referrer: "https://blog.test/"}, "blog.test", "referral", ChannelReferral},
		{"the site's own page", Touch{Referrer: "https://www.acme.example/a"}, SourceDirect, MediumNone, ChannelDirect},
		{"an ignored referrer", Touch{Referrer: "https://www.paypal.com/"}, SourceDirect, MediumNone, ChannelDirect},
	} {
		touch := c.touch
		testResolver(t).ResolveInApp(&touch, "instagram")
		if touch.Source != c.source || touch.Medium != c.medium || touch.Channel != c.channel {
			t.Errorf("%s: %s / %s / %s, not %s / %s / %s", c.name, touch.Source, touch.Medium, touch.Channel, c.source, c.medium, c.channel)
		}
		if touch.UTMSource != c.touch.UTMSource || touch.UTMMedium != c.touch.UTMMedium || touch.ReferrerDomain == "instagram" {
			t.Errorf("%s: the app was written into the raw fields", c.name)
		}
		browser := c.touch
		testResolver(t).ResolveInApp(&browser, "")
		if want := resolved(t, c.touch); browser.Source != want.Source || browser.Medium != want.Medium {
			t.Errorf("%s: in no app it is %q, not %q", c.name, browser.Source, want.Source)
		}
	}
	if got := resolved(t, Touch{UTMMedium: MediumInApp, UTMSource: "x"}); got.Medium == MediumInApp {
		t.Error("a link can be tagged with the word for in-app browsers")
	}
}

// Custom parameters are information beside the source: they change nothing of it, and their number and size are bounded.
func TestParameters(t *testing.T) {
	touch := Touch{Parameters: map[string]string{"ref": "google", "partner_id": "cpc"}}
	if got := resolved(t, touch); !got.Direct() || got.Source != SourceDirect || len(got.Parameters) != 2 {
		t.Errorf("custom parameters alone: %+v", got)
	}
	record := TouchRecord{Touch: Touch{Parameters: map[string]string{"long": strings.Repeat("ä", 400), "broken": "a\x00\xff"}}}
	for i := range 30 {
		record.Parameters["n"+string(rune('a'+i))] = "x"
	}
	Bound(&record)
	if len(record.Parameters) != MaxParameters {
		t.Errorf("%d parameters", len(record.Parameters))
	}
	if long := record.Parameters["long"]; len(long) != 512 || !utf8.ValidString(long) || record.Parameters["broken"] != "a\uFFFD" {
		t.Errorf("cut to %d bytes, %q", len(long), record.Parameters["broken"])
	}
	sent := Submission{FirstTouch: Touch{Parameters: map[string]string{"ref": strings.Repeat("x", 600)}}}
	Bound(&sent)
	if len(sent.FirstTouch.Parameters["ref"]) != 512 {
		t.Error("a touch inside a submission is not bounded")
	}
	for name, ok := range map[string]bool{
		"ref": true, "partner_id": true, "a.b-c": true, "0": true, strings.Repeat("a", 64): true,
		"": false, "Ref": false, "a b": false, "ü": false, strings.Repeat("a", 65): false, "a[]": false,
		"utm_source": false, "utm_id": false, "gclid": false, "sccid": false, "landing_page": false, "referrer": false, "source": false,
		"visitor_id": false, "submission_id": false, "page": false, "site": false, "site_id": false, "hw_link": false, "hw_x": false, "parameters": false,
	} {
		if err := CheckParameter(name); (err == nil) != ok {
			t.Errorf("CheckParameter(%q): %v", name, err)
		}
	}
}
