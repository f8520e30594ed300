package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

var update = flag.Bool("update", false, "write the golden files")

func TestOpenAPIDocument(t *testing.T) {
	w := apitest.New(t)
	a := w.Call("", "GET", "/openapi.json", "")
	a.Want(t, 200, map[string]any{"openapi": "3.1.0"})
	var pretty bytes.Buffer
	apitest.Must(t, json.Indent(&pretty, []byte(a.Text), "", "  "))
	pretty.WriteByte('\n')
	golden := "openapi.json"
	if *update {
		apitest.Must(t, os.WriteFile(golden, pretty.Bytes(), 0o644))
	}
	want, err := os.ReadFile(filepath.Clean(golden))
	apitest.Must(t, err)
	if diff := cmp.Diff(string(want), pretty.String()); diff != "" {
		t.Errorf("openapi.json is out of date; look at the difference, then run with -update (-file +now):\n%s", diff)
	}
	var documented, served []string
	for path, item := range a.JSON["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			documented = append(documented, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range api.Routes() {
		served = append(served, r.Method+" "+r.Path)
	}
	slices.Sort(documented)
	slices.Sort(served)
	if diff := cmp.Diff(served, documented); diff != "" {
		t.Errorf("routes (-served +documented):\n%s", diff)
	}
}

// The documentation of /v1/latencies names every measure.
func TestMeasuresAreDocumented(t *testing.T) {
	for _, p := range apitest.New(t).API.OpenAPI.Paths["/v1/latencies"].Get.Parameters {
		if p.Name != "measure" {
			continue
		}
		for _, m := range record.Measures {
			if !strings.Contains(p.Description, string(m)) {
				t.Errorf("%q does not name %s", p.Description, m)
			}
		}
	}
}

// Every reference of the document leads somewhere.
func TestOpenAPIReferences(t *testing.T) {
	a := apitest.New(t).Call("", "GET", "/openapi.json", "")
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				var at any = a.JSON
				for _, step := range strings.Split(ref, "/")[1:] {
					within, _ := at.(map[string]any)
					at = within[step]
				}
				if at == nil {
					t.Errorf("%s leads nowhere", ref)
				}
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(a.JSON)
}

// A request with a field that is not known has a mistake; an answer may get more
// fields within a version.
func TestRequestsAreClosedAndAnswersOpen(t *testing.T) {
	a := apitest.New(t).Call("", "GET", "/openapi.json", "")
	for name, schema := range a.JSON["components"].(map[string]any)["schemas"].(map[string]any) {
		additional, said := schema.(map[string]any)["additionalProperties"]
		if request := strings.HasSuffix(name, "Request"); request != said || request && additional != false {
			t.Errorf("%s: additionalProperties is %v", name, additional)
		}
	}
}

// Every type of event has its own schema, and that one the schema of its data.
func TestEveryEventIsDocumented(t *testing.T) {
	a := apitest.New(t).Call("", "GET", "/openapi.json", "")
	schemas := a.JSON["components"].(map[string]any)["schemas"].(map[string]any)
	event := schemas["Event"].(map[string]any)
	if got := event["discriminator"].(map[string]any)["propertyName"]; got != "type" || len(event["oneOf"].([]any)) != len(repair.Events) {
		t.Errorf("discriminator %v, %d types", got, len(event["oneOf"].([]any)))
	}
	for _, e := range repair.Events {
		name := record.NameOf(e)
		one, _ := schemas[name+"Event"].(map[string]any)
		if one == nil || event["discriminator"].(map[string]any)["mapping"].(map[string]any)[name] != "#/components/schemas/"+name+"Event" {
			t.Errorf("%s is not documented", name)
			continue
		}
		properties := one["properties"].(map[string]any)
		if diff := cmp.Diff(map[string]any{"$ref": "#/components/schemas/" + name}, properties["data"]); diff != "" {
			t.Errorf("data of %s (-want +got):\n%s", name, diff)
		}
	}
}

// Null is taken for every field of a request that is optional, and documented so.
func TestOptionalFieldsMayBeNull(t *testing.T) {
	a := apitest.New(t).Call("", "GET", "/openapi.json", "")
	for name, schema := range a.JSON["components"].(map[string]any)["schemas"].(map[string]any) {
		schema := schema.(map[string]any)
		required, _ := schema["required"].([]any)
		properties, _ := schema["properties"].(map[string]any)
		for field, p := range properties {
			p := p.(map[string]any)
			types, _ := p["type"].([]any)
			nullable := slices.Contains(types, "null") || p["anyOf"] != nil
			if strings.HasSuffix(name, "Request") && nullable == slices.Contains(required, any(field)) {
				t.Errorf("%s.%s may be null: %t", name, field, nullable)
			}
		}
	}
}

// The answers that make a repair or a quote lead to the routes about it.
func TestWhatIsMadeLeadsOn(t *testing.T) {
	doc := apitest.New(t).API.OpenAPI
	from := func(answer *huma.Response) (ids []string) {
		for _, l := range answer.Links {
			ids = append(ids, l.OperationID)
		}
		slices.Sort(ids)
		return ids
	}
	var repairs, quotes []string
	for _, r := range api.Routes() {
		switch {
		case strings.Contains(r.Path, "{revision}"):
			quotes = append(quotes, r.ID)
		case strings.HasPrefix(r.Path, "/v1/repairs/{id}"):
			repairs = append(repairs, r.ID)
		}
	}
	slices.Sort(repairs)
	slices.Sort(quotes)
	if diff := cmp.Diff(repairs, from(doc.Paths["/v1/repairs"].Post.Responses["201"])); diff != "" {
		t.Errorf("from a repair (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(quotes, from(doc.Paths["/v1/repairs/{id}/quotes"].Post.Responses["201"])); diff != "" {
		t.Errorf("from a quote (-want +got):\n%s", diff)
	}
}
