package main

import (
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/avsc"
)

// The files in avsc are what the Go structs and their comments say.
func TestSchemaFilesAreCurrent(t *testing.T) {
	want, err := generate("../..")
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(avsc.Files, "*")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(slices.Sorted(maps.Keys(want)), names); d != "" {
		t.Errorf("avsc has other files than there are records; run go generate ./schemas/avsc:\n%s", d)
	}
	for name, text := range want {
		got, err := avsc.Files.ReadFile(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if d := cmp.Diff(string(text), string(got)); d != "" {
			t.Errorf("%s is not current; run go generate ./schemas/avsc:\n%s", name, d)
		}
	}
}

// Every record and every field is documented, for those who see only the registry.
func TestEverythingIsDocumented(t *testing.T) {
	files, err := generate("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		var schema any
		if err := json.Unmarshal(text, &schema); err != nil {
			t.Fatal(err)
		}
		undocumented(schema, func(what string) { t.Errorf("%s: %s has no documentation", name, what) })
	}
}

// undocumented reports the records and fields of a schema that have no doc.
func undocumented(schema any, report func(what string)) {
	switch s := schema.(type) {
	case []any:
		for _, branch := range s {
			undocumented(branch, report)
		}
	case map[string]any:
		if s["type"] == "record" && (s["doc"] == nil || s["doc"] == "") {
			report(s["name"].(string))
		}
		fields, _ := s["fields"].([]any)
		for _, f := range fields {
			field := f.(map[string]any)
			if field["doc"] == nil || field["doc"] == "" {
				report(s["name"].(string) + "." + field["name"].(string))
			}
			undocumented(field["type"], report)
		}
		undocumented(s["items"], report)
		undocumented(s["values"], report)
	}
}
