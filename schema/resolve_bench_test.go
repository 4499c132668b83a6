package schema

import "testing"

// What the collector does with every touch: no server, no disk.
func BenchmarkResolve(b *testing.B) {
	resolver, err := NewResolver(&Site{ID: "acme", Origins: []string{"https://www.acme.example"}})
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		touch Touch
	}{
		{"utm", Touch{UTMSource: "LinkedIn", UTMMedium: "cpc", UTMCampaign: "Spring Sale", Referrer: "https://www.linkedin.com/", LandingPage: "https://www.acme.example/?utm_source=LinkedIn"}},
		{"click", Touch{Gclid: "Cj0KCQ", Referrer: "https://www.google.com/", LandingPage: "https://www.acme.example/?gclid=Cj0KCQ"}},
		{"search", Touch{Referrer: "https://www.google.de/", LandingPage: "https://www.acme.example/"}},
		{"unknown", Touch{Referrer: "https://blog.somewhere.test/post?id=1", LandingPage: "https://www.acme.example/"}},
		{"own", Touch{Referrer: "https://www.acme.example/a", LandingPage: "https://www.acme.example/b"}},
		{"direct", Touch{LandingPage: "https://www.acme.example/"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				touch := c.touch
				resolver.Resolve(&touch)
			}
		})
	}
}
