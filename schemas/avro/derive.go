package avro

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Namespace of every record; its full name is Namespace.Name.
const Namespace = "pitstop"

var timeType = reflect.TypeFor[time.Time]()

// Avro schemas as they are written in JSON, fields in Avro's usual order.
type (
	recordSchema struct {
		Type      string        `json:"type"`
		Name      string        `json:"name"`
		Namespace string        `json:"namespace,omitempty"`
		Doc       string        `json:"doc,omitempty"`
		Fields    []fieldSchema `json:"fields"`
	}
	fieldSchema struct {
		Name    string          `json:"name"`
		Doc     string          `json:"doc,omitempty"`
		Type    any             `json:"type"`
		Default json.RawMessage `json:"default,omitempty"`
	}
	logicalSchema struct {
		Type        string `json:"type"`
		LogicalType string `json:"logicalType"`
	}
	arraySchema struct {
		Type  string `json:"type"`
		Items any    `json:"items"`
	}
	mapSchema struct {
		Type   string `json:"type"`
		Values any    `json:"values"`
	}
)

// Docs returns the documentation of a type (field "") or of one of its fields.
type Docs func(t reflect.Type, field string) string

// Derive returns the Avro schema of a struct type, to be marshalled as JSON.
//
// A time.Time is a timestamp-micros, nullable unless its tag says required, and
// the zero time is null; a pointer to a struct is a nullable record; an embedded
// struct's fields stand among its owner's; an int32 is an int, an int64 a long.
func Derive(t reflect.Type, docs Docs) (any, error) {
	return (&deriver{docs: docs, seen: make(map[string]bool)}).record(t)
}

type deriver struct {
	docs Docs
	seen map[string]bool // a named type is defined once, then referred to
}

func (d *deriver) record(t reflect.Type) (any, error) {
	if d.seen[t.Name()] {
		return Namespace + "." + t.Name(), nil
	}
	d.seen[t.Name()] = true
	r := recordSchema{Type: "record", Name: t.Name(), Namespace: Namespace, Doc: d.docs(t, "")}
	var err error
	r.Fields, err = d.fields(t, nil)
	return r, err
}

func (d *deriver) fields(t reflect.Type, out []fieldSchema) ([]fieldSchema, error) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			var err error
			if out, err = d.fields(f.Type, out); err != nil {
				return nil, err
			}
			continue
		}
		name, option := fieldTag(f)
		if name == "" {
			return nil, fmt.Errorf("%s.%s has no avro tag", t.Name(), f.Name)
		}
		typ, err := d.typeOf(f.Type, option == "required")
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t.Name(), f.Name, err)
		}
		field := fieldSchema{Name: name, Doc: d.docs(t, f.Name), Type: typ}
		if option == "added" {
			if field.Default, err = json.Marshal(zeroDefault(f.Type)); err != nil {
				return nil, err
			}
		}
		out = append(out, field)
	}
	return out, nil
}

func (d *deriver) typeOf(t reflect.Type, required bool) (any, error) {
	if t == timeType {
		micros := logicalSchema{"long", "timestamp-micros"}
		if required {
			return micros, nil
		}
		return []any{"null", micros}, nil
	}
	switch t.Kind() {
	case reflect.String:
		return "string", nil
	case reflect.Int32:
		return "int", nil
	case reflect.Int64:
		return "long", nil
	case reflect.Bool:
		return "boolean", nil
	case reflect.Struct:
		return d.record(t)
	case reflect.Pointer:
		r, err := d.record(t.Elem())
		return []any{"null", r}, err
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes", nil
		}
		items, err := d.typeOf(t.Elem(), true)
		return arraySchema{"array", items}, err
	case reflect.Map:
		values, err := d.typeOf(t.Elem(), true)
		return mapSchema{"map", values}, err
	default:
		return nil, fmt.Errorf("%s has no Avro type here", t)
	}
}

// fieldTag reads `avro:"name"`, `avro:"name,required"` (a time that must be set)
// or `avro:"name,added"` (a field that came after the record's first version: it
// has a default, Go's zero value).
func fieldTag(f reflect.StructField) (name, option string) {
	name, option, _ = strings.Cut(f.Tag.Get("avro"), ",")
	return name, option
}

// zeroDefault returns a type's zero value as an Avro default.
func zeroDefault(t reflect.Type) any {
	switch {
	case t == timeType, t.Kind() == reflect.Pointer:
		return nil
	case t.Kind() == reflect.Struct:
		fields := make(map[string]any)
		for _, f := range reflect.VisibleFields(t) {
			if name, _ := fieldTag(f); name != "" {
				fields[name] = zeroDefault(f.Type)
			}
		}
		return fields
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return ""
	case t.Kind() == reflect.Slice:
		return []any{}
	case t.Kind() == reflect.Map:
		return map[string]any{}
	}
	return reflect.Zero(t).Interface()
}
