//go:build linux || darwin

package engine

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"text/template"

	"github.com/headwater/headwater/tools/clickhouse/guard"
)

// Config says where an engine keeps its data and what it may use. The zero value of a field means its default.
type Config struct {
	Dir           string // data folder, made when absent; one process at a time
	MemoryBytes   int64  // limit for all statements together; default 2 GiB
	MaxStatements int    // statements in flight, others wait; default 32
}

// Defaults of [Config].
const (
	DefaultMemoryBytes   = 2 << 30
	DefaultMaxStatements = 32
)

func (c Config) withDefaults() Config {
	if c.MemoryBytes == 0 {
		c.MemoryBytes = DefaultMemoryBytes
	}
	if c.MaxStatements == 0 {
		c.MaxStatements = DefaultMaxStatements
	}
	return c
}

var (
	//go:embed config.xml
	configXML string
	//go:embed users.xml
	usersXML string

	functions      = template.FuncMap{"xml": escapeXML}
	configTemplate = template.Must(template.New("config.xml").Funcs(functions).Parse(configXML))
	usersTemplate  = template.Must(template.New("users.xml").Funcs(functions).Parse(usersXML))
)

// frozenSettings may be changed by no statement, SETTINGS clause or URL parameter: the engine answers 452.
var frozenSettings = []string{
	// name files of the host, or hosts to be called
	"format_template_row", "format_template_resultset", "format_schema", "format_schema_source", "format_schema_message_name",
	"input_format_record_errors_file_path", "errors_output_format", "output_format_schema", "rename_files_after_processing",
	"format_avro_schema_registry_url", "url_base", "filesystem_cache_name",
	// hold SQL in a string, where the filter does not look
	"additional_table_filters", "additional_result_filter", "parallel_replicas_custom_key", "schema_inference_hints",
	"column_names_for_schema_inference", "implicit_table_at_top_level", "default_view_definer",
	"input_format_values_interpret_expressions", "input_format_values_deduce_templates_of_expressions",
	// change the language itself
	"dialect", "polyglot_dialect", "allow_experimental_kusto_dialect", "allow_experimental_prql_dialect", "implicit_select",
	// call out
	"ai_function_text_default_credentials", "ai_function_embedding_default_credentials",
	"allow_introspection_functions", "cluster_for_parallel_replicas",
}

// files are the paths below the data folder.
type files struct{ root string }

func (f files) engine() string { return filepath.Join(f.root, "engine") }
func (f files) empty() string  { return filepath.Join(f.root, "config", "empty") }
func (f files) config() string { return filepath.Join(f.root, "config", "config.xml") }
func (f files) users() string  { return filepath.Join(f.root, "config", "users.xml") }
func (f files) lock() string   { return filepath.Join(f.root, "lock") }

// write makes the folders and renders the configuration, so that what protects the host is what this binary
// says and not what an earlier version or an editor left behind.
func (f files) write(c Config) error {
	for _, dir := range []string{f.engine(), f.empty()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	err := render(f.config(), configTemplate, map[string]any{
		"UsersFile":   f.users(),
		"EmptyDir":    f.empty() + "/",
		"MemoryBytes": c.MemoryBytes,
		"CacheBytes":  min(c.MemoryBytes/16, 128<<20),
	})
	if err != nil {
		return err
	}
	return render(f.users(), usersTemplate, map[string]any{"FrozenSettings": frozenSettings, "Engines": guard.AllowedEngines()})
}

func render(path string, text *template.Template, data any) error {
	var out bytes.Buffer
	if err := text.Execute(&out, data); err != nil {
		return fmt.Errorf("render %s: %w", filepath.Base(path), err)
	}
	return os.WriteFile(path, out.Bytes(), 0o600)
}

func escapeXML(s string) (string, error) {
	var out bytes.Buffer
	err := xml.EscapeText(&out, []byte(s))
	return out.String(), err
}
