// Package stack is how the small programs beside tools/dev find a running stack, and how they start one of their own.
//
// Belongs here: the file stack.json and running tools/dev as a process. Does not belong here: what a stack is made of.
package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// FileName is the file in the data folder that describes the stack that runs on it.
const FileName = "stack.json"

// DefaultFile is where `make run` leaves it.
const DefaultFile = ".headwater/" + FileName

// Stack says where the parts of a running stack are. It holds a secret (APIKey): the file is its owner's only.
type Stack struct {
	PID           int    `json:"pid"`
	Site          string `json:"site"`
	Demo          string `json:"demo_url"`    // the demo website, without a trailing slash
	Outside       string `json:"outside_url"` // the page of links that play the rest of the web
	Report        string `json:"report_url"`
	Collector     string `json:"collector_url"`
	Console       string `json:"console_link"` // signs in to the console, once
	Private       string `json:"private_url"`  // metrics
	APIKey        string `json:"api_key"`
	ClickHouse    string `json:"clickhouse_url"` // of the embedded engine, "" with a server of one's own
	ClickHouseDSN string `json:"clickhouse_dsn"`
	Redis         string `json:"redis_url"`
	Config        string `json:"config"`    // path of headwater.toml
	Headwater     string `json:"headwater"` // path of the collector's binary
	Data          string `json:"data"`
	// Processes are the children by name, for tests that kill one.
	Processes map[string]int `json:"processes"`
}

// Read reads the description of a stack and makes sure that it runs.
func Read(ctx context.Context, path string) (*Stack, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no stack runs here (%s is missing): start it with `make run` in another terminal", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the stack's description: %w", err)
	}
	var s Stack
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("read the stack's description %s: %w", path, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := Answers(ctx, s.Collector+"/readyz"); err != nil {
		return nil, fmt.Errorf("the stack of %s does not answer (%w): start it with `make run` in another terminal", path, err)
	}
	return &s, nil
}

// Write writes the description to the stack's data folder.
func (s *Stack) Write() error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("describe the stack: %w", err)
	}
	path := filepath.Join(s.Data, FileName)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("describe the stack: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("describe the stack: %w", err)
	}
	return nil
}

// Answers returns nil when a GET of url is answered with a 2xx.
func Answers(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("GET %s: %s", url, response.Status)
	}
	return nil
}
