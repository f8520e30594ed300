package api

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"pitstop/api/web"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// What the documentation's page is made of.
var (
	//go:embed templates
	templates embed.FS
	//go:embed static
	static embed.FS
)

// serve mounts the OpenAPI document, and a page of it for people.
func (d document) serve(r chi.Router, assets string) error {
	spec, err := d.json()
	if err != nil {
		return fmt.Errorf("write OpenAPI document: %w", err)
	}
	t, err := template.ParseFS(templates, "templates/docs.html")
	if err != nil {
		return fmt.Errorf("parse templates: %w", err)
	}
	var page bytes.Buffer
	if err := t.ExecuteTemplate(&page, "docs.html", d.reference(assets)); err != nil {
		return fmt.Errorf("write documentation: %w", err)
	}
	r.Get("/openapi.json", unchanging("application/openapi+json", spec))
	r.Get("/docs", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", web.PagePolicy)
		unchanging("text/html; charset=utf-8", page.Bytes())(w, r)
	})
	r.Get("/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/docs", http.StatusSeeOther)
	})
	return nil
}

// unchanging serves what stays the same for as long as the process lives, and whole.
func unchanging(media string, content []byte) http.HandlerFunc {
	tag := tagOf(content)
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache") // ask whether it is the same
		w.Header().Set("Content-Type", media)
		answer(w, r, tag, content)
	}
}

// reference is the documentation as its template shows it.
type reference struct {
	Assets   string
	Guide    []chapter
	Groups   []group
	Envelope []field // of every event
	Events   []eventType
	Problems []web.Kind
}

// eventType is a type of events with the fields of its data.
type eventType struct {
	Name, Text string
	Data       []field
}

type group struct {
	Name       string
	Operations []operation
}

type operation struct {
	ID, Method, Path, Summary string
	For                       string
	Parameters, Body          []field
	Replies                   []replied
	Example                   string // a body
	Refusals                  string
}

type replied struct {
	Status, Type string
	Fields       []field
}

// field is a parameter or a property; Depth is its level of nesting.
type field struct {
	Depth            int
	Name, Type, Text string
	Required         bool
}

func (d document) reference(assets string) reference {
	ref := reference{Assets: assets, Guide: chaptersOf(d.Info.Description), Problems: web.Kinds}
	schemas := d.Components.Schemas.Map()
	for _, e := range repair.Events {
		name := record.NameOf(e)
		ref.Events = append(ref.Events, eventType{name, schemas[name].Description, d.fields(schemas[name], 0)})
		if ref.Envelope == nil {
			ref.Envelope = slices.DeleteFunc(d.fields(schemas[name+"Event"], 0), func(f field) bool { return f.Depth > 0 || f.Name == "type" || f.Name == "data" })
		}
	}
	for _, r := range routes {
		op := operationOf(d.OpenAPI, r)
		o := operation{ID: r.id, Method: r.method, Path: r.path, Summary: r.summary, For: r.allowed(), Example: examples[r.id]}
		for _, p := range op.Parameters {
			o.Parameters = append(o.Parameters, field{
				Name: p.Name, Type: "in the " + p.In + ": " + typeOf(p.Schema), Text: strings.TrimSpace(p.Description), Required: p.Required,
			})
		}
		if op.RequestBody != nil {
			o.Body = d.fields(op.RequestBody.Content["application/json"].Schema, 0)
		}
		var refusals []string
		for _, status := range sortedKeys(op.Responses) {
			if status >= "400" {
				refusals = append(refusals, status)
				continue
			}
			for _, media := range sortedKeys(op.Responses[status].Content) {
				o.Replies = append(o.Replies, replied{status, media, d.fields(op.Responses[status].Content[media].Schema, 0)})
			}
		}
		o.Refusals = strings.Join(refusals, ", ")
		name := tag(r.path)
		i := slices.IndexFunc(ref.Groups, func(g group) bool { return g.Name == name })
		if i < 0 {
			i, ref.Groups = len(ref.Groups), append(ref.Groups, group{Name: name})
		}
		ref.Groups[i].Operations = append(ref.Groups[i].Operations, o)
	}
	return ref
}

// fields lists the properties of a schema, those of nested objects below them.
func (d document) fields(schema *huma.Schema, depth int) []field {
	if schema != nil && schema.Ref != "" {
		schema = d.Components.Schemas.SchemaFromRef(schema.Ref)
	}
	if schema == nil || depth > 6 {
		return nil
	}
	if schema.Type == huma.TypeArray {
		return d.fields(schema.Items, depth)
	}
	var all []field
	for _, name := range sortedKeys(schema.Properties) {
		p := schema.Properties[name]
		all = append(all, field{
			Depth: depth, Name: name, Type: typeOf(p), Text: p.Description, Required: slices.Contains(schema.Required, name),
		})
		all = append(all, d.fields(p, depth+1)...)
	}
	return all
}

// typeOf names what a value may be.
func typeOf(s *huma.Schema) string {
	switch {
	case s.Ref != "":
		return "object"
	case s.Type == huma.TypeArray:
		return "list of " + typeOf(s.Items) + "s"
	case len(s.Enum) > 0:
		var values []string
		for _, v := range s.Enum {
			values = append(values, fmt.Sprint(v))
		}
		return strings.Join(values, " | ")
	case s.Format != "" && s.Type == huma.TypeString:
		return s.Format
	case s.Type == "":
		return "object"
	}
	return s.Type
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
