package rejection

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// TestEveryReasonHasAStatus reads the source: a reason that is declared and not in the map would be a 500.
func TestEveryReasonHasAStatus(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "rejection.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Reason" {
			declared++
			reason := Reason(strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`))
			if _, ok := statuses[reason]; !ok {
				t.Errorf("%s has no status", reason)
			}
		}
		return true
	})
	if declared != len(statuses) || declared != len(Reasons()) {
		t.Errorf("%d reasons, %d statuses, %d listed", declared, len(statuses), len(Reasons()))
	}
	if got := Reason("made up").Status(); got != http.StatusInternalServerError {
		t.Errorf("an unknown reason is %d", got)
	}
}

func TestAccept(t *testing.T) {
	for accept, want := range map[string]struct{ html, json bool }{
		"":                 {false, false},
		"*/*":              {false, false},
		"application/json": {false, true},
		"text/html":        {true, false},
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": {true, false},
		"application/json, text/plain, */*":                               {false, true},
		"application/json;q=0.9, text/html;q=0.8":                         {false, true},
		"application/json;q=0.8, text/html;q=0.9":                         {true, false},
		"text/html, application/json":                                     {true, true},
		"TEXT/HTML;level=1;q=0.5":                                         {true, false},
		"text/html;q=0":                                                   {false, false},
		"text/html;q=nonsense":                                            {true, false},
		"application/json;q=0.001":                                        {false, true},
	} {
		if got := PrefersHTML(accept); got != want.html {
			t.Errorf("PrefersHTML(%q) = %t", accept, got)
		}
		if got := PrefersJSON(accept); got != want.json {
			t.Errorf("PrefersJSON(%q) = %t", accept, got)
		}
	}
}

func TestHandle(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		reason Reason
		logged bool
	}{
		"rejection":  {New(UnknownForm, "no form %q", "x"), 404, UnknownForm, false},
		"wrapped":    {fmt.Errorf("step: %w", New(InvalidJSON, "no")), 400, InvalidJSON, false},
		"our fault":  {Wrap(NotKept, errors.New("disk"), "again"), 503, NotKept, true},
		"gone":       {Wrap(NotKept, context.Canceled, "again"), 503, NotKept, false},
		"too large":  {fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 5}), 413, BodyTooLarge, false},
		"no route":   {echo.ErrNotFound, 404, UnknownPath, false},
		"no method":  {echo.ErrMethodNotAllowed, 405, Method, false},
		"unforeseen": {errors.New("secret detail"), 500, Internal, true},
	} {
		var log bytes.Buffer
		h := NewHandler(slog.New(slog.NewTextHandler(&log, nil)), prometheus.NewRegistry())
		recorder := httptest.NewRecorder()
		h.Handle(c.err, echo.New().NewContext(httptest.NewRequest(http.MethodPost, "/t?email=ada", nil), recorder))
		var told struct{ Error, Message string }
		if err := json.Unmarshal(recorder.Body.Bytes(), &told); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if recorder.Code != c.status || told.Error != string(c.reason) || told.Message == "" || recorder.Header().Get(Header) != string(c.reason) {
			t.Errorf("%s: %d %s", name, recorder.Code, recorder.Body)
		}
		if strings.Contains(told.Message, "secret") || strings.Contains(told.Message, "disk") || strings.Contains(log.String(), "ada") {
			t.Errorf("%s: %s, logged %s", name, told.Message, log.String())
		}
		if (log.Len() > 0) != c.logged {
			t.Errorf("%s: logged %q", name, log.String())
		}
	}
}

// Who leaves in the middle of an answer is no failure: it is neither logged nor counted. A failure in the middle of one is.
func TestHandleOfAnAnswerThatHasBegun(t *testing.T) {
	for _, left := range []bool{true, false} {
		var log bytes.Buffer
		registry := prometheus.NewRegistry()
		h := NewHandler(slog.New(slog.NewTextHandler(&log, nil)), registry)
		ctx, leave := context.WithCancel(t.Context())
		recorder := httptest.NewRecorder()
		c := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/page", nil).WithContext(ctx), recorder)
		c.Response().WriteHeader(http.StatusOK)
		if left {
			leave()
		}
		h.Handle(errors.New("write: broken pipe"), c)
		counted := 0.0
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			for _, metric := range family.Metric {
				counted += metric.GetCounter().GetValue()
			}
		}
		if (log.Len() > 0) == left || (counted > 0) == left || recorder.Body.Len() > 0 {
			t.Errorf("left %t: logged %q, counted %v, wrote %q", left, log.String(), counted, recorder.Body)
		}
		leave()
	}
}

func FuzzAccept(f *testing.F) {
	f.Add("text/html;q=0.8, application/json;q=0.9")
	f.Fuzz(func(t *testing.T, accept string) {
		if q := quality(accept, "text/html"); q < 0 || q > 1000 {
			t.Fatalf("a weight of %d", q)
		}
		PrefersJSON(accept)
	})
}
