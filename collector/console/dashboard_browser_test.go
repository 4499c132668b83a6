package console

import (
	"bufio"
	"bytes"
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/browser"
)

// maxPageBytes bounds what the dashboard loads, charts included.
const maxPageBytes = 300 << 10

// TestDashboardInTheBrowser does with the dashboard what a person would.
func TestDashboardInTheBrowser(t *testing.T) {
	tab := browser.ForTest(t)
	s := newLiveStand(t)
	sample := newSampler(t, testSites()[0])
	sample.sample()
	s.fill(t, sample.records)
	alarm := watch(t, tab)
	s.enter(t, tab)
	quiet := func(t *testing.T) {
		t.Helper()
		settle(t, tab)
		if seen := alarm.take(); len(seen) > 0 {
			t.Errorf("alarms: %s", strings.Join(seen, "\n"))
		}
	}
	t.Run("weighs little", func(t *testing.T) { checkWeight(t, tab, s); quiet(t) })
	t.Run("new leads", func(t *testing.T) { checkNewest(t, tab, s); quiet(t) })
	t.Run("pictures", func(t *testing.T) { checkPictures(t, tab); quiet(t) })
	t.Run("print", func(t *testing.T) { checkPrint(t, tab) })
	t.Run("days by dragging", func(t *testing.T) { dragDays(t, tab); quiet(t) })
	t.Run("comparison, filter, model, behind a number", func(t *testing.T) { playDashboard(t, tab, s); quiet(t) })
	t.Run("without the script", func(t *testing.T) { checkWithoutScript(t, tab, s) })
}

const (
	drawnChart = `document.querySelector("#leads-over-time .uplot canvas")`
	wholePage  = `document.querySelector("footer.foot")`
)

// arrive waits for a condition on the page that the browser is on its way to.
func arrive(t *testing.T, tab context.Context, condition string) {
	t.Helper()
	for end := time.Now().Add(4 * patience); time.Now().Before(end); { // a page of many reports, on a machine that does more than one thing
		there, err := chromedp.Run(tab, chromedp.Evaluate[bool](`!!(`+condition+`)`))
		if err == nil && there { // an error is a page that goes
			return
		}
		select {
		case <-t.Context().Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("did not arrive at %s\n%s", condition, evaluate[string](t, tab, `location.href + document.body.innerText`))
}

// leave runs a script that leaves the page, and returns when another page is there and meets the condition: the old one may meet it too.
func leave(t *testing.T, tab context.Context, script, condition string) {
	t.Helper()
	run(t, tab, chromedp.Evaluate[chromedp.Void](`document.documentElement.dataset.left = ""; `+script))
	arrive(t, tab, `!("left" in document.documentElement.dataset) && `+condition)
}

// checkWeight adds up what Chromium loads for the dashboard.
func checkWeight(t *testing.T, tab context.Context, s *stand) {
	var mu sync.Mutex
	total, files := 0.0, 0
	listening, stop := context.WithCancel(tab)
	defer stop()
	err := chromedp.Listen(listening, func(event any) {
		if done, ok := event.(*network.EventLoadingFinished); ok {
			mu.Lock()
			defer mu.Unlock()
			total, files = total+done.EncodedDataLength, files+1
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, disabled := range []bool{true, false} {
		if _, err := chromedp.Call(tab, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: disabled}); err != nil {
			t.Fatal(err)
		}
		if disabled {
			run(t, tab, chromedp.EmulateViewport(1280, 900))
			leave(t, tab, `location.href = "/console/dashboard?range=90d&compare=none"`, drawnChart)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	t.Logf("%d files of %.0f bytes", files, total)
	if files < 6 || total > maxPageBytes {
		t.Errorf("the dashboard loads %d files of %.0f bytes, at most %d are wanted", files, total, maxPageBytes)
	}
}

// playDashboard goes to the home page, chooses a comparison, a filter and a model, takes the filter away, and follows a number.
func playDashboard(t *testing.T, tab context.Context, s *stand) {
	submit := func(script, wanted string) {
		t.Helper()
		leave(t, tab, script, wanted+" && "+wholePage)
	}
	submit(`location.href = "/console/"`, `location.pathname === "`+home+`"`)
	if got := evaluate[string](t, tab, `document.querySelector(".funnel").innerText`); !strings.Contains(got, "from ") {
		t.Errorf("the funnel compares with nothing: %s", got)
	}
	run(t, tab, chromedp.Evaluate[chromedp.Void](`document.getElementById("compare").value = "none"; document.getElementById("credit").value = "markov"`),
		chromedp.SendKeys(chromedp.CSS("input[name=value]"), "linkedin\r"))
	arrive(t, tab, `document.querySelector(".condition") && `+wholePage)
	if evaluate[bool](t, tab, `!!document.querySelector(".change") || !location.search.includes("credit=markov")`) {
		t.Error("the funnel still compares, or not by Markov")
	}
	leads := `[...document.querySelectorAll(".funnel li")].find(li => li.querySelector("h3").textContent === "Leads").querySelector(".n").innerText`
	narrowed := evaluate[string](t, tab, leads)
	if row := evaluate[string](t, tab, `document.querySelector("#leads-by-lead-creation tbody").innerText`); !strings.HasPrefix(row, "linkedin") || !strings.Contains(row, narrowed) {
		t.Errorf("%s leads of linkedin, the tile says %s", narrowed, row)
	}
	submit(`document.querySelector(".condition a").click()`, `!document.querySelector(".condition")`)
	all := evaluate[string](t, tab, leads)
	if rule := evaluate[string](t, tab, `document.querySelector(".rule").innerText + document.querySelector("#leads-by-source tfoot").innerText`); !strings.Contains(rule, "Markov") || !strings.Contains(rule, all) || all == narrowed {
		t.Errorf("%s leads with the filter, %s without; by Markov: %s", narrowed, all, rule)
	}
	behind := evaluate[string](t, tab, `document.querySelector("#leads-by-first-touch tbody td a").innerText.trim()`)
	run(t, tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("#leads-by-first-touch tbody td a").click()`))
	arrive(t, tab, `location.pathname !== "`+home+`" && `+wholePage)
	if got := evaluate[string](t, tab, `document.querySelector("main").innerText`); !strings.Contains(got, behind) {
		t.Errorf("behind %s leads is\n%s", behind, got)
	}
}

// dragDays drags over the chart, which asks for these days.
func dragDays(t *testing.T, tab context.Context) {
	run(t, tab, chromedp.Evaluate[chromedp.Void](`document.querySelector(".u-over").scrollIntoView({block: "center"})`))
	over := evaluate[[]float64](t, tab, `(r => [r.left, r.top, r.width, r.height])(document.querySelector(".u-over").getBoundingClientRect())`)
	x, y := over[0]+over[2]*.4, over[1]+over[3]/2
	mouse := func(kind input.DispatchMouseEventType, x float64) {
		t.Helper()
		p := input.DispatchMouseEventParams{Type: kind, X: x, Y: y, Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1}
		if kind == input.DispatchMouseEventTypeMouseMoved && x < over[0]+over[2]*.5 {
			p.Button, p.Buttons, p.ClickCount = input.MouseButtonNone, 0, 0
		}
		if _, err := chromedp.Call(tab, input.DispatchMouseEvent, p); err != nil {
			t.Fatal(err)
		}
	}
	mouse(input.DispatchMouseEventTypeMouseMoved, x)
	mouse(input.DispatchMouseEventTypeMousePressed, x)
	mouse(input.DispatchMouseEventTypeMouseMoved, x+over[2]*.2)
	mouse(input.DispatchMouseEventTypeMouseMoved, x+over[2]*.3)
	mouse(input.DispatchMouseEventTypeMouseReleased, x+over[2]*.3)
	arrive(t, tab, `location.search.includes("from=") && document.querySelector("footer.foot")`)
	days := evaluate[string](t, tab, `document.getElementById("from").value + " " + document.getElementById("to").value`)
	if first, last, _ := strings.Cut(days, " "); first <= "2025-12-20" || last >= "2026-03-12" || first >= last {
		t.Errorf("dragging over the middle asks for %s", days)
	}
}

// checkNewest has a lead come while the page is open.
func checkNewest(t *testing.T, tab context.Context, s *stand) {
	until(t, tab, `document.getElementById("live").textContent === "Live"`)
	sample := newSampler(t, testSites()[0])
	sample.random.Uint64() // other ids than those of the sample
	visitor := sample.uuid()
	touch := sample.touch(visitor, testNow.Add(-8*time.Minute), schema.Touch{UTMSource: "partner-fair"})
	sample.submit(visitor, "new@lead.example", "signup", testNow.Add(-time.Minute), touch, touch)
	s.fill(t, sample.records)
	until(t, tab, `document.querySelector(".newest li").innerText.includes("partner-fair")`)
	if got := evaluate[int](t, tab, `document.querySelectorAll(".newest li").length`); got != newestLeads {
		t.Errorf("%d newest leads", got)
	}
	if news := evaluate[string](t, tab, `document.getElementById("news").textContent`); news != "New lead: partner-fair, form signup" {
		t.Errorf("announced: %q", news)
	}
}

// checkPictures has every tile make its picture.
func checkPictures(t *testing.T, tab context.Context) {
	made := evaluate[map[string][]float64](t, tab, `(async () => {
		const made = {}, real = URL.createObjectURL;
		HTMLAnchorElement.prototype.click = () => {};
		for (const button of document.querySelectorAll("[data-png]:not([hidden])")) {
			const blob = await new Promise(done => { URL.createObjectURL = blob => (done(blob), real(blob)); button.click(); });
			const image = await createImageBitmap(blob);
			const canvas = new OffscreenCanvas(image.width, image.height), ctx = canvas.getContext("2d");
			ctx.drawImage(image, 0, 0);
			const seen = new Set(), data = ctx.getImageData(0, 0, image.width, image.height).data;
			for (let i = 0; i < data.length; i += 4 * 7) seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
			made[button.closest("section").id] = [blob.type === "image/png" ? 1 : 0, image.width, image.height, seen.size];
		}
		return made;
	})()`)
	if len(made["funnel"]) == 0 {
		t.Error("the funnel has no picture")
	}
	for _, tile := range dashboardTiles {
		picture, there := made[tile.id]
		if shown := evaluate[bool](t, tab, `!!document.querySelector("#`+tile.id+` table")`); shown != there {
			t.Errorf("%s: shown %v, picture %v", tile.id, shown, there)
		}
		if there && (picture[0] != 1 || picture[1] != 1720 || picture[2] < 300 || picture[3] < 8) {
			t.Errorf("%s: png, width, height, colours %v", tile.id, picture)
		}
	}
}

// checkPrint prints the dashboard: tables are whole, and what is for the screen is not there.
func checkPrint(t *testing.T, tab context.Context) {
	pdf, err := chromedp.Call(tab, page.PrintToPDF, page.PrintToPDFParams{PrintBackground: new(bool)})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(pdf.Data, []byte("%PDF-")) || bytes.Count(pdf.Data, []byte("/Type /Page\n")) < 2 {
		t.Errorf("%d bytes, %d pages", len(pdf.Data), bytes.Count(pdf.Data, []byte("/Type /Page\n")))
	}
	// The same at the width of paper: 210 mm less two margins of 10 mm at 96 dpi.
	run(t, tab, chromedp.EmulateViewport(718, 1000))
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_, _ = chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
		run(t, tab, chromedp.EmulateViewport(1280, 900))
	}()
	settle(t, tab)
	found := evaluate[string](t, tab, `[
		...[...document.querySelectorAll(".side, #ask, .presets, .tools, .newest, .skip")].filter(e => e.checkVisibility()).map(e => "shown: " + e.className),
		...[...document.querySelectorAll(".dash .scroll")].filter(e => e.checkVisibility() && (e.scrollWidth > e.clientWidth + 1 || getComputedStyle(e).maxHeight !== "none")).map(e => "cut: " + e.closest("section").id + " " + e.scrollWidth + " in " + e.clientWidth),
	].join("\n")`)
	if found != "" {
		t.Error(found)
	}
}

// checkWithoutScript reads the page with scripts off: the numbers are all there.
func checkWithoutScript(t *testing.T, tab context.Context, s *stand) {
	off := func(value bool) {
		if _, err := chromedp.Call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: value}); err != nil {
			t.Fatal(err)
		}
	}
	off(true)
	defer off(false)
	run(t, tab, chromedp.Navigate(s.URL+"/console/dashboard?range=90d&compare=none"))
	run(t, tab, chromedp.WaitVisible(chromedp.CSS("#leads-over-time details[open] table")), chromedp.WaitNotVisible(chromedp.CSS("#leads-over-time [data-chart]")))
}

// Tiles are asked side by side, and never more at once than is good for the database; what is asked twice is asked once.
func TestDashboardAsksSideBySide(t *testing.T) {
	var now, most atomic.Int32
	var mu sync.Mutex
	asked := map[string]int{}
	gate := make(chan struct{})
	s := newStand(t, ReportsFunc(func(_ context.Context, name string, p reports.Params) (*reports.Result, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		mu.Lock()
		asked[name]++
		if name != "recent_leads" && n == abreast {
			select {
			case <-gate:
			default:
				close(gate)
			}
		}
		mu.Unlock()
		if name != "recent_leads" {
			<-gate // until as many are asked as may be
		}
		return &reports.Result{Columns: []string{"source", "leads", "won_amount"}, Totals: []any{nil, int64(0), nil}, Rows: [][]any{}}, nil
	}))
	s.get(t, "/console/dashboard?range=30d", s.signIn(t, acmeViewer))
	if got := most.Load(); got < abreast || got > abreast+1 { // and the newest leads
		t.Errorf("%d at once, want %d", got, abreast)
	}
	if asked["source_breakdown"] != 4 || asked["leads_over_time"] != 1 || asked["top_forms"] != 2 {
		t.Errorf("asked %v", asked)
	}
}

// A stream ends with its session, and says nothing more; a reader has only so many.
func TestLiveStreams(t *testing.T) {
	s := newStand(t, ReportsFunc(func(context.Context, string, reports.Params) (*reports.Result, error) { return &reports.Result{}, nil }))
	cookie := s.signIn(t, acmeViewer)
	open := func() *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/console/leads.events", nil)
		if err != nil {
			t.Fatal(err)
		}
		addCookie(r, cookie)
		response, err := s.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		return response
	}
	var streams []*bufio.Reader
	for range maxStreamsPerUser {
		response := open()
		stream := bufio.NewReader(response.Body)
		if event, err := collectortest.ReadEvent(stream); err != nil || response.StatusCode != http.StatusOK || !strings.Contains(event, "event: leads\ndata: {\"leads\":[]}") {
			t.Fatalf("%s %q %v", response.Status, event, err)
		}
		streams = append(streams, stream)
	}
	if one := open(); one.StatusCode != http.StatusTooManyRequests {
		t.Errorf("one more: %s", one.Status)
	}
	if n := s.console.OpenStreams(); n != maxStreamsPerUser {
		t.Errorf("%d streams are open", n)
	}
	s.post(t, "/console/sign-out", cookie, nil)
	for _, stream := range streams {
		if more, err := collectortest.ReadEvent(stream); err == nil {
			t.Errorf("after signing out: %q", more)
		}
	}
	if one := open(); one.StatusCode != http.StatusUnauthorized {
		t.Errorf("signed out: %s", one.Status)
	}
	cookie = s.signIn(t, acmeViewer)
	stream := bufio.NewReader(open().Body)
	if _, err := collectortest.ReadEvent(stream); err != nil {
		t.Fatal(err)
	}
	s.console.Close()
	if more, err := collectortest.ReadEvent(stream); err == nil {
		t.Errorf("after the end: %q", more)
	}
}
