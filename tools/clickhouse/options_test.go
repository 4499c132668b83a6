//go:build linux || darwin

package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestFlags(t *testing.T) {
	for _, check := range []struct {
		arguments string
		complaint string // empty where the flags are fine
	}{
		{"", ""},
		{"-listen localhost:0", ""},
		{"-listen [::1]:8123 -user a -password b", ""},
		{"-listen 127.8.9.10:1", ""},
		{"-listen 0.0.0.0:8123", "no loopback address"},
		{"-listen :8123", "no loopback address"},
		{"-listen 192.168.1.1:8123 -user a -password b", "no loopback address"},
		{"-listen example.com:8123", "no loopback address"},
		{"-listen 127.0.0.1", "host:port"},
		{"-listen 127.0.0.1:http", "port"},
		{"-memory 1000", "at least"},
		{"-max-statements 0", "at least 1"},
		{"-data=", "-data"},
		{"-sandbox maybe", "auto, require or off"},
		{"-nobody", "not defined"},
		{"extra", "unexpected argument"},
	} {
		var output bytes.Buffer
		_, err := parseFlags(strings.Fields(check.arguments), &output)
		if (err == nil) != (check.complaint == "") || !strings.Contains(output.String(), check.complaint) {
			t.Errorf("%q: %v\n%s", check.arguments, err, output.String())
		}
	}
	var manual bytes.Buffer
	parseFlags([]string{"-h"}, &manual)
	for _, flag := range []string{"-listen", "-data", "-lib", "-memory", "-max-statements", "-user", "-password", "-fetch", "-exit-with-stdin", "-ephemeral", "-drain", "-sandbox", "-log-queries"} {
		if !strings.Contains(manual.String(), "  "+flag) {
			t.Errorf("-h does not explain %s", flag)
		}
	}
}
