// Command golden renders every case of test/vectors/templates/*.yaml with Go's own text/template and the pinned
// function libraries, and writes what came out to *.golden.json beside it. The TypeScript engine is held to that.
//
// Usage, from this folder: GOARCH=amd64 TZ=UTC go run . ../../test/vectors/templates
// With the argument "serve" it renders cases from its standard input instead, see serve.go.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// group is one file of cases: data shared by all of them, and the cases themselves.
type group struct {
	Data  map[string]string `json:"data"`
	Bytes map[string]string `json:"bytes"`
	Cases []json.RawMessage `json:"cases"`
}

// spec is one case; a bare string in the file is a case with only a template. TemplateB64 is for what is no clean UTF-8.
type spec struct {
	Template    string                       `json:"t"`
	TemplateB64 []byte                       `json:"base64"`
	Data        map[string]string            `json:"data"`
	Bytes       map[string]string            `json:"bytes"`
	Nested      map[string]map[string]string `json:"nested"`
	Name        string                       `json:"name"`
	MissingKey  string                       `json:"missingKey"`
	Delims      []string                     `json:"delims"`
	Loose       bool                         `json:"loose"`
	Parse       string                       `json:"parse"`
}

// result is a case with what Go made of it. Texts that are no clean UTF-8 are kept as base64.
type result struct {
	Template    string                       `json:"template,omitempty"`
	TemplateB64 string                       `json:"templateBase64,omitempty"`
	Data        map[string]string            `json:"data,omitempty"`
	Bytes       map[string]string            `json:"bytes,omitempty"`
	Nested      map[string]map[string]string `json:"nested,omitempty"`
	Name        string                       `json:"name,omitempty"`
	MissingKey  string                       `json:"missingKey,omitempty"`
	Delims      []string                     `json:"delims,omitempty"`
	Loose       bool                         `json:"loose,omitempty"`
	Parse       string                       `json:"parse,omitempty"`
	Output      *string                      `json:"output,omitempty"`
	OutputB64   string                       `json:"outputBase64,omitempty"`
	Error       string                       `json:"error,omitempty"`
	Class       string                       `json:"class,omitempty"`
}

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: golden <folder of vectors>"))
	}
	if os.Args[1] == "serve" {
		serve()
		return
	}
	files, err := filepath.Glob(filepath.Join(os.Args[1], "*.yaml"))
	fail(err)
	total := 0
	for _, file := range files {
		if len(os.Args) > 2 && !strings.Contains(file, os.Args[2]) {
			continue
		}
		total += generate(file)
	}
	fmt.Fprintln(os.Stderr, total, "cases")
}

func generate(file string) int {
	text, err := os.ReadFile(file)
	fail(err)
	var g group
	if err := yaml.Unmarshal(text, &g); err != nil {
		fail(fmt.Errorf("%s: %w", file, err))
	}
	var out bytes.Buffer
	head, err := json.Marshal(map[string]any{"data": g.Data, "bytes": g.Bytes})
	fail(err)
	out.WriteString("{\"shared\":" + string(head) + ",\n\"cases\":[\n")
	for i, raw := range g.Cases {
		var s spec
		if raw[0] == '"' {
			fail(json.Unmarshal(raw, &s.Template))
		} else if err := json.Unmarshal(raw, &s); err != nil {
			fail(fmt.Errorf("%s: case %d: %w", file, i, err))
		}
		if s.TemplateB64 != nil {
			s.Template = string(s.TemplateB64)
		}
		line, err := marshal(run(g, s))
		fail(err)
		if i > 0 {
			out.WriteString(",\n")
		}
		out.Write(line)
	}
	out.WriteString("\n]}\n")
	fail(os.WriteFile(strings.TrimSuffix(file, ".yaml")+".golden.json", out.Bytes(), 0o644))
	return len(g.Cases)
}

func marshal(r result) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(r)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

func run(g group, s spec) result {
	r := result{Data: s.Data, Bytes: s.Bytes, Nested: s.Nested, Name: s.Name, MissingKey: s.MissingKey, Delims: s.Delims, Loose: s.Loose, Parse: s.Parse}
	if utf8.ValidString(s.Template) {
		r.Template = s.Template
	} else {
		r.TemplateB64 = base64.StdEncoding.EncodeToString([]byte(s.Template))
	}
	output, class, err := render(g, s)
	switch {
	case err != nil:
		r.Error, r.Class = err.Error(), class
	case utf8.ValidString(output):
		r.Output = &output
	default:
		r.OutputB64 = base64.StdEncoding.EncodeToString([]byte(output))
	}
	return r
}

func render(g group, s spec) (output, class string, err error) {
	var dot any
	if s.Nested != nil {
		dot = s.Nested
	} else {
		dot = flat(g, s)
	}
	name := s.Name
	if name == "" {
		name = "t"
	}
	missing := s.MissingKey
	if missing == "" {
		missing = "error"
	}
	t := template.New(name).Option("missingkey=" + missing).Funcs(functions())
	if len(s.Delims) == 2 {
		t = t.Delims(s.Delims[0], s.Delims[1])
	}
	t, err = t.Parse(s.Template)
	if err != nil {
		return "", "parse", err
	}
	var b strings.Builder
	if err := t.Execute(&b, dot); err != nil {
		return "", "exec", err
	}
	if s.Parse == "" {
		return b.String(), "", nil
	}
	parsed, err := parseYAML(s.Parse, b.String())
	return parsed, "yaml", err
}

// parseYAML reads rendered text the way the operator does: a map of texts, or any document.
func parseYAML(how, text string) (string, error) {
	var into any
	if how == "keysAndValues" {
		into = &map[string]string{}
	} else {
		into = new(any)
	}
	if err := yaml.Unmarshal([]byte(text), into); err != nil {
		return "", err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(into)
	return strings.TrimRight(b.String(), "\n"), err
}

func flat(g group, s spec) map[string]string {
	all := map[string]string{}
	for _, m := range []map[string]string{g.Data, s.Data} {
		for k, v := range m {
			all[k] = v
		}
	}
	for _, m := range []map[string]string{g.Bytes, s.Bytes} {
		for k, v := range m {
			b, err := base64.StdEncoding.DecodeString(v)
			fail(err)
			all[k] = string(b)
		}
	}
	return all
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
