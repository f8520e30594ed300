package avro

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"strings"
	"sync"

	"pitstop/schemas/avsc"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// JSONObject describes the object that AppendJSON writes of a struct type.
type JSONObject struct {
	Doc    string
	Fields []JSONField
}

// JSONField is a field of a JSONObject.
type JSONField struct {
	Name string
	Doc  string
	// Type of the value. A FreeText is a string; where it is a struct, or a slice of
	// one, DescribeJSON describes that one, too.
	Type reflect.Type
	// Always says that the field is there; any other is left out when it is empty.
	Always bool
}

// DescribeJSON describes the object that AppendJSON writes of a struct type of the
// catalogue, or of one within it.
func DescribeJSON(t reflect.Type) (JSONObject, error) {
	docs, err := recordDocs()
	if err != nil {
		return JSONObject{}, err
	}
	o := JSONObject{Doc: docs[t.Name()+"."]}
	for _, f := range fieldsOf(t) {
		goField := t.FieldByIndex(f.index)
		field := JSONField{Name: strings.Trim(string(f.key), `":`), Type: goField.Type}
		name, option := fieldTag(goField)
		field.Doc = docs[t.Name()+"."+name]
		switch k := field.Type.Kind(); {
		case field.Type == personalType:
			sealed, doc, err := personalRecord(field.Doc)
			if err != nil {
				return o, fmt.Errorf("%s.%s: %w", t.Name(), name, err)
			}
			if t == reflect.TypeFor[repair.Contact]() {
				details, err := DescribeJSON(sealed)
				if err != nil {
					return o, err
				}
				o.Fields = append(o.Fields, details.Fields...)
				continue
			}
			field.Type, field.Doc = sealed, doc
			if sealed == reflect.TypeFor[repair.FreeText]() {
				field.Type = reflect.TypeFor[string]()
			}
		case k == reflect.Pointer:
			field.Type = field.Type.Elem()
		case k == reflect.String, k == reflect.Slice, k == reflect.Map:
		case k == reflect.Struct:
			field.Always = option == "required"
		default:
			field.Always = true
		}
		o.Fields = append(o.Fields, field)
	}
	return o, nil
}

// sealed is how the documentation of a Personal names the record in it.
var sealed = regexp.MustCompile(`^An? (\w+) record: (.)`)

// personalRecord reads, in the documentation of a Personal, the type of the record
// in it, and returns it with the rest.
func personalRecord(doc string) (t reflect.Type, rest string, err error) {
	named := sealed.FindStringSubmatch(doc)
	if named == nil {
		return nil, "", fmt.Errorf("%q does not begin with the record that is in it", doc)
	}
	for _, t := range record.Types() {
		if t.Name() == named[1] {
			return t, strings.ToUpper(named[2]) + strings.TrimPrefix(doc, named[0]), nil
		}
	}
	return nil, "", fmt.Errorf("the catalogue has no %s", named[1])
}

// recordDocs returns the documentation of every record ("Name.") and of its fields
// ("Name.field"), as the schemas have it.
var recordDocs = sync.OnceValues(func() (map[string]string, error) {
	docs := make(map[string]string)
	var walk func(schema any)
	walk = func(schema any) {
		switch s := schema.(type) {
		case []any:
			for _, one := range s {
				walk(one)
			}
		case map[string]any:
			walk(s["type"])
			walk(s["items"])
			name, _ := s["name"].(string)
			fields, _ := s["fields"].([]any)
			if fields == nil {
				return
			}
			docs[name+"."], _ = s["doc"].(string)
			for _, f := range fields {
				f, _ := f.(map[string]any)
				field, _ := f["name"].(string)
				docs[name+"."+field], _ = f["doc"].(string)
				walk(f["type"])
			}
		}
	}
	files, err := fs.Glob(avsc.Files, "*.avsc")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		text, err := avsc.Files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var schema any
		if err := json.Unmarshal(text, &schema); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		walk(schema)
	}
	return docs, nil
})
