package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/tools/dev/browser"
)

// What people do with a board, in Chromium.
func TestBoard(t *testing.T) {
	tab := browser.ForTest(t)
	w := newContactsWorld(t)
	alarm := watch(t, tab)
	w.enter(t, tab)
	selection := ""
	t.Run("criteria to selection to board to another status", func(t *testing.T) { selection = w.playShows(t, tab) })
	t.Run("keyboard and conflict", func(t *testing.T) { w.playKeyboard(t, tab, selection) })
	t.Run("settings and more cards", func(t *testing.T) { w.playSettings(t, tab) })
	t.Run("looks", func(t *testing.T) {
		run(t, tab, chromedp.Navigate(w.URL+boardPath(people.SelectionID(selection))), chromedp.WaitReady(chromedp.CSS(".kanban")))
		checkLooks(t, tab, browser.Axe(t, "../.."), "board-played")
	})
	if seen := alarm.take(); len(seen) > 0 {
		t.Errorf("%d alarms: %s", len(seen), strings.Join(seen, "\n"))
	}
}

// choose sets a criterion of the form, as a person does.
func choose(t *testing.T, tab context.Context, row int, field, op, value string) {
	t.Helper()
	script := fmt.Sprintf(`(() => {
		const row = document.querySelectorAll(".criteria .criterion")[%d];
		const set = (name, value) => { const e = row.querySelector("[name=" + name + "]"); e.value = value; e.dispatchEvent(new Event("change", { bubbles: true })); return e.value === value };
		return set("field", %q) && set("op", %q) })()`, row, field, op)
	if !evaluate[bool](t, tab, script) {
		t.Fatalf("row %d does not take %s %s", row, field, op)
	}
	run(t, tab, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelectorAll(".criteria .criterion [name=value]")[%d].focus()`, row)), chromedp.KeyEvent(value))
}

// untilPage is until for what only another page has, which the browser is on its way to.
func untilPage(t *testing.T, tab context.Context, condition string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(tab, patience)
	defer cancel()
	for {
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool](condition))
		if err == nil && is {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("waited in vain for %s: %v\n%s", condition, err, evaluate[string](t, tab, `location.href + document.body.innerText`))
		}
	}
}

// drag picks a card up with the mouse and drops it on a column.
func drag(t *testing.T, tab context.Context, card, column string) {
	t.Helper()
	if _, err := chromedp.Call(tab, input.SetInterceptDrags, input.SetInterceptDragsParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	dragged := make(chan *input.DragData, 1)
	ctx, cancel := context.WithTimeout(tab, patience)
	defer cancel()
	err := chromedp.Listen(ctx, func(event any) {
		if event, is := event.(*input.EventDragIntercepted); is {
			select {
			case dragged <- event.Data:
			default:
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	middle := func(selector string) (x, y float64) {
		at := evaluate[[]float64](t, tab, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({ block: "start", inline: "nearest" }); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + Math.min(r.height - 4, 12)] })()`, selector))
		return at[0], at[1]
	}
	x, y := middle(card)
	mouse := func(kind input.DispatchMouseEventType, x, y float64) {
		t.Helper()
		if _, err := chromedp.Call(tab, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: x, Y: y, Button: "left", Buttons: 1, ClickCount: 1}); err != nil {
			t.Fatal(err)
		}
	}
	mouse("mousePressed", x, y)
	mouse("mouseMoved", x+3, y+3)
	mouse("mouseMoved", x+30, y+10)
	var data *input.DragData
	select {
	case data = <-dragged:
	case <-ctx.Done():
		t.Fatal("the card cannot be picked up")
	}
	at := evaluate[[]float64](t, tab, fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return [r.x + r.width / 2, Math.max(r.y, 0) + 60] })()`, column))
	for _, kind := range []input.DispatchDragEventType{"dragEnter", "dragOver", "drop"} {
		if _, err := chromedp.Call(tab, input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: at[0], Y: at[1], Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	mouse("mouseReleased", at[0], at[1])
	if _, err := chromedp.Call(tab, input.SetInterceptDrags, input.SetInterceptDragsParams{}); err != nil {
		t.Fatal(err)
	}
}

// deskRow asks ClickHouse itself.
func (w *contactsWorld) deskRow(t *testing.T, kind, id string) (rows []string) {
	t.Helper()
	found, err := w.store.Conn().Query(t.Context(), `SELECT version, contact_id, body, changed_by FROM desk FINAL WHERE site_id = 'acme' AND kind = '`+kind+`' AND entry_id = '`+id+`' ORDER BY version`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = found.Close() }()
	for found.Next() {
		var version uint64
		var contact, body, by string
		if err := found.Scan(&version, &contact, &body, &by); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, fmt.Sprint(version, " ", contact, " ", body, " ", by))
	}
	return rows
}

// playShows is the fourth thing that the issue shows.
func (w *contactsWorld) playShows(t *testing.T, tab context.Context) string {
	run(t, tab, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(w.URL+"/console/contacts"), chromedp.WaitReady(chromedp.CSS(".contacts tbody tr")))
	choose(t, tab, 0, "first_touch.source", "is", "linkedin")
	run(t, tab, chromedp.Click(chromedp.CSS("button[value=new]")), chromedp.WaitReady(chromedp.CSS(".or")))
	choose(t, tab, 1, "lead_creation.campaign", "contains", "webinar"+kb.Enter)
	untilPage(t, tab, `location.search.includes("g2=lead_creation.campaign%3Acontains%3Awebinar") && location.search.includes("g1=first_touch.source%3Ais%3Alinkedin") && document.querySelectorAll(".contacts tbody tr").length > 10`)
	run(t, tab, chromedp.Click(chromedp.CSS(".tools .pop summary")), chromedp.WaitVisible(chromedp.CSS("#selection-name")),
		chromedp.SendKeys(chromedp.CSS("#selection-name"), "LinkedIn or webinar\r"), chromedp.WaitReady(chromedp.CSS("[role=status]")))
	run(t, tab, chromedp.Click(chromedp.CSS(".head a[href$='/board']")), chromedp.WaitReady(chromedp.CSS(".kanban")))
	selection := evaluate[string](t, tab, `location.pathname.split("/")[3]`)
	contact := evaluate[string](t, tab, `document.querySelector("#column-open .kanban").dataset.contact`)
	before := evaluate[[]int](t, tab, `["open", "contacting"].map(s => Number(document.querySelector("#column-" + s + " .count").dataset.total))`)
	drag(t, tab, "#card-"+contact, "#column-contacting")
	until(t, tab, fmt.Sprintf(`document.querySelector("#column-contacting #card-%s") && document.getElementById("board-news").textContent.endsWith("is now in Contacting")`, contact))
	after := evaluate[[]int](t, tab, `["open", "contacting"].map(s => Number(document.querySelector("#column-" + s + " .count").dataset.total))`)
	if after[0] != before[0]-1 || after[1] != before[1]+1 {
		t.Errorf("counts %v before, %v after", before, after)
	}
	by := string(w.user(t, acmeAdmin).ID)
	saved := w.deskRow(t, "selection", selection)
	want := `{"name":"LinkedIn or webinar","criteria":[[{"field":"first_touch.source","op":"is","value":"linkedin"}],[{"field":"lead_creation.campaign","op":"contains","value":"webinar"}]]}`
	if len(saved) != 1 || saved[0] != "1  "+want+" "+by {
		t.Errorf("the selection in ClickHouse: %q", saved)
	}
	if rows := w.deskRow(t, "lead_status", contact); len(rows) != 1 || rows[0] != "1 "+contact+` {"status":"contacting","from":"open"} `+by {
		t.Errorf("the status in ClickHouse: %q", rows)
	}
	// Once more, by the list on the card: the history has both.
	run(t, tab, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const form = document.querySelector("#card-%s form"); form.elements.status.value = "qualified"; form.requestSubmit() })()`, contact)))
	until(t, tab, fmt.Sprintf(`!!document.querySelector("#column-qualified #card-%s")`, contact))
	if rows := w.deskRow(t, "lead_status", contact); len(rows) != 2 || rows[1] != "2 "+contact+` {"status":"qualified","from":"contacting"} `+by {
		t.Errorf("the history in ClickHouse: %q", rows)
	}
	run(t, tab, chromedp.Reload(), chromedp.WaitReady(chromedp.CSS(".moves li")))
	if moves := evaluate[string](t, tab, `document.querySelector(".moves").innerText`); !strings.Contains(moves, "Open → Contacting") || !strings.Contains(moves, "Contacting → Qualified") || !strings.Contains(moves, acmeAdmin) {
		t.Errorf("the history on the board: %s", moves)
	}
	return selection
}

// playKeyboard moves a card without a mouse, then one that somebody else has moved meanwhile.
func (w *contactsWorld) playKeyboard(t *testing.T, tab context.Context, selection string) {
	run(t, tab, chromedp.Navigate(w.URL+boardPath(people.SelectionID(selection))), chromedp.WaitReady(chromedp.CSS("#column-open .kanban")))
	contact := evaluate[string](t, tab, `(() => { const card = document.querySelector("#column-open .kanban"); card.querySelector("a").focus(); return card.dataset.contact })()`)
	run(t, tab, chromedp.KeyEvent(kb.ArrowRight, chromedp.KeyModifiers(chromedp.ModifierAlt)))
	until(t, tab, fmt.Sprintf(`document.querySelector("#column-contacting #card-%s a") === document.activeElement && document.getElementById("board-news").textContent.includes("Contacting")`, contact))
	now := w.post(t, "/console/contacts/"+contact+"/status", w.signIn(t, acmeMarketer), url.Values{"over": {"1"}, "status": {"qualified"}})
	if now.StatusCode != http.StatusSeeOther {
		t.Fatalf("the first of two: %s", now.Status)
	}
	run(t, tab, chromedp.KeyEvent(kb.ArrowLeft, chromedp.KeyModifiers(chromedp.ModifierAlt)))
	until(t, tab, fmt.Sprintf(`!!document.querySelector("#column-qualified #card-%s") && document.getElementById("board-problem").textContent === "marketer@acme.example has moved this contact meanwhile: it is in Qualified now. Nothing was changed; look at it again."`, contact))
	if rows := w.deskRow(t, "lead_status", contact); len(rows) != 2 {
		t.Errorf("after the conflict: %q", rows)
	}
}

// playSettings groups, sorts and filters a board of everybody, and loads more of a long column.
func (w *contactsWorld) playSettings(t *testing.T, tab context.Context) {
	selection := w.save(t, w.signIn(t, acmeMarketer), "Everybody", "dynamic", "")
	run(t, tab, chromedp.Navigate(w.URL+boardPath(people.SelectionID(selection))), chromedp.WaitReady(chromedp.CSS("[data-more]")))
	if n := evaluate[int](t, tab, `document.querySelectorAll("#column-open .kanban").length`); n != cardsPerColumn {
		t.Errorf("%d cards at first", n)
	}
	run(t, tab, chromedp.Click(chromedp.CSS("#column-open [data-more]")))
	until(t, tab, fmt.Sprintf(`document.querySelectorAll("#column-open .kanban").length === %d`, 2*cardsPerColumn))
	run(t, tab, chromedp.Click(chromedp.CSS(".setting summary")), chromedp.WaitVisible(chromedp.CSS("#group")),
		chromedp.Evaluate[chromedp.Void](`document.getElementById("group").value = "lead_creation.source"`))
	choose(t, tab, 0, "lead_creation.source", "one_of", "linkedin, newsletter"+kb.Enter)
	untilPage(t, tab, `document.querySelectorAll(".lane").length >= 2`)
	lanes := evaluate[[]string](t, tab, `[...document.querySelectorAll("#column-open .lane")].map(l => l.firstChild.textContent.trim())`)
	if strings.Join(lanes, " ") != "linkedin newsletter" {
		t.Errorf("lanes %q", lanes)
	}
	if rows := w.deskRow(t, "board", selection); len(rows) != 1 || !strings.Contains(rows[0], `"group":"lead_creation.source"`) || !strings.Contains(rows[0], `"op":"one_of"`) {
		t.Errorf("the board in ClickHouse: %q", rows)
	}
}
