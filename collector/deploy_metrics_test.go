package main

import (
	"encoding/json"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
	"github.com/alecthomas/kong"
	"github.com/prometheus/client_golang/prometheus"
	"go.yaml.in/yaml/v3"
)

// alertRules is what Prometheus reads of alerts.yml.
type alertRules struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

func readAlerts(t *testing.T) alertRules {
	t.Helper()
	file, err := os.Open("../deploy/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	var rules alertRules
	if err := decoder.Decode(&rules); err != nil {
		t.Fatal(err)
	}
	return rules
}

// dashboardPanel is what is checked of a panel.
type dashboardPanel struct {
	Title, Type string
	Targets     []struct{ Expr string }
}

func readDashboard(t *testing.T) []dashboardPanel {
	t.Helper()
	text, err := os.ReadFile("../deploy/dashboards/headwater.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct{ Panels []dashboardPanel }
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	return dashboard.Panels
}

var described = regexp.MustCompile(`^Desc\{fqName: "([^"]+)", .*constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)

// metricLabels returns the names of all metrics of the program, those too that have no value yet, with their labels.
func metricLabels(t *testing.T, registry *prometheus.Registry) map[string][]string {
	t.Helper()
	descs := make(chan *prometheus.Desc, 1000)
	registry.Describe(descs)
	close(descs)
	labels := map[string][]string{}
	for desc := range descs {
		parts := described.FindStringSubmatch(desc.String())
		if parts == nil {
			t.Fatalf("can't read %s", desc)
		}
		names := []string{"instance", "job"}
		for pair := range strings.SplitSeq(parts[2]+","+parts[3], ",") {
			if name, _, _ := strings.Cut(pair, "="); name != "" {
				names = append(names, name)
			}
		}
		labels[parts[1]] = names
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if labels[family.GetName()] == nil {
			labels[family.GetName()] = []string{"instance", "job"}
		}
		if family.GetType().String() == "HISTOGRAM" {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				labels[family.GetName()+suffix] = append([]string{"le"}, labels[family.GetName()]...)
			}
		}
	}
	for _, histogram := range []string{"headwater_request_seconds", "headwater_insert_seconds"} { // empty vectors
		labels[histogram+"_bucket"] = append([]string{"le"}, labels[histogram]...)
	}
	labels["up"] = []string{"instance", "job"}
	return labels
}

// checkExpression parses PromQL, and looks up every metric and label in it.
func checkExpression(t *testing.T, where, text string, known map[string][]string, used map[string]bool) {
	t.Helper()
	text = strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*").Replace(text)
	expression, err := metricsql.Parse(text)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	var labels, grouped []string
	metricsql.VisitAll(expression, func(e metricsql.Expr) {
		switch e := e.(type) {
		case *metricsql.MetricExpr:
			for _, filters := range e.LabelFilterss {
				name := ""
				for _, filter := range filters {
					if filter.Label == "__name__" {
						name = filter.Value
						used[strings.TrimSuffix(name, "_bucket")] = true
					}
				}
				if known[name] == nil {
					t.Errorf("%s: the collector has no metric %s", where, name)
					continue
				}
				labels = append(labels, known[name]...)
				for _, filter := range filters {
					if filter.Label != "__name__" && !slices.Contains(known[name], filter.Label) {
						t.Errorf("%s: %s has no label %s", where, name, filter.Label)
					}
				}
			}
		case *metricsql.AggrFuncExpr:
			grouped = append(grouped, e.Modifier.Args...)
		}
	})
	for _, label := range grouped {
		if !slices.Contains(labels, label) {
			t.Errorf("%s: no metric in it has the label %s that it groups by", where, label)
		}
	}
}

// TestDeployMetrics: the alerts and the dashboard ask for metrics and labels that are there, and no metric of ours is forgotten.
func TestDeployMetrics(t *testing.T) {
	r := startAlone(t)
	known, used := metricLabels(t, r.registry), map[string]bool{}
	for _, group := range readAlerts(t).Groups {
		for _, rule := range group.Rules {
			checkExpression(t, rule.Alert, rule.Expr, known, used)
			if rule.Annotations["summary"] == "" || rule.Labels["severity"] != "page" && rule.Labels["severity"] != "ticket" {
				t.Errorf("%s has no summary, or a severity of its own", rule.Alert)
			}
		}
	}
	for _, panel := range readDashboard(t) {
		if len(panel.Targets) == 0 && panel.Type != "row" {
			t.Errorf("the panel %s shows nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			checkExpression(t, panel.Title, target.Expr, known, used)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		if strings.HasPrefix(name, "headwater_") && !used[base] && !unshown[base] {
			t.Errorf("%s is on no dashboard and in no alert", base)
		}
	}
}

// unshown are the metrics that only somebody who looks for a cause needs.
var unshown = map[string]bool{
	"headwater_spool_damaged_segments_total": true, "headwater_spool_damaged_bytes_total": true, "headwater_spool_missing_records_total": true,
	"headwater_redis_checked_total": true, "headwater_redis_claims_total": true,
	"headwater_erasure_tombstones": true, "headwater_erased_records_changed_total": true, "headwater_erased_imports_refused_total": true,
	"headwater_set_aside_removed_total": true,
}

// TestDeployRunbook: every alert has its section, every section its alert, and every command in it can be given.
func TestDeployRunbook(t *testing.T) {
	content, err := os.ReadFile("../deploy/RUNBOOK.md")
	if err != nil {
		t.Fatal(err)
	}
	runbook := string(content)
	sections := map[string]bool{}
	for line := range strings.Lines(runbook) {
		if name, ok := strings.CutPrefix(line, "## Headwater"); ok {
			sections["Headwater"+strings.TrimSpace(name)] = true
		}
	}
	for _, group := range readAlerts(t).Groups {
		for _, rule := range group.Rules {
			if !sections[rule.Alert] {
				t.Errorf("the runbook says nothing of %s", rule.Alert)
			}
			delete(sections, rule.Alert)
		}
	}
	for name := range sections {
		t.Errorf("the runbook explains %s, which is no alert", name)
	}
	commands := regexp.MustCompile("(?:^|`|[ /])headwater ((?:spool|migrate|check-config|report|serve|erase)[^`|;#\n]*)").FindAllStringSubmatch(runbook, -1)
	if len(commands) < 10 {
		t.Errorf("only %d commands found", len(commands))
	}
	for _, command := range commands {
		var line commandLine
		parser, err := kong.New(&line, kong.Name("headwater"), kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) { panic(exited{}) }))
		if err != nil {
			t.Fatal(err)
		}
		args := strings.Fields(command[1])
		if slices.Contains(args, "-h") {
			continue
		}
		if _, err := parser.Parse(args); err != nil {
			t.Errorf("headwater %s: %v", command[1], err)
		}
	}
}
