package browser

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/snippet/browser/engine"
)

// address is one case of schema/testdata/urls.json: what a URL, and where the visitor came from, make of a touch. Fields
// that want leaves out are empty. The collector reads the same file.
type address struct {
	Name     string            `json:"name"`
	URL      string            `json:"url"`
	Referrer string            `json:"referrer"`
	Fragment bool              `json:"fragment"` // it is about the fragment, which servers are not sent
	Want     map[string]string `json:"want"`
}

// The domain of the corpus; the test puts the site in its place.
const corpusOrigin = "https://www.shop.example"

// Demands 16 and 17 among others: names in any case, click ids as they are, fragments.
func TestDemand17_Addresses(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		content, err := os.ReadFile("../../schema/testdata/urls.json")
		if err != nil {
			t.Fatal(err)
		}
		var addresses []address
		if err := json.Unmarshal(content, &addresses); err != nil {
			t.Fatal(err)
		}
		s, b := newSite(t, ""), newTab(t, e)
		for n, a := range addresses {
			t.Run(a.Name, func(t *testing.T) {
				b.t, s.t = t, t
				// Each case is a visitor's first.
				b.open(s.page("/plain"))
				eval[bool](b, `localStorage.clear(), document.cookie = "hw=;max-age=0;path=/;domain=shop.example", true`)
				target := strings.Replace(a.URL, corpusOrigin+"/", s.page("/landing"), 1)
				if a.Referrer == "" {
					b.open(target)
				} else {
					b.openFrom(a.Referrer, target)
				}
				touch := s.touches(n + 1)[n]
				for _, field := range schema.Fields(schema.Touch{}) {
					if field.By != "browser" || field.Max == 0 || field.Name == "landing_page" {
						continue
					}
					wantField(t, touch, field.Name, a.Want[field.Name])
				}
			})
		}
	})
}
