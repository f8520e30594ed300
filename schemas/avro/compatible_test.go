package avro

import (
	"strings"
	"testing"

	"pitstop/schemas/record"
)

func TestCompatible(t *testing.T) {
	schema := func(fields string) string {
		return `{"type":"record","name":"R","namespace":"pitstop","fields":[` + fields + `]}`
	}
	const (
		id     = `{"name":"id","type":"string"}`
		enum   = `{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}}`
		inner  = `{"type":"record","name":"I","namespace":"pitstop","fields":[{"name":"x","type":"int"}]}`
		nested = `{"name":"i","type":` + inner + `}`
	)
	for name, c := range map[string]struct {
		older, newer string
		want         string // what the reason says; empty: compatible
	}{
		"the same":                        {schema(id), schema(id), ""},
		"documented":                      {schema(id), schema(`{"name":"id","doc":"The id.","type":"string"}`), ""},
		"reordered":                       {schema(id + `,{"name":"n","type":"int"}`), schema(`{"name":"n","type":"int"},` + id), ""},
		"added with a default":            {schema(id), schema(id + `,{"name":"n","type":"int","default":0}`), ""},
		"added, null by default":          {schema(id), schema(id + `,{"name":"n","type":["null","int"],"default":null}`), ""},
		"added without a default":         {schema(id), schema(id + `,{"name":"n","type":"int"}`), "R.n: the field was added without a default"},
		"removed":                         {schema(id), schema(``), "R.id: the field was removed"},
		"renamed":                         {schema(id), schema(`{"name":"key","type":"string"}`), "R.id: the field was removed"},
		"renamed with an alias":           {schema(id), schema(`{"name":"key","aliases":["id"],"type":"string"}`), "R.id: the field was removed"},
		"promoted":                        {schema(`{"name":"n","type":"int"}`), schema(`{"name":"n","type":"long"}`), "R.n: was int, is long"},
		"demoted":                         {schema(`{"name":"n","type":"long"}`), schema(`{"name":"n","type":"int"}`), "R.n: was long, is int"},
		"made optional":                   {schema(id), schema(`{"name":"id","type":["null","string"]}`), "R.id: was string"},
		"branch added":                    {schema(`{"name":"u","type":["null","int"]}`), schema(`{"name":"u","type":["null","int","string"]}`), "R.u: the branches of the union changed"},
		"branch changed":                  {schema(`{"name":"u","type":["null","int"]}`), schema(`{"name":"u","type":["null","long"]}`), "R.u: was int, is long"},
		"branches swapped":                {schema(`{"name":"u","type":["null","int"]}`), schema(`{"name":"u","type":["int","null"]}`), "R.u: was null, is int"},
		"symbol added":                    {schema(enum), schema(strings.Replace(enum, `"B"`, `"B","C"`, 1)), "R.e: the enum changed"},
		"symbol removed":                  {schema(enum), schema(strings.Replace(enum, `,"B"`, ``, 1)), "R.e: the enum changed"},
		"enum renamed":                    {schema(enum), schema(strings.Replace(enum, `"E"`, `"F"`, 1)), "R.e: was E, is F"},
		"logical type added":              {schema(`{"name":"t","type":{"type":"long"}}`), schema(`{"name":"t","type":{"type":"long","logicalType":"timestamp-micros"}}`), "R.t: was long"},
		"items changed":                   {schema(`{"name":"a","type":{"type":"array","items":"int"}}`), schema(`{"name":"a","type":{"type":"array","items":"long"}}`), "R.a: was int, is long"},
		"values changed":                  {schema(`{"name":"m","type":{"type":"map","values":"int"}}`), schema(`{"name":"m","type":{"type":"map","values":"long"}}`), "R.m: was int, is long"},
		"array made a map":                {schema(`{"name":"a","type":{"type":"array","items":"int"}}`), schema(`{"name":"a","type":{"type":"map","values":"int"}}`), "R.a: was array, is map"},
		"size changed":                    {schema(`{"name":"f","type":{"type":"fixed","name":"F","size":4}}`), schema(`{"name":"f","type":{"type":"fixed","name":"F","size":8}}`), "R.f: the fixed changed"},
		"another record":                  {schema(id), strings.Replace(schema(id), `"R"`, `"S"`, 1), "was R, is S"},
		"changed within":                  {schema(nested), schema(strings.Replace(nested, "int", "long", 1)), "I.x: was int, is long"},
		"added within":                    {schema(nested), schema(strings.Replace(nested, `"int"}`, `"int"},{"name":"y","type":"int"}`, 1)), "I.y: the field was added without a default"},
		"changed within, at a reference":  {schema(nested + `,{"name":"j","type":"pitstop.I"}`), schema(nested + `,{"name":"j","type":"string"}`), "R.j: was I, is string"},
		"spelled out at an earlier field": {schema(nested), schema(`{"name":"l","type":{"type":"array","items":` + inner + `},"default":[]},{"name":"i","type":"pitstop.I"}`), ""},
		"no JSON":                         {schema(id), `{`, "newer schema"},
		"no schema":                       {`1`, `1`, "is no schema"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Compatible(c.older, c.newer)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// FuzzCompatible: whatever a registry holds, comparing it ends, and a schema is
// compatible with itself.
func FuzzCompatible(f *testing.F) {
	for _, typ := range record.Types() {
		text, err := schemaOf(typ)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, text)
	}
	f.Add(`{"type":{"type":"string"}}`, `{"type":{"type":"string"}}`)
	f.Add(`{"type":"array","name":"a","items":"a"}`, `{"type":"array","name":"a","items":"a"}`)
	f.Add(`{"type":"enum","name":"a","size":{}}`, `{"type":"enum","name":"a","size":{}}`)
	f.Fuzz(func(t *testing.T, older, newer string) {
		if err := Compatible(older, newer); err != nil && older == newer && strings.Contains(err.Error(), ": was ") {
			t.Errorf("%s is not compatible with itself: %v", older, err)
		}
	})
}
