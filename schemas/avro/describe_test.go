package avro

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/repair"
)

// What is described of an event is what is written of it: of one that says
// everything, all of it; of one that says nothing, what is always there.
func TestEventsReadAsTheyAreDescribed(t *testing.T) {
	c := codecOf(t)
	for _, e := range repair.Events {
		typ := reflect.TypeOf(e).Elem()
		t.Run(typ.Name(), func(t *testing.T) {
			full, empty := filled(typ), reflect.New(typ).Interface()
			seal(t, c, reflect.ValueOf(full).Elem())
			for _, r := range []any{full, empty} {
				text, err := c.AppendJSON(t.Context(), nil, r)
				if err != nil {
					t.Fatal(err)
				}
				var got map[string]any
				if err := json.Unmarshal(text, &got); err != nil {
					t.Fatal(err)
				}
				described(t, typ.Name(), typ, got, r == empty)
			}
		})
	}
}

func described(t *testing.T, at string, typ reflect.Type, got map[string]any, empty bool) {
	t.Helper()
	o, err := DescribeJSON(typ)
	if err != nil {
		t.Fatal(err)
	}
	if o.Doc == "" {
		t.Errorf("%s has no documentation", at)
	}
	want := make(map[string]bool)
	for _, f := range o.Fields {
		if f.Doc == "" {
			t.Errorf("%s.%s has no documentation", at, f.Name)
		}
		if empty && !f.Always {
			continue
		}
		want[f.Name] = true
		part, typ := got[f.Name], f.Type
		if list, ok := part.([]any); ok && len(list) > 0 {
			part, typ = list[0], typ.Elem()
		}
		if o, ok := part.(map[string]any); ok {
			described(t, at+"."+f.Name, typ, o, empty)
		}
	}
	delete(want, requiredTime(o, got))
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("fields of %s, empty: %t (-described +written):\n%s", at, empty, diff)
	}
}

// requiredTime names a time that is described as required and not written: no event
// of the log lacks one, but an empty one here does.
func requiredTime(o JSONObject, got map[string]any) string {
	for _, f := range o.Fields {
		if f.Always && f.Type == timeType && got[f.Name] == nil {
			return f.Name
		}
	}
	return ""
}

// seal puts the record that its documentation names into everything personal in a struct.
func seal(t *testing.T, c *Codec, v reflect.Value) {
	t.Helper()
	docs, err := recordDocs()
	if err != nil {
		t.Fatal(err)
	}
	for i := range v.NumField() {
		field := v.Field(i)
		if field.Kind() == reflect.Pointer {
			field = field.Elem()
		}
		switch {
		case field.Type() == personalType:
			name, _ := fieldTag(v.Type().Field(i))
			typ, _, err := personalRecord(docs[v.Type().Name()+"."+name])
			if err != nil {
				t.Fatal(err)
			}
			p, err := c.Seal(filled(typ))
			if err != nil {
				t.Fatal(err)
			}
			field.Set(reflect.ValueOf(p))
		case field.Kind() == reflect.Struct && field.Type() != timeType:
			seal(t, c, field)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			for i := range field.Len() {
				seal(t, c, field.Index(i))
			}
		}
	}
}
