package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/headwater/headwater/schema"
)

// fieldsModule is the name under which the snippet's sources import what the schema decides.
const fieldsModule = "headwater:fields"

// Names of the built scripts in snippet/dist: the core, which every page has, and the optional adapters.
const (
	coreFile     = "hw.js"
	adaptersFile = "hw-adapters.js"
)

// scriptFiles are the scripts among the built files.
var scriptFiles = []string{coreFile, adaptersFile}

// entryPoints are the scripts and where their sources begin, from the folder snippet.
var entryPoints = map[string]string{coreFile: "src/main.ts", adaptersFile: "src/adapters/main.ts"}

const declarationsFile = "hw.d.ts"

// build returns the files of snippet/dist by name, made from the sources in the folder snippet. Names given as only
// leave out the others.
func build(snippet string, only ...string) (map[string][]byte, error) {
	version, err := os.ReadFile(filepath.Join(snippet, "version.txt"))
	if err != nil {
		return nil, fmt.Errorf("read the version: %w", err)
	}
	declared, err := os.ReadFile(filepath.Join(snippet, "src", "api.ts"))
	if err != nil {
		return nil, fmt.Errorf("read the public API: %w", err)
	}
	files := map[string][]byte{}
	wanted := func(name string) bool { return len(only) == 0 || slices.Contains(only, name) }
	for name, entryPoint := range entryPoints {
		if !wanted(name) {
			continue
		}
		if files[name], err = bundle(snippet, entryPoint, fieldsSource(strings.TrimSpace(string(version)))); err != nil {
			return nil, fmt.Errorf("bundle %s:\n%w", name, err)
		}
	}
	if wanted(declarationsFile) {
		files[declarationsFile] = declarations(string(declared))
	}
	for _, name := range only {
		if files[name] == nil {
			return nil, fmt.Errorf("nothing builds %q: there are %s, %s and %s", name, coreFile, adaptersFile, declarationsFile)
		}
	}
	return files, nil
}

// formats are the wrappers of the scripts: a function around the adapters, a block around the core (see blockScoped).
var formats = map[string]api.Format{entryPoints[coreFile]: api.FormatESModule, entryPoints[adaptersFile]: api.FormatIIFE}

// Nothing may throw into the page, not even a missing browser feature at the start.
const (
	banner = "try{"
	footer = "}catch(e){}"
)

// bundle runs esbuild over the sources from entryPoint on.
func bundle(snippet, entryPoint, fields string) ([]byte, error) {
	result := api.Build(api.BuildOptions{
		AbsWorkingDir: snippet,
		EntryPoints:   []string{entryPoint},
		Bundle:        true,
		Format:        formats[entryPoint],
		Target:        api.ES2018,
		Charset:       api.CharsetASCII,
		LegalComments: api.LegalCommentsNone,
		// The sources are checked by tsc; here its options only would add bytes ("use strict").
		TsconfigRaw:       "{}",
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Banner:            map[string]string{"js": banner},
		Footer:            map[string]string{"js": footer},
		Plugins:           []api.Plugin{fieldsPlugin(fields)},
	})
	if len(result.Errors) > 0 {
		messages := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, errors.New(strings.Join(messages, "\n"))
	}
	script := result.OutputFiles[0].Contents
	if formats[entryPoint] == api.FormatESModule {
		var err error
		if script, err = blockScoped(script); err != nil {
			return nil, err
		}
	}
	return tighten(script), nil
}

var (
	declaresFunction = regexp.MustCompile(`\bfunction\b`)
	declaresVar      = regexp.MustCompile(`\bvar\b ?`)
)

// blockScoped keeps the script's names in the block that the banner opens, which saves the bytes of a function around them:
// what esbuild declares by var is declared by let, and neighbours become one statement. A function declaration would leave
// the block.
func blockScoped(script []byte) ([]byte, error) {
	if declaresFunction.Match(script) {
		return nil, errors.New("the core declares a function, which would become a global: write it as an arrow, const name = () => …")
	}
	result := api.Transform(string(declaresVar.ReplaceAll(script, []byte("let "))), api.TransformOptions{
		Target: api.ES2018, Charset: api.CharsetASCII, LegalComments: api.LegalCommentsNone,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
	})
	if len(result.Errors) > 0 {
		messages := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, errors.New(strings.Join(messages, "\n"))
	}
	return result.Code, nil
}

// tighten takes out the line ends around banner and footer. Others are in texts of several lines and stay.
func tighten(script []byte) []byte {
	script = bytes.Replace(script, []byte(banner+"\n"), []byte(banner), 1)
	if body, found := bytes.CutSuffix(script, []byte("\n"+footer+"\n")); found {
		script = append(body, footer+"\n"...)
	}
	return script
}

// fieldsPlugin answers imports of fieldsModule with source.
func fieldsPlugin(source string) api.Plugin {
	return api.Plugin{Name: "fields", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: "^" + fieldsModule + "$"},
			func(args api.OnResolveArgs) (api.OnResolveResult, error) {
				return api.OnResolveResult{Path: args.Path, Namespace: "headwater"}, nil
			})
		build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "headwater"},
			func(api.OnLoadArgs) (api.OnLoadResult, error) {
				return api.OnLoadResult{Contents: &source, Loader: api.LoaderJS}, nil
			})
	}}
}

// fieldsSource is the virtual module: the version, the names of the URL parameters that a touch keeps, and the greatest
// length of its fields. One string of names, split in the browser, weighs less than a list.
func fieldsSource(version string) string {
	quoted, _ := json.Marshal(version) // a string always marshals
	longest := 0
	for _, field := range touchFields() {
		longest = max(longest, field.Max)
	}
	return fmt.Sprintf("export const version=%s,parameters=%q,longest=%d", quoted, strings.Join(schema.URLParameters(), " "), longest)
}

// touchFields are the fields of a touch that the browser fills, in the order of their columns. The custom parameters are a
// map, which no hidden field is called: each of them is one of its own, named by the site.
func touchFields() []schema.Field {
	var fields []schema.Field
	for _, field := range schema.Fields(schema.Touch{}) {
		if field.By == "browser" && field.Name != "parameters" {
			fields = append(fields, field)
		}
	}
	return fields
}

// declarations is hw.d.ts: src/api.ts with the names of parameters and hidden fields spelt out.
func declarations(source string) []byte {
	var hidden []string
	for _, name := range []string{"site_id", "visitor_id", "submission_id", "page", "snippet_version"} {
		hidden = append(hidden, "hw_"+name)
	}
	for _, prefix := range []string{"hw_first_touch_", "hw_latest_touch_"} {
		for _, field := range touchFields() {
			hidden = append(hidden, prefix+field.Name)
		}
	}
	union := func(names []string) string { return "\n  | \"" + strings.Join(names, "\"\n  | \"") + "\"" }
	source = strings.ReplaceAll(source, ` import("`+fieldsModule+`").Parameter`, union(schema.URLParameters()))
	source = strings.ReplaceAll(source, `Record<import("`+fieldsModule+`").HiddenField, string>`, "Record<HiddenField, string>")
	return []byte("// Made by tools/bundle from snippet/src/api.ts and the schema. Do not edit.\n\n" + source +
		"\n/** The name of a hidden field. */\nexport type HiddenField =" + union(hidden) + ";\n")
}
