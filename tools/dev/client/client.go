// Package client speaks to a collector as a browser, a CRM and a reader of reports do, for the tools that play all of them.
//
// Belongs here: the calls of the public endpoints and of the API. Does not belong here: what is played.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/headwater/headwater/schema"
)

// Client is one site's side of a collector.
type Client struct {
	URL  string // of the collector
	Key  string // of the site's API
	HTTP *http.Client
}

// Touch sends a touch as the snippet does.
func (c *Client) Touch(ctx context.Context, touch *schema.TouchRecord) error {
	return c.send(ctx, "/t", touch)
}

// Submit sends a submission to one of the site's forms, as the snippet's API does.
func (c *Client) Submit(ctx context.Context, submission *schema.Submission) error {
	return c.send(ctx, "/f/"+url.PathEscape(string(submission.Form)), submission)
}

func (c *Client) send(ctx context.Context, path string, record any) error {
	body, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("POST %s: %w", path, err)
	}
	_, err = c.call(ctx, http.MethodPost, path, "text/plain", body)
	return err
}

// Row is a contact, company or deal as the CRM sends it: column names and values.
type Row map[string]string

// What rows are.
const (
	Contacts  = "contacts"
	Companies = "companies"
	Deals     = "deals"
	Spend     = "spend"
	Rates     = "rates"
)

// Import sends rows of one kind to the API, a few thousand a call.
func (c *Client) Import(ctx context.Context, kind string, rows []Row) error {
	const perCall = 2000
	for len(rows) > 0 {
		some := rows[:min(perCall, len(rows))]
		rows = rows[len(some):]
		var lines bytes.Buffer
		encoder := json.NewEncoder(&lines)
		for _, row := range some {
			if err := encoder.Encode(row); err != nil {
				return fmt.Errorf("import %s: %w", kind, err)
			}
		}
		answer, err := c.call(ctx, http.MethodPost, "/api/"+kind, "application/x-ndjson", lines.Bytes())
		if err != nil {
			return fmt.Errorf("import %s: %w", kind, err)
		}
		var outcome struct{ Accepted, Rejected int }
		if err := json.Unmarshal(answer, &outcome); err != nil || outcome.Accepted != len(some) {
			return fmt.Errorf("import %s: %d of %d rows taken: %.1000s", kind, outcome.Accepted, len(some), answer)
		}
	}
	return nil
}

// Report is a report's answer. Numbers are json.Number, money is a map from currency to a decimal text.
type Report struct {
	Columns []string         `json:"columns"`
	Rows    []map[string]any `json:"rows"`
	Totals  map[string]any   `json:"totals"`
}

// Report asks for a report; parameters may be nil.
func (c *Client) Report(ctx context.Context, name string, parameters url.Values) (*Report, error) {
	body, err := c.ReportText(ctx, name, "json", parameters)
	if err != nil {
		return nil, err
	}
	var r Report
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&r); err != nil {
		return nil, fmt.Errorf("report %s: read %.80q: %w", name, body, err)
	}
	return &r, nil
}

// ReportText asks for a report in a format: json, csv or table.
func (c *Client) ReportText(ctx context.Context, name, format string, parameters url.Values) ([]byte, error) {
	query := url.Values{"format": {format}}
	for key, values := range parameters {
		query[key] = values
	}
	path := "/api/reports/" + name
	var body []byte
	var err error
	if query.Has("email") {
		// An address does not belong into a URL: the API takes it in a body only.
		body, err = c.call(ctx, http.MethodPost, path, "application/x-www-form-urlencoded", []byte(query.Encode()))
	} else {
		body, err = c.call(ctx, http.MethodGet, path+"?"+query.Encode(), "", nil)
	}
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", name, err)
	}
	return body, nil
}

// patience is how long a call that the collector turns away with 503 or 429 is made again. Everything that is sent has an
// identity of its own, so that sending it twice does no harm.
const patience = time.Minute

// call makes a request, again where the answer says to come again.
func (c *Client) call(ctx context.Context, method, path, contentType string, body []byte) ([]byte, error) {
	for began := time.Now(); ; {
		response, answer, err := c.once(ctx, method, path, contentType, body)
		if err != nil {
			return nil, err
		}
		if response.StatusCode/100 == 2 {
			return answer, nil
		}
		err = fmt.Errorf("%s %s: %s: %.500s", method, path, response.Status, bytes.TrimSpace(answer))
		wait, again := comeAgain(response)
		if !again || time.Since(began)+wait > patience {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w (%w)", err, ctx.Err())
		case <-time.After(wait):
		}
	}
}

// comeAgain is what an answer says of when to send the same once more.
func comeAgain(response *http.Response) (wait time.Duration, again bool) {
	if response.StatusCode != http.StatusServiceUnavailable && response.StatusCode != http.StatusTooManyRequests {
		return 0, false
	}
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	return time.Duration(seconds) * time.Second, err == nil && seconds >= 0
}

func (c *Client) once(ctx context.Context, method, path, contentType string, body []byte) (*http.Response, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if strings.HasPrefix(path, "/api/") {
		request.Header.Set("Authorization", "Bearer "+c.Key)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return nil, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return response, answer, nil
}
