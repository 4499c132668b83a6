package schema

import (
	"regexp"
	"strings"
	"testing"
)

// browsers are User-Agent headers of people, and of programs by which a site may pass its forms on.
var browsers = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.2903.51",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
	"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36 OPR/86.0.0.0",
	"Mozilla/5.0 (Linux; U; Android 13; en-us; Redmi Note 12) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/112.0 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.9.1",
	"Mozilla/5.0 (Linux; Android 14; SM-S918B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.6778.39 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/491.0.0.64.79;]",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21G93 Instagram 357.0.0.25.104 (iPhone15,2; iOS 17_6)",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21G93 [LinkedInApp]/9.30",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [Pinterest/iOS]",
	"Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0 Mobile Safari/537.36 Snapchat/13.1 (like Safari/8614)",
	"Mozilla/5.0 (Linux; Android 13; wv) AppleWebKit/537.36 Chrome/116 Mobile Safari/537.36 BytedanceWebview/d8a21c6 musical_ly_2023",
	"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Electron/33 Chrome/130 Safari/537.36 Slack/4.41",
	"Mozilla/5.0 (CrKey armv7l 1.5.16041) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90 Safari/537.36",
	"Go-http-client/1.1", "curl/8.5.0", "python-requests/2.32.3", "axios/1.7.7", "node", "undici", "okhttp/4.12.0", "GuzzleHttp/7", "WordPress/6.7; https://www.example.com",
	"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36",
	"Amazon CloudFront", "Zapier", "Java/17.0.2", "Apache-HttpClient/4.5.14 (Java/17.0.9)", "",
}

var bots = []string{
	"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
	"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
	"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
	"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
	"Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
	"Scrapy/2.11.2 (+https://scrapy.org)", "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
	"Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)", "sqlmap/1.8#stable (https://sqlmap.org)", "BW/1.3",
}

func TestBot(t *testing.T) {
	for _, text := range browsers {
		if Bot(text) {
			t.Errorf("a bot: %s", text)
		}
	}
	for _, text := range bots {
		if !Bot(text) {
			t.Errorf("no bot: %s", text)
		}
	}
}

// TestBotIndexMissesNothing holds the index against the plain patterns, one after the other.
func TestBotIndexMissesNothing(t *testing.T) {
	var patterns []*regexp.Regexp
	for line := range strings.Lines(botsText) {
		if line = strings.TrimRight(line, "\n"); line != "" && line[0] != '#' {
			patterns = append(patterns, regexp.MustCompile(line))
		}
	}
	if len(patterns) < 1000 || len(botMarks().others) > 5 {
		t.Fatalf("%d patterns, %d of them without a literal", len(patterns), len(botMarks().others))
	}
	plain := func(text string) bool {
		for _, pattern := range patterns {
			if pattern.MatchString(text) {
				return true
			}
		}
		return false
	}
	var texts []string
	for _, literals := range botMarks().byKey {
		for _, literal := range literals {
			texts = append(texts, literal.text)
		}
	}
	for i, text := range texts {
		if i%7 == 0 { // each costs 1,500 searches
			for _, around := range []string{text, "Mozilla/5.0 (compatible; " + text + "1.0)", text[:len(text)-1]} {
				if Bot(around) != plain(around) {
					t.Errorf("Bot(%q) is %t", around, Bot(around))
				}
			}
		}
	}
}

func TestBotLooksAtTheStartOnly(t *testing.T) {
	if Bot(strings.Repeat("x", maxUserAgent) + "Googlebot/2.1") {
		t.Error("what stands after 512 bytes is looked at")
	}
}

func BenchmarkBot(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Bot(browsers[0])
	}
}
