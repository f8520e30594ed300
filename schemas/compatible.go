package schemas

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Compatible reports why records cannot go from the older schema to the newer:
// nil when the newer one has every field of the older with the same type, and a
// default for every field it adds. Everything else (fields removed, renamed or
// promoted) is refused, because goavro does not resolve schemas.
func Compatible(older, newer string) error {
	var o, n any
	if err := json.Unmarshal([]byte(older), &o); err != nil {
		return fmt.Errorf("older schema: %w", err)
	}
	if err := json.Unmarshal([]byte(newer), &n); err != nil {
		return fmt.Errorf("newer schema: %w", err)
	}
	return (&comparison{map[string]any{}, map[string]any{}, map[string]bool{}}).types("", o, n)
}

// comparison walks two schemas side by side. Named types may be spelled out at
// one place and referred to at another, so they are looked up by name.
type comparison struct {
	older, newer map[string]any
	done         map[string]bool
}

func (c *comparison) types(at string, o, n any) error {
	o, n = named(c.older, o), named(c.newer, n)
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
		if !ok || o["type"] != m["type"] || o["name"] != m["name"] || o["logicalType"] != m["logicalType"] {
			return fmt.Errorf("%s: was %v, is %v", at, describe(o), describe(n))
		}
		switch o["type"] {
		case "record":
			return c.records(at, o, m)
		case "array":
			return c.types(at, o["items"], m["items"])
		case "map":
			return c.types(at, o["values"], m["values"])
		case "enum", "fixed":
			if !reflect.DeepEqual(o["symbols"], m["symbols"]) || o["size"] != m["size"] {
				return fmt.Errorf("%s: the %v changed", at, o["type"])
			}
		}
		return nil
	}
	return fmt.Errorf("%s: %v is no schema", at, o)
}

func (c *comparison) records(at string, o, n map[string]any) error {
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
		named(c.newer, f["type"]) // later references to a type spelled out here
	}
	return nil
}

// named replaces a reference to a record by the record, and remembers a record
// that is spelled out.
func named(known map[string]any, s any) any {
	switch t := s.(type) {
	case string:
		if r, ok := known[t]; ok {
			return r
		}
	case map[string]any:
		if name, ok := t["name"].(string); ok {
			known[name] = t
			if ns, ok := t["namespace"].(string); ok {
				known[ns+"."+name] = t
			}
		}
	}
	return s
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
