package browser

import (
	"testing"

	"github.com/headwater/headwater/snippet"
	"github.com/headwater/headwater/snippet/browser/engine"
)

// startUp measures the tasks of the script's start-up on fresh pages with three forms: the script itself, compiling included,
// and the filling of the forms; beside parsing 100 KB of JSON there. Clocks in pages are coarse, so the sums of many are
// compared. There is a referrer: the script probes for the registrable domain.
const startUp = `(async () => {
	const json = JSON.stringify(Array.from({length: 1000}, (_, n) => ({id: n, name: "a name of some length", values: [n, n / 3, "x".repeat(30)]})));
	const took = {start: 0, fill: 0, parse: 0, pages: 20, filled: 0};
	for (let n = 0; n < took.pages; n++) {
		const frame = document.createElement("iframe");
		frame.src = "/forms?utm_source=s" + n;
		await new Promise((resolve) => { frame.onload = resolve; document.body.append(frame); });
		const page = frame.contentWindow;
		const tag = page.document.createElement("script");
		tag.src = "/hw.js";
		tag.dataset.site = "acme";
		page.fetch = () => Promise.resolve(new Response(null, {status: 204}));
		Object.defineProperty(page.document, "currentScript", {value: tag});
		let fill;
		page.setTimeout = (later) => { fill = later; };
		let started = performance.now();
		new page.Function(script)();
		took.start += performance.now() - started;
		started = performance.now();
		fill();
		took.fill += performance.now() - started;
		started = performance.now();
		page.JSON.parse(json);
		took.parse += performance.now() - started;
		took.filled = page.document.querySelectorAll("[name^=hw_]").length;
		frame.remove();
	}
	return took;
})()`

// BenchmarkStartUp prints what the promise of no long task (under 5 ms) comes to on this machine; ratio is the longest task to the
// baseline of the same run.
func BenchmarkStartUp(b *testing.B) {
	for _, kind := range engine.Kinds {
		b.Run(kind.Name, func(b *testing.B) {
			s, tab := newSite(b, ""), newTab(b, start(b, kind))
			tab.open(s.page("/plain"))
			eval[bool](tab, `(window.script = `+literal16(string(snippet.Script()))+`, true)`)
			var pages, starting, filling, parsing float64
			for b.Loop() {
				took := eval[struct{ Start, Fill, Parse, Pages, Filled float64 }](tab, startUp)
				if took.Filled == 0 {
					b.Fatal("the script filled no form")
				}
				pages, starting, filling, parsing = pages+took.Pages, starting+took.Start, filling+took.Fill, parsing+took.Parse
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(starting/pages, "ms/start")
			b.ReportMetric(filling/pages, "ms/fill")
			b.ReportMetric(parsing/pages, "ms/100KB-of-JSON")
			b.ReportMetric(max(starting, filling)/parsing, "ratio")
		})
	}
}
