package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/snippet"
	"github.com/headwater/headwater/snippet/browser/engine"
)

// bundleUnit makes a script of the tests in snippet/unit, which says what they came to as the global unit.
func bundleUnit(t *testing.T) string {
	t.Helper()
	fields := fmt.Sprintf("export const version = %q, parameters = %q, longest = %d;",
		snippet.Version, strings.Join(parameterNames()[len(customParameters):], " "), longestText)
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{"../unit/pure.test.ts"}, Bundle: true, Format: api.FormatIIFE, GlobalName: "unit", Target: api.ES2018,
		Charset: api.CharsetASCII,
		Plugins: []api.Plugin{{Name: "fields", Setup: func(build api.PluginBuild) {
			build.OnResolve(api.OnResolveOptions{Filter: "^headwater:fields$"}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
				return api.OnResolveResult{Path: args.Path, Namespace: "fields"}, nil
			})
			build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "fields"}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
				return api.OnLoadResult{Contents: &fields, Loader: api.LoaderJS}, nil
			})
		}}},
	})
	for _, message := range result.Errors {
		t.Fatalf("bundle snippet/unit: %s: %s", message.Location.File, message.Text)
	}
	return string(result.OutputFiles[0].Contents)
}

func TestPureFunctions(t *testing.T) {
	script := bundleUnit(t)
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newSite(t, ""), newTab(t, e)
		b.open(s.page("/plain"))
		results := eval[map[string]string](b, `(window.tag = Object.assign(document.createElement("script"), {src: "/hw.js"}),
			tag.dataset.site = "acme", tag.dataset.parameters = "ref, partner_id",
			window.unit = new Function("document", `+literal16(script)+` + "; return unit")({currentScript: tag}), unit.results)`)
		for name, problem := range results {
			if problem != "" {
				t.Errorf("%s: %s", name, problem)
			}
		}
		if len(results) == 0 {
			t.Error("no test ran")
		}
		// What the page takes for an id is one for the collector: else a record would be refused for it.
		for _, text := range []string{"0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e", "0198c5a05b7e7c3a9d0e3f2b1a4c5d6e", "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e-",
			"0198-c5a0-5b7e-7c3a-9d0e-3f2b-1a4c-5d6e", "ffffffff-ffff-ffff-ffff-ffffffffffff"} {
			known := eval[string](b, `unit.knownID(`+quote(text)+`)`)
			if _, err := schema.ParseUUID("visitor_id", known); known != "" && err != nil {
				t.Errorf("the page takes %q for an id, the collector says %v", text, err)
			}
		}
	})
}
