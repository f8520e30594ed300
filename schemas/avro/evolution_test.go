package avro

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// note returns the first version of a record, and a filled one.
func note() (zero, filled any) {
	type Author struct {
		Name string `avro:"name"`
	}
	type Note struct {
		Author Author    `avro:"author"`
		Line   int32     `avro:"line"`
		At     time.Time `avro:"at,required"`
		Due    time.Time `avro:"due"`
		Second *Author   `avro:"second"`
	}
	return Note{}, &Note{Author{"an"}, 3, epoch, epoch.Add(time.Hour), &Author{"bo"}}
}

// laterNote returns the second version, in which a field of every kind was added,
// before and after the others and in the record within; a filled one; and what
// note's filled one reads as.
func laterNote() (zero, filled, ofOld any) {
	type Author struct {
		ID   int64  `avro:"id,added"`
		Name string `avro:"name"`
	}
	type Place struct {
		City  string    `avro:"city"`
		Since time.Time `avro:"since"`
		Key   []byte    `avro:"key"`
		Floor int32     `avro:"floor"`
	}
	type Note struct {
		Text   string           `avro:"text,added"`
		Before *Author          `avro:"before,added"` // Author is defined here now, and only referred to below
		Author Author           `avro:"author"`
		Line   int32            `avro:"line"`
		At     time.Time        `avro:"at,required"`
		Due    time.Time        `avro:"due"`
		Second *Author          `avro:"second"`
		Seen   bool             `avro:"seen,added"`
		Page   int32            `avro:"page,added"`
		Amount int64            `avro:"amount,added"`
		Read   time.Time        `avro:"read,added"`
		Bytes  []byte           `avro:"bytes,added"`
		Tags   []string         `avro:"tags,added"`
		Counts map[string]int64 `avro:"counts,added"`
		Place  Place            `avro:"place,added"`
		Places []Place          `avro:"places,added"`
	}
	return Note{}, &Note{
		"hoi", &Author{1, "ed"},
		Author{2, "an"},
		3, epoch, epoch.Add(time.Hour), &Author{4, "bo"},
		true, 5, 6, epoch,
		[]byte{7},
		[]string{"eight"},
		map[string]int64{"nine": 9},
		Place{City: "Utrecht", Floor: 10},
		[]Place{{City: "Ede"}},
	}, &Note{Author: Author{0, "an"}, Line: 3, At: epoch, Due: epoch.Add(time.Hour), Second: &Author{0, "bo"}}
}

// asJSON makes records of different Go types comparable.
func asJSON(t *testing.T, rec any) string {
	t.Helper()
	b, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Programs of two versions share the topics while one is rolled out over the
// other: each reads what the other writes.
func TestTwoVersionsReadEachOther(t *testing.T) {
	registry := newRegistry()
	v1, old := note()
	v2, later, ofOld := laterNote()
	oldProgram := registered(t, registry, v1)
	newProgram := registered(t, registry, v2)
	encode := func(c *Codec, rec any) []byte {
		b, err := c.Encode(rec)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		reader *Codec
		bytes  []byte
		want   any
	}{
		"old reads old": {oldProgram, encode(oldProgram, old), old},
		"old reads new": {oldProgram, encode(newProgram, later), old},
		"new reads old": {newProgram, encode(oldProgram, old), ofOld},
		"new reads new": {newProgram, encode(newProgram, later), later},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // the second time, the schema is known
				rec, err := c.reader.Decode(t.Context(), c.bytes)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(asJSON(t, c.want), asJSON(t, rec)); d != "" {
					t.Error(d)
				}
			}
		})
	}
	if registry.asked != 2 {
		t.Errorf("the registry was asked for a schema %d times, want once per program", registry.asked)
	}

	// What was read can be passed on, as the reader's version.
	rec, err := oldProgram.Decode(t.Context(), encode(newProgram, later))
	if err != nil {
		t.Fatal(err)
	}
	if got := encode(oldProgram, rec); !slices.Equal(got, encode(oldProgram, old)) {
		t.Errorf("%x", got)
	}
}

func TestIncompatibleVersionsAreNotRegistered(t *testing.T) {
	type Inner struct {
		Name string `avro:"name"`
	}
	type Other struct {
		Name string `avro:"name"`
	}
	v1 := func() any {
		type Record struct {
			ID    string    `avro:"id"`
			Count int32     `avro:"count"`
			Due   time.Time `avro:"due"`
			Inner *Inner    `avro:"inner"`
			Tags  []string  `avro:"tags"`
		}
		return Record{}
	}
	for name, c := range map[string]struct {
		v2   func() any
		want string
	}{
		"removed": {func() any {
			type Record struct {
				Count int32     `avro:"count"`
				Due   time.Time `avro:"due"`
				Inner *Inner    `avro:"inner"`
				Tags  []string  `avro:"tags"`
			}
			return Record{}
		}, "Record.id: the field was removed"},
		"renamed": {func() any {
			type Record struct {
				ID    string    `avro:"key"`
				Count int32     `avro:"count"`
				Due   time.Time `avro:"due"`
				Inner *Inner    `avro:"inner"`
				Tags  []string  `avro:"tags"`
			}
			return Record{}
		}, "Record.id: the field was removed"},
		"promoted": {func() any {
			type Record struct {
				ID    string    `avro:"id"`
				Count int64     `avro:"count"`
				Due   time.Time `avro:"due"`
				Inner *Inner    `avro:"inner"`
				Tags  []string  `avro:"tags"`
			}
			return Record{}
		}, "Record.count: was int, is long"},
		"added without a default": {func() any {
			type Record struct {
				ID    string    `avro:"id"`
				Count int32     `avro:"count"`
				Due   time.Time `avro:"due"`
				Inner *Inner    `avro:"inner"`
				Tags  []string  `avro:"tags"`
				Text  string    `avro:"text"`
			}
			return Record{}
		}, "Record.text: the field was added without a default"},
		"a time that must be set now": {func() any {
			type Record struct {
				ID    string    `avro:"id"`
				Count int32     `avro:"count"`
				Due   time.Time `avro:"due,required"`
				Inner *Inner    `avro:"inner"`
				Tags  []string  `avro:"tags"`
			}
			return Record{}
		}, "Record.due: the branches of the union changed"},
		"another record within": {func() any {
			type Record struct {
				ID    string    `avro:"id"`
				Count int32     `avro:"count"`
				Due   time.Time `avro:"due"`
				Inner *Other    `avro:"inner"`
				Tags  []string  `avro:"tags"`
			}
			return Record{}
		}, "Record.inner: was Inner, is Other"},
		"other items": {func() any {
			type Record struct {
				ID    string    `avro:"id"`
				Count int32     `avro:"count"`
				Due   time.Time `avro:"due"`
				Inner *Inner    `avro:"inner"`
				Tags  []int64   `avro:"tags"`
			}
			return Record{}
		}, "Record.tags: was string, is long"},
	} {
		t.Run(name, func(t *testing.T) {
			registry := newRegistry()
			registered(t, registry, v1())
			before := registry.versions()
			err := codecOf(t, c.v2()).Register(t.Context(), registry, "test")
			if !errors.Is(err, ErrIncompatible) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "test-pitstop.Record") {
				t.Errorf("%v, want it to say %q", err, c.want)
			}
			if registry.versions() != before {
				t.Error("a schema was registered all the same")
			}
		})
	}
}
