package avro

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/linkedin/goavro/v2"
)

// Check returns why a text is no Avro schema.
func Check(schema string) error {
	_, err := goavro.NewCodec(schema)
	return err
}

// Compatible returns why the newer schema must not replace the older one; nil when
// it has every field of the older with the same type, and a default for every field
// it adds. Everything else (fields removed, renamed or promoted) is refused, because
// goavro does not resolve schemas.
func Compatible(older, newer string) error {
	var o, n any
	if err := json.Unmarshal([]byte(older), &o); err != nil {
		return fmt.Errorf("older schema: %w", err)
	}
	if err := json.Unmarshal([]byte(newer), &n); err != nil {
		return fmt.Errorf("newer schema: %w", err)
	}
	return (&comparison{named(o), named(n), map[string]bool{}}).types("", o, n)
}

// comparison walks two schemas side by side. A named type is defined at one place
// and referred to at others, and the two schemas may differ in which: so types are
// looked up by name.
type comparison struct {
	older, newer map[string]any
	done         map[string]bool
}

func (c *comparison) types(at string, o, n any) error {
	o, n = resolved(c.older, o), resolved(c.newer, n)
	switch o := o.(type) {
	case string:
		if o != n {
			return fmt.Errorf("%s: was %v, is %v", at, o, describe(n))
		}
		return nil
	case []any:
		u, ok := n.([]any)
		if !ok || len(u) != len(o) {
			return fmt.Errorf("%s: the branches of the union changed", at)
		}
		for i := range o {
			if err := c.types(at, o[i], u[i]); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		m, ok := n.(map[string]any)
		if !ok || !same(o, m, "type", "name", "logicalType") {
			return fmt.Errorf("%s: was %v, is %v", at, describe(o), describe(n))
		}
		switch o["type"] {
		case "record":
			return c.records(o, m)
		case "array":
			return c.types(at, o["items"], m["items"])
		case "map":
			return c.types(at, o["values"], m["values"])
		case "enum", "fixed":
			if !same(o, m, "symbols", "size") {
				return fmt.Errorf("%s: the %v changed", at, o["type"])
			}
		}
		return nil
	}
	return fmt.Errorf("%s: %v is no schema", at, o)
}

func (c *comparison) records(o, n map[string]any) error {
	name := fmt.Sprint(o["name"])
	if c.done[name] {
		return nil
	}
	c.done[name] = true
	was, is := fieldsByName(o), fieldsByName(n)
	for _, f := range list(o["fields"]) {
		field := fmt.Sprint(f["name"])
		if is[field] == nil {
			return fmt.Errorf("%s.%s: the field was removed", name, field)
		}
		if err := c.types(name+"."+field, f["type"], is[field]["type"]); err != nil {
			return err
		}
	}
	for _, f := range list(n["fields"]) {
		field := fmt.Sprint(f["name"])
		if was[field] != nil {
			continue
		}
		if _, ok := f["default"]; !ok {
			return fmt.Errorf("%s.%s: the field was added without a default", name, field)
		}
	}
	return nil
}

// named returns the types that are defined anywhere in a schema, by name and by
// full name.
func named(schema any) map[string]any {
	known := make(map[string]any)
	var walk func(any)
	walk = func(s any) {
		switch s := s.(type) {
		case []any:
			for _, branch := range s {
				walk(branch)
			}
		case map[string]any:
			name, ok := s["name"].(string)
			if ok && slices.Contains([]any{"record", "enum", "fixed"}, s["type"]) {
				known[name] = s
				if ns, ok := s["namespace"].(string); ok {
					known[ns+"."+name] = s
				}
			}
			for _, f := range list(s["fields"]) {
				walk(f["type"])
			}
			walk(s["items"])
			walk(s["values"])
		}
	}
	walk(schema)
	return known
}

// resolved returns the type that a reference refers to, and any other type as it is.
func resolved(known map[string]any, s any) any {
	if name, ok := s.(string); ok {
		if t, ok := known[name]; ok {
			return t
		}
	}
	return s
}

func same(o, n map[string]any, keys ...string) bool {
	return !slices.ContainsFunc(keys, func(k string) bool { return !reflect.DeepEqual(o[k], n[k]) })
}

func fieldsByName(record map[string]any) map[string]map[string]any {
	m := make(map[string]map[string]any)
	for _, f := range list(record["fields"]) {
		m[fmt.Sprint(f["name"])] = f
	}
	return m
}

func list(fields any) []map[string]any {
	var out []map[string]any
	items, _ := fields.([]any)
	for _, f := range items {
		if m, ok := f.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func describe(s any) any {
	if m, ok := s.(map[string]any); ok {
		if name := m["name"]; name != nil {
			return name
		}
		return m["type"]
	}
	return s
}
