package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
)

// webDriver is a running driver that speaks classic WebDriver over HTTP.
type webDriver struct {
	process *Process
	base    string
}

func startWebDriver(ctx context.Context, path string, environment []string) (*webDriver, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	command := exec.Command(path, "--host=127.0.0.1", "--port="+port)
	command.Env = environment
	p, err := StartProcess(command)
	if err != nil {
		return nil, err
	}
	d := &webDriver{process: p, base: "http://127.0.0.1:" + port}
	err = until(ctx, func() (bool, error) {
		var status struct {
			Ready bool `json:"ready"`
		}
		err := d.call(ctx, "GET", "/status", nil, &status)
		return status.Ready, err
	})
	if err != nil {
		p.Stop()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return d, nil
}

// call sends a command and reads its value into result, unless that is nil.
func (d *webDriver) call(ctx context.Context, method, path string, body, result any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, d.base+path, content)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	if response.StatusCode != http.StatusOK {
		var failure struct{ Error, Message string }
		_ = json.Unmarshal(answer.Value, &failure) // the status says enough
		return fmt.Errorf("%s %s: %s: %s: %s", method, path, response.Status, failure.Error, failure.Message)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, result)
}
