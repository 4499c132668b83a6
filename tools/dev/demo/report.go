package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// reportAPI asks the collector for reports, as any program of the site's owner may.
type reportAPI struct {
	url string
	key string
}

// report is an answer of GET /api/reports/{name}.
type report struct {
	Columns []string         `json:"columns"`
	Rows    []map[string]any `json:"rows"`
	Totals  map[string]any   `json:"totals"`
}

func (a reportAPI) get(ctx context.Context, name string, parameters url.Values) (*report, error) {
	parameters.Set("format", "json")
	address := a.url + "/api/reports/" + name + "?" + parameters.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", name, err)
	}
	request.Header.Set("Authorization", "Bearer "+a.key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", name, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", name, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("report %s: %s: %.300s", name, response.Status, body)
	}
	var r report
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, fmt.Errorf("report %s: read %.80q: %w", name, body, err)
	}
	return &r, nil
}

// dataPoint is one of the four data points of a contact, or a conversion.
type dataPoint struct {
	Label    string
	Known    bool // there is such a touch
	Source   string
	Medium   string
	Campaign string
	Referrer string // domain
	When     time.Time
	Form     string
}

// breakdown is a source breakdown as a table.
type breakdown struct {
	Title   string
	Hint    string
	Columns []string
	Rows    [][]string
	Totals  []string
}

// breakdowns are the tables of the page of leads.
var breakdowns = []struct {
	Title, Hint string
	Parameters  url.Values
}{
	{"Where leads were created", "by lead creation: the touch that led to the form that made the contact",
		url.Values{"by": {"source,medium"}, "point": {"lead_creation"}}},
	{"Where people first came from", "by first touch", url.Values{"by": {"source,medium"}, "point": {"first_touch"}}},
}

func (a reportAPI) card(ctx context.Context, contact string) ([]dataPoint, error) {
	if _, err := a.get(ctx, "contact_card", url.Values{"contact": {contact}}); err != nil {
		return nil, err
	}
	return nil, nil
}

func (a reportAPI) breakdown(ctx context.Context, wanted struct {
	Title, Hint string
	Parameters  url.Values
}) (breakdown, error) {
	b := breakdown{Title: wanted.Title, Hint: wanted.Hint}
	r, err := a.get(ctx, "source_breakdown", wanted.Parameters)
	if err != nil {
		return b, err
	}
	b.Columns = r.Columns
	return b, nil
}
