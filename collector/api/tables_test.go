package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// cupboard remembers which table was asked for; tables themselves are tested where they are.
type cupboard struct{ asked reports.TableParams }

func (c *cupboard) Table(_ context.Context, w io.Writer, params reports.TableParams, began func()) error {
	c.asked = params
	switch params.Table {
	case "wrong":
		return fmt.Errorf("table: %w", &reports.ParamError{Param: "table", Problem: "is none of touches"})
	case "broken":
		began()
		fmt.Fprint(w, "touch_id\r\n")
		return errors.New("connection reset")
	}
	began()
	_, err := fmt.Fprint(w, "touch_id\r\n1\r\n")
	return err
}

func TestTables(t *testing.T) {
	d, c := newDesk(t), &cupboard{}
	tables := &API{config: Config{Tables: c}}
	for _, route := range []struct {
		path   string
		handle echo.HandlerFunc
	}{{"/api/tables", tables.getTableNames}, {"/api/tables/:name", tables.getTable}} {
		d.echo.GET(route.path, route.handle, d.authorise(t))
	}
	answer := d.send("GET", "/api/tables/touches?format=parquet&from=2026-01&zone=Europe/Oslo", "", "")
	if answer.Code != 200 || answer.Header().Get("Content-Type") != "application/vnd.apache.parquet" || answer.Header().Get("Content-Disposition") != `attachment; filename="touches.parquet"` {
		t.Errorf("%d %v %s", answer.Code, answer.Header(), answer.Body)
	}
	if want := (reports.TableParams{Table: "touches", Site: "acme", Format: "parquet", From: "2026-01", Zone: "Europe/Oslo"}); c.asked != want {
		t.Errorf("asked for %+v, want %+v", c.asked, want)
	}
	if answer := d.send("GET", "/api/tables", "", ""); answer.Code != 200 {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	for path, want := range map[string]rejection.Reason{
		"/api/tables/touches?site=beta":     rejection.OtherSite,
		"/api/tables/touches?site=acme":     "",
		"/api/tables/touches?limit=3":       rejection.InvalidParameter,
		"/api/tables/touches?from=1&from=2": rejection.InvalidParameter,
		"/api/tables/wrong":                 rejection.InvalidParameter,
	} {
		answer := d.send("GET", path, "", "")
		if got := answer.Header().Get("X-Headwater-Rejected"); got != string(want) || c.asked.Site != "acme" {
			t.Errorf("%s: %s %s", path, got, answer.Body)
		}
	}
	request := httptest.NewRequest("GET", "/api/tables/touches", nil)
	recorder := httptest.NewRecorder()
	d.echo.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusUnauthorized {
		t.Errorf("without a key: %d %s", recorder.Code, recorder.Body)
	}
}

// What breaks off is not taken for the whole: the connection ends without the end of the body.
func TestATableThatBreaksOff(t *testing.T) {
	c := &cupboard{}
	d := newDesk(t)
	d.echo.GET("/api/tables/:name", (&API{config: Config{Tables: c}}).getTable, d.authorise(t))
	server := httptest.NewServer(d.echo)
	defer server.Close()
	request, err := http.NewRequest("GET", server.URL+"/api/tables/broken", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+d.key)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return // it ended before a header came
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err == nil {
		t.Errorf("a whole answer: %d %q", answer.StatusCode, text)
	}
}

// authorise knows the key of the desk's site.
func (d *desk) authorise(t *testing.T) echo.MiddlewareFunc {
	t.Helper()
	keyed := &API{config: Config{Secret: []byte(secret)}}
	if err := keyed.SetSites([]schema.Site{*d.site}); err != nil {
		t.Fatal(err)
	}
	return keyed.authorise
}
