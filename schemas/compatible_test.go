package schemas

import (
	"strings"
	"testing"
)

func TestCompatible(t *testing.T) {
	record := func(fields string) string {
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
		"the same":                        {record(id), record(id), ""},
		"documented":                      {record(id), record(`{"name":"id","doc":"The id.","type":"string"}`), ""},
		"reordered":                       {record(id + `,{"name":"n","type":"int"}`), record(`{"name":"n","type":"int"},` + id), ""},
		"added with a default":            {record(id), record(id + `,{"name":"n","type":"int","default":0}`), ""},
		"added, null by default":          {record(id), record(id + `,{"name":"n","type":["null","int"],"default":null}`), ""},
		"added without a default":         {record(id), record(id + `,{"name":"n","type":"int"}`), "R.n: the field was added without a default"},
		"removed":                         {record(id), record(``), "R.id: the field was removed"},
		"renamed":                         {record(id), record(`{"name":"key","type":"string"}`), "R.id: the field was removed"},
		"renamed with an alias":           {record(id), record(`{"name":"key","aliases":["id"],"type":"string"}`), "R.id: the field was removed"},
		"promoted":                        {record(`{"name":"n","type":"int"}`), record(`{"name":"n","type":"long"}`), "R.n: was int, is long"},
		"demoted":                         {record(`{"name":"n","type":"long"}`), record(`{"name":"n","type":"int"}`), "R.n: was long, is int"},
		"made optional":                   {record(id), record(`{"name":"id","type":["null","string"]}`), "R.id: was string"},
		"branch added":                    {record(`{"name":"u","type":["null","int"]}`), record(`{"name":"u","type":["null","int","string"]}`), "R.u: the branches of the union changed"},
		"branch changed":                  {record(`{"name":"u","type":["null","int"]}`), record(`{"name":"u","type":["null","long"]}`), "R.u: was int, is long"},
		"branches swapped":                {record(`{"name":"u","type":["null","int"]}`), record(`{"name":"u","type":["int","null"]}`), "R.u: was null, is int"},
		"symbol added":                    {record(enum), record(strings.Replace(enum, `"B"`, `"B","C"`, 1)), "R.e: the enum changed"},
		"symbol removed":                  {record(enum), record(strings.Replace(enum, `,"B"`, ``, 1)), "R.e: the enum changed"},
		"enum renamed":                    {record(enum), record(strings.Replace(enum, `"E"`, `"F"`, 1)), "R.e: was E, is F"},
		"logical type added":              {record(`{"name":"t","type":{"type":"long"}}`), record(`{"name":"t","type":{"type":"long","logicalType":"timestamp-micros"}}`), "R.t: was long"},
		"items changed":                   {record(`{"name":"a","type":{"type":"array","items":"int"}}`), record(`{"name":"a","type":{"type":"array","items":"long"}}`), "R.a: was int, is long"},
		"values changed":                  {record(`{"name":"m","type":{"type":"map","values":"int"}}`), record(`{"name":"m","type":{"type":"map","values":"long"}}`), "R.m: was int, is long"},
		"array made a map":                {record(`{"name":"a","type":{"type":"array","items":"int"}}`), record(`{"name":"a","type":{"type":"map","values":"int"}}`), "R.a: was array, is map"},
		"size changed":                    {record(`{"name":"f","type":{"type":"fixed","name":"F","size":4}}`), record(`{"name":"f","type":{"type":"fixed","name":"F","size":8}}`), "R.f: the fixed changed"},
		"another record":                  {record(id), strings.Replace(record(id), `"R"`, `"S"`, 1), "was R, is S"},
		"changed within":                  {record(nested), record(strings.Replace(nested, "int", "long", 1)), "I.x: was int, is long"},
		"added within":                    {record(nested), record(strings.Replace(nested, `"int"}`, `"int"},{"name":"y","type":"int"}`, 1)), "I.y: the field was added without a default"},
		"changed within, at a reference":  {record(nested + `,{"name":"j","type":"pitstop.I"}`), record(nested + `,{"name":"j","type":"string"}`), "R.j: was I, is string"},
		"spelled out at an earlier field": {record(nested), record(`{"name":"l","type":{"type":"array","items":` + inner + `},"default":[]},{"name":"i","type":"pitstop.I"}`), ""},
		"no JSON":                         {record(id), `{`, "newer schema"},
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
	for _, typ := range Records() {
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
