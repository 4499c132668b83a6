package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// The example that deploy/ hands to operators is a configuration that this version takes, but for the secret.
func TestDeployExampleConfig(t *testing.T) {
	t.Setenv("HEADWATER_SECRET", strings.Repeat("5e", 32))
	var out, problems bytes.Buffer
	if err := run(context.Background(), []string{"check-config", "--config", "../deploy/headwater.toml"}, &out, &problems); err != nil {
		t.Fatalf("check-config: %v\n%s%s", err, out.String(), problems.String())
	}
	if strings.Contains(out.String(), "5e5e5e5e") {
		t.Error("check-config prints the secret")
	}
}
