package avro

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// fakeRegistry assigns ids in the order of creation, one per text, as registries do.
type fakeRegistry struct {
	texts    []string            // by id - 1
	subjects map[string][]string // texts by version
	asked    int                 // how often a schema was fetched by id
	down     error
}

func newRegistry() *fakeRegistry { return &fakeRegistry{subjects: make(map[string][]string)} }

func (r *fakeRegistry) SchemaText(_ context.Context, id int) (string, error) {
	r.asked++
	switch {
	case r.down != nil:
		return "", r.down
	case id < 1 || id > len(r.texts):
		return "", fmt.Errorf("%w: schema %d not found", ErrUndecodable, id)
	}
	return r.texts[id-1], nil
}

func (r *fakeRegistry) Lookup(_ context.Context, subject, text string) (int, bool, error) {
	if !slices.Contains(r.subjects[subject], text) {
		return 0, false, r.down
	}
	return slices.Index(r.texts, text) + 1, true, r.down
}

func (r *fakeRegistry) Latest(_ context.Context, subject string) (string, bool, error) {
	versions := r.subjects[subject]
	if len(versions) == 0 {
		return "", false, r.down
	}
	return versions[len(versions)-1], true, r.down
}

func (r *fakeRegistry) Create(_ context.Context, subject, text string) (int, error) {
	if r.down != nil {
		return 0, r.down
	}
	r.subjects[subject] = append(r.subjects[subject], text)
	if i := slices.Index(r.texts, text); i >= 0 {
		return i + 1, nil
	}
	r.texts = append(r.texts, text)
	return len(r.texts), nil
}

func (r *fakeRegistry) versions() int {
	n := 0
	for _, v := range r.subjects {
		n += len(v)
	}
	return n
}

func registered(t *testing.T, r *fakeRegistry, extra ...any) *Codec {
	t.Helper()
	c := codecOf(t, extra...)
	if err := c.Register(t.Context(), r, "test"); err != nil {
		t.Fatal(err)
	}
	return c
}

// Starting a program again, or another version of it, changes nothing already registered.
func TestRegistering(t *testing.T) {
	registry := newRegistry()
	v1, old := note()
	v2, later, _ := laterNote()
	first := registered(t, registry, v1)
	if got, want := registry.versions(), len(record.Types())+1; got != want {
		t.Fatalf("%d schemas were registered, want %d", got, want)
	}
	for _, subject := range []string{
		"pitstop.commands-pitstop.StartRepair", "pitstop.events-pitstop.RepairStarted", "pitstop.personal-pitstop.Evidence",
		"pitstop.changelog-pitstop.Change", "test-pitstop.Note",
	} {
		if registry.subjects[subject] == nil {
			t.Errorf("nothing is registered as %s", subject)
		}
	}
	registered(t, registry, v1)
	if got, want := registry.versions(), len(record.Types())+1; got != want {
		t.Errorf("%d schemas after starting again, want %d", got, want)
	}
	newer := registered(t, registry, v2)
	if got, want := registry.versions(), len(record.Types())+2; got != want {
		t.Errorf("%d schemas after a newer version, want %d", got, want)
	}
	older := registered(t, registry, v1) // rolled back
	if got, want := registry.versions(), len(record.Types())+2; got != want {
		t.Errorf("%d schemas after the older version again, want %d", got, want)
	}
	b, err := older.Encode(old)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := first.Encode(old); err != nil || !slices.Equal(b, again) {
		t.Errorf("the same record has other bytes after the restart: %x, %x, %v", b, again, err)
	}
	if b, err = newer.Encode(later); err != nil {
		t.Fatal(err)
	}
	if rec, err := older.Decode(t.Context(), b); err != nil || asJSON(t, rec) != asJSON(t, old) {
		t.Errorf("%s, %v", asJSON(t, rec), err)
	}
}

// A record is undecodable when the registry does not know its schema, and not when
// the registry is away.
func TestAskingTheRegistry(t *testing.T) {
	registry := newRegistry()
	reader := registered(t, registry)
	v1, old := note()
	writer := registered(t, registry, v1)
	b, err := writer.Encode(old)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Decode(t.Context(), b); !errors.Is(err, ErrUndecodable) || !strings.Contains(err.Error(), "pitstop.Note, which this program does not know") {
		t.Errorf("another program's record: %v", err)
	}

	later := addVersion[repair.FreeText](t, registry)
	registry.down = errors.New("connection refused")
	if err := codecOf(t).Register(t.Context(), registry, "test"); !errors.Is(err, registry.down) || errors.Is(err, ErrIncompatible) {
		t.Errorf("registering while the registry is away: %v", err)
	}
	view, err := reader.Encode(&repair.RecordView{Header: repair.Header{OccurredAt: epoch}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Decode(t.Context(), view); err != nil {
		t.Errorf("a known schema while the registry is away: %v", err)
	}
	message := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(later)), 6, 'h', 'o', 'i', 0)
	if _, err := reader.Decode(t.Context(), message); err == nil || errors.Is(err, ErrUndecodable) {
		t.Errorf("a new schema while the registry is away: %v", err)
	}
	registry.down = nil
	if got, err := reader.Decode(t.Context(), message); err != nil || got.(*repair.FreeText).Text != "hoi" {
		t.Errorf("a new schema once the registry is back: %v, %v", got, err)
	}

	for name, text := range map[string]string{
		"no schema":        "{",
		"another type":     strings.Replace(schemaText[repair.FreeText](t), `"string"`, `"bytes"`, 1),
		"without the text": `{"type":"record","name":"FreeText","namespace":"pitstop","fields":[]}`,
	} {
		id, _ := registry.Create(t.Context(), "other", text)
		_, err := reader.Decode(t.Context(), append(binary.BigEndian.AppendUint32([]byte{0}, uint32(id)), 6, 'h', 'o', 'i'))
		if !errors.Is(err, ErrUndecodable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A registry that does not know a schema is asked again for a minute: replicas lag.
func TestAnUnknownSchemaIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newRegistry()
		reader := registered(t, registry)
		unknown := []byte{0, 0, 9, 9, 9, 0}
		decode := func(b []byte, want error) {
			t.Helper()
			if _, err := reader.Decode(t.Context(), b); !errors.Is(err, want) {
				t.Errorf("after %s: %v, want %v", time.Since(epochOfBubbles), err, want)
			}
		}
		decode(unknown, ErrUnknownSchema)
		if err := reader.Check(time.Now()); !errors.Is(err, ErrUnknownSchema) || !strings.Contains(err.Error(), "schema 592137, and is asked again until 00:01:00") {
			t.Errorf("it says %v", err)
		}
		next := addVersion[repair.FreeText](t, registry)
		registry.texts = registry.texts[:next-1] // the replica does not have it yet
		later := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(next)), 6, 'h', 'o', 'i', 0)
		time.Sleep(30 * time.Second)
		decode(later, ErrUnknownSchema)
		time.Sleep(29 * time.Second)
		decode(unknown, ErrUnknownSchema)
		time.Sleep(time.Second)
		decode(unknown, ErrUndecodable)
		decode(unknown, ErrUndecodable) // from now on at once
		if err := reader.Check(time.Now()); !errors.Is(err, ErrUnknownSchema) {
			t.Errorf("it says %v of the other schema", err)
		}
		addVersion[repair.FreeText](t, registry)
		decode(later, nil)
		if err := reader.Check(time.Now()); err != nil {
			t.Errorf("it still says %v", err)
		}
	})
}

var epochOfBubbles = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func schemaText[T any](t *testing.T) string {
	t.Helper()
	text, err := schemaOf(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// addVersion adds a version of T to the registry that has one text more.
func addVersion[T any](t *testing.T, r *fakeRegistry) (id int) {
	t.Helper()
	text := schemaText[T](t)
	text = text[:strings.LastIndex(text, "]")] + `,{"name":"more","type":"string","default":""}]}`
	id, err := r.Create(t.Context(), "test", text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
