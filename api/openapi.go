package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"pitstop/api/web"
	"pitstop/schemas/avro"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// tags group the routes by the first word of their path, in the order of the
// documentation.
var tags = []*huma.Tag{
	{Name: "repairs", Description: "Repairs from their start to their end, with their quotes and messages."},
	{Name: "conversations", Description: "What customer service has to look at."},
	{Name: "events", Description: "Everything that happens, in order, for programs that keep up with it."},
	{Name: "commands", Description: "What became of what was sent."},
	{Name: "latencies", Description: "How long everybody waits."},
}

// tag returns the tag of a path.
func tag(path string) string {
	word, _, _ := strings.Cut(strings.TrimPrefix(path, "/v1/"), "/")
	return word
}

// headers are the headers of answers that say something about the answer. What
// web.Secure sets stands on every answer.
var headers = map[string]string{
	"Location":            "Where what was made, or the outcome, can be read.",
	"Idempotent-Replayed": "true: the key was used before, for the same request; this is the answer of that time.",
	"Preference-Applied":  "respond-async, where it was asked for.",
	"Retry-After":         "Seconds to wait before the next attempt.",
	"ETag":                "Changes when the answer says something else; send it back as If-None-Match.",
	"WWW-Authenticate":    "What kind of token is wanted, and what is wrong with this one (RFC 6750).",
}

// problemHeaders are the headers of problems, by status.
var problemHeaders = map[int][]string{
	http.StatusUnauthorized:        {"WWW-Authenticate"},
	http.StatusForbidden:           {"WWW-Authenticate"},
	http.StatusNotFound:            {"Idempotent-Replayed"},
	http.StatusConflict:            {"Idempotent-Replayed"},
	http.StatusUnprocessableEntity: {"Idempotent-Replayed"},
	http.StatusTooManyRequests:     {"Retry-After"},
	http.StatusServiceUnavailable:  {"Retry-After"},
}

func openapi(guide string) huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Pitstop", Version: "1", Description: guide,
				Contact: &huma.Contact{Name: "Whoever runs this Pitstop"},
				License: &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
			},
			Servers: []*huma.Server{{URL: "/", Description: "Where this document was read."}},
			Tags:    tags,
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "The token's roles and garages say what it opens."},
				},
			},
			Security: []map[string][]string{{"token": {}}},
		},
		Formats:       map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat: "application/json",
	}
}

// schemaName tells the types of requests from those of the read model.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if strings.HasSuffix(t.PkgPath(), "schemas/request") {
		return name + requestSuffix
	}
	return name
}

// requestSuffix ends the names of the schemas of requests. Theirs are closed: a
// field that is not known is a mistake. Those of answers are open: fields may be
// added within a version.
const requestSuffix = "Request"

// document is the OpenAPI document of the routes.
type document struct{ *huma.OpenAPI }

// complete adds to the document what huma does not know: the headers, what
// problems look like, and the events.
func (d document) complete() error {
	d.Components.Headers = make(map[string]*huma.Header)
	for name, text := range headers {
		d.Components.Headers[name] = &huma.Header{Description: text, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	d.Components.Headers["Retry-After"].Schema.Type = huma.TypeInteger
	d.Components.Responses = make(map[string]*huma.Response)
	for _, r := range routes {
		op := operationOf(d.OpenAPI, r)
		if op == nil {
			return fmt.Errorf("nothing handles %s", r.id)
		}
		for _, status := range r.refusals() {
			name := strings.ReplaceAll(http.StatusText(status), " ", "")
			d.Components.Responses[name] = d.problems(status)
			op.Responses[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + name}
		}
		success := op.Responses[strconv.Itoa(r.status)]
		success.Headers = nil
		if !r.writes() {
			success.Headers = headersOf("ETag")
			op.Parameters = append(op.Parameters, ifNoneMatch)
			op.Responses["304"] = &huma.Response{Description: "It says what the answer with this ETag said", Headers: headersOf("ETag")}
			continue
		}
		success.Headers = headersOf("Idempotent-Replayed")
		if r.status == http.StatusCreated {
			success.Headers = headersOf("Idempotent-Replayed", "Location")
		}
		success.Links = linksFrom(r)
		late := &huma.Response{
			Description: "Written, and not answered yet",
			Headers:     headersOf("Location", "Preference-Applied"),
			Content:     map[string]*huma.MediaType{"application/json": {Schema: d.schema(reflect.TypeFor[CommandReply]())}},
			Links:       map[string]*huma.Link{"get-command": {OperationID: "get-command", Parameters: map[string]any{"id": "$response.body#/command_id"}}},
		}
		if r.status == http.StatusAccepted {
			late.Description = "Accepted: a mail follows. Or pending: written, and not answered yet"
			late.Headers = headersOf("Location", "Preference-Applied", "Idempotent-Replayed")
		}
		op.Responses["202"] = late
	}
	d.Paths["/v1/events"].Get.Responses["200"].Content = map[string]*huma.MediaType{ // it writes by itself
		"application/json":  {Schema: d.schema(reflect.TypeFor[readmodel.EventPage]())},
		"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString, Description: "Each message's data is an Event, its id the event's cursor."}},
	}
	for _, p := range d.Paths["/v1/events"].Get.Parameters {
		if p.Name == "Accept" { // a tag holds no constant
			p.Description = fmt.Sprintf(p.Description, maxStreams)
			p.Schema.Description = p.Description
		}
	}
	if err := d.completeEvents(); err != nil {
		return err
	}
	for name, s := range d.Components.Schemas.Map() {
		if !strings.HasSuffix(name, requestSuffix) {
			s.AdditionalProperties = nil
		}
	}
	return nil
}

// schema returns a reference to the schema of a type.
func (d document) schema(t reflect.Type) *huma.Schema {
	return d.Components.Schemas.Schema(t, true, "")
}

// ifNoneMatch is the header that asks only for what is new.
var ifNoneMatch = &huma.Param{
	Name: "If-None-Match", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
	Description: "The ETag of an earlier answer: if it would be the same but for `as_of`, the answer is 304.",
}

func headersOf(names ...string) map[string]*huma.Header {
	all := make(map[string]*huma.Header)
	for _, name := range names {
		all[name] = &huma.Header{Ref: "#/components/headers/" + name}
	}
	return all
}

// linksFrom says what can follow what makes a repair or a quote, by the ids of its answer.
func linksFrom(made route) map[string]*huma.Link {
	parameters := map[string]any{"id": "$response.body#/repair_id"}
	about := "/v1/repairs/{id}"
	switch made.id {
	case "start-repair":
	case "request-approval":
		about += "/quotes/{revision}"
		parameters["revision"] = "$response.body#/revision"
	default:
		return nil
	}
	links := make(map[string]*huma.Link)
	for _, r := range routes {
		if strings.HasPrefix(r.path, about) && strings.Contains(r.path, "{revision}") == (parameters["revision"] != nil) {
			links[r.id] = &huma.Link{OperationID: r.id, Parameters: parameters}
		}
	}
	return links
}

// problems returns what the problems with a status have in common.
func (d document) problems(status int) *huma.Response {
	var codes []string
	for _, k := range web.Kinds {
		if k.Status == status {
			codes = append(codes, fmt.Sprintf("%s: %s.", k.Code, k.Title))
		}
	}
	return &huma.Response{
		Description: strings.Join(codes, " "),
		Headers:     headersOf(problemHeaders[status]...),
		Content:     map[string]*huma.MediaType{web.ProblemType: {Schema: d.schema(reflect.TypeFor[web.Problem]())}},
	}
}

// completeEvents makes Event one of the kinds of events, each with the schema of
// its data.
func (d document) completeEvents() error {
	schemas := d.Components.Schemas.Map()
	envelope := schemas["Event"]
	event := &huma.Schema{
		Description:   "One event. There may be new types: pass over those that you do not know.",
		Discriminator: &huma.Discriminator{PropertyName: "type", Mapping: make(map[string]string)},
	}
	for _, e := range repair.Events {
		name := record.NameOf(e)
		data, err := d.recorded(reflect.TypeOf(e).Elem(), name)
		if err != nil {
			return err
		}
		one := *envelope
		one.Properties = make(map[string]*huma.Schema)
		for field, s := range envelope.Properties {
			one.Properties[field] = s
		}
		one.Properties["type"] = &huma.Schema{Type: huma.TypeString, Enum: []any{name}}
		one.Properties["data"] = data
		one.Description = schemas[name].Description
		one.Properties["type"].PrecomputeMessages()
		one.PrecomputeMessages()
		schemas[name+"Event"] = &one
		ref := "#/components/schemas/" + name + "Event"
		event.OneOf = append(event.OneOf, &huma.Schema{Ref: ref})
		event.Discriminator.Mapping[name] = ref
	}
	schemas["Event"] = event
	return nil
}

// recorded returns a reference to the schema of a part of an event, by its name.
func (d document) recorded(t reflect.Type, name string) (*huma.Schema, error) {
	schemas, ref := d.Components.Schemas.Map(), &huma.Schema{Ref: "#/components/schemas/" + name}
	if schemas[name] != nil {
		return ref, nil
	}
	object, err := avro.DescribeJSON(t)
	if err != nil {
		return nil, err
	}
	s := &huma.Schema{Type: huma.TypeObject, Description: object.Doc, Properties: make(map[string]*huma.Schema)}
	schemas[name] = s
	for _, f := range object.Fields {
		if s.Properties[f.Name], err = d.recordedField(f); err != nil {
			return nil, err
		}
		if f.Always {
			s.Required = append(s.Required, f.Name)
		}
	}
	s.PrecomputeMessages()
	return ref, nil
}

// recordedField returns the schema of a field of a part of an event.
func (d document) recordedField(f avro.JSONField) (*huma.Schema, error) {
	t, list := f.Type, false
	if t.Kind() == reflect.Slice {
		t, list = t.Elem(), true
	}
	var s *huma.Schema
	if t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]() {
		var err error
		if s, err = d.recorded(t, "Event"+t.Name()); err != nil {
			return nil, err
		}
	} else {
		s = huma.SchemaFromType(d.Components.Schemas, t)
	}
	if list {
		s = &huma.Schema{Type: huma.TypeArray, Items: s}
	}
	s.Description = f.Doc
	return s, nil
}

// json returns the document with its examples, and with what may be null. Huma
// cannot express that of an object, and takes null for any field of a request that
// is optional; so the schemas are replaced while the document is written.
func (d document) json() ([]byte, error) {
	for _, r := range routes {
		if example := examples[r.id]; example != "" {
			operationOf(d.OpenAPI, r).RequestBody.Content["application/json"].Example = json.RawMessage(example)
		}
	}
	for name, s := range d.Components.Schemas.Map() {
		properties := s.Properties
		defer func() { s.Properties = properties }()
		s.Properties = maps.Clone(properties)
		for field, p := range properties {
			request := strings.HasSuffix(name, requestSuffix)
			if request && !slices.Contains(s.Required, field) || name == "Repair" && field == "approver" {
				s.Properties[field] = orNull(p)
			}
		}
	}
	return json.Marshal(d.OpenAPI)
}

// orNull returns the schema of what a schema describes, or null.
func orNull(s *huma.Schema) *huma.Schema {
	null := *s
	if s.Ref != "" {
		null.Ref, null.AnyOf = "", []*huma.Schema{{Ref: s.Ref}, {Type: "null"}}
		return &null
	}
	null.Nullable = true
	if len(s.Enum) > 0 {
		null.Enum = append(slices.Clone(s.Enum), nil)
	}
	return &null
}

// operationOf returns a route's operation, nil where nothing handles it.
func operationOf(doc *huma.OpenAPI, r route) *huma.Operation {
	item := doc.Paths[r.path]
	switch {
	case item == nil:
		return nil
	case r.method == http.MethodPost:
		return item.Post
	case r.method == http.MethodPatch:
		return item.Patch
	case r.method == http.MethodDelete:
		return item.Delete
	}
	return item.Get
}
