package avro

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/record"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// leaf is called with every value that holds no others; required says that a
// time must be set.
type leaf func(v reflect.Value, required bool)

// fill makes every slice n long, sets every pointer and map (of 0: none), and
// calls set with each leaf, always in the same order.
func fill(v reflect.Value, n int, required bool, set leaf) {
	switch {
	case v.Type() == timeType:
		set(v, required)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			_, option := fieldTag(v.Type().Field(i))
			fill(v.Field(i), n, option == "required", set)
		}
	case n == 0 && slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}, v.Kind()):
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n, false, set)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), n, true, set)
		}
	case v.Kind() == reflect.Map: // one entry, whose bytes have one order
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, n, true, set)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key"), value)
	default:
		set(v, required)
	}
}

var epoch = time.Date(2026, time.May, 20, 12, 0, 0, 0, time.UTC)

// setTo sets a leaf to a value made from n.
func setTo(v reflect.Value, n int64) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text-%d", n))
	case reflect.Int32, reflect.Int64:
		v.SetInt(n)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.SetBytes(fmt.Appendf(nil, "bytes-%d", n))
	default:
		v.Set(reflect.ValueOf(epoch.Add(time.Duration(n) * time.Microsecond)))
	}
}

// filled returns a pointer to a record of which no two fields have the same value
// (but for booleans, which are true).
func filled(t reflect.Type) any {
	v := reflect.New(t)
	n := int64(0)
	fill(v.Elem(), 2, false, func(x reflect.Value, _ bool) {
		n++
		setTo(x, n)
	})
	return v.Interface()
}

func codecOf(t testing.TB, extra ...any) *Codec {
	t.Helper()
	c, err := NewCodec(extra...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The bytes of every record, and what they mean: records written years ago stay
// readable, and a field that is dropped, moved or swapped shows.
func TestGolden(t *testing.T) {
	c := codecOf(t)
	var names []string
	for _, typ := range record.Types() {
		names = append(names, typ.Name())
		t.Run(typ.Name(), func(t *testing.T) {
			rec := filled(typ)
			b, err := c.Encode(rec)
			if err != nil {
				t.Fatal(err)
			}
			value, err := json.MarshalIndent(rec, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("%s\n\n%s", value, hex.Dump(b[HeaderBytes:])) // the id is another in every registry
			file := filepath.Join("testdata", typ.Name()+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("%s (-golden +got); go test ./schemas/avro -update writes it anew:\n%s", file, d)
			}
			decoded, err := c.Decode(t.Context(), append(slices.Clone(b[:HeaderBytes]), undump(t, string(want))...))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(rec, decoded); d != "" {
				t.Errorf("the golden bytes read as another record (-want +got):\n%s", d)
			}
		})
	}
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(names, strings.TrimSuffix(filepath.Base(f), ".golden")) {
			t.Errorf("%s is of no record", f)
		}
	}
}

// undump returns the bytes that hex.Dump wrote at the end of a golden file.
func undump(t *testing.T, golden string) []byte {
	t.Helper()
	var out []byte
	_, dump, _ := strings.Cut(golden, "}\n\n")
	for _, row := range strings.Split(strings.TrimSpace(dump), "\n") {
		b, err := hex.DecodeString(strings.ReplaceAll(row[10:58], " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b...)
	}
	return out
}

// Each field survives by itself: none borrows its value from another.
func TestEveryFieldRoundTrips(t *testing.T) {
	c := codecOf(t)
	for _, typ := range record.Types() {
		leaves := 0
		fill(reflect.New(typ).Elem(), 1, false, func(reflect.Value, bool) { leaves++ })
		for only := range leaves {
			v, n := reflect.New(typ), 0
			fill(v.Elem(), 1, false, func(x reflect.Value, required bool) {
				if n == only || required && x.Type() == timeType {
					setTo(x, int64(n+1))
				}
				n++
			})
			b, err := c.Encode(v.Interface())
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Decode(t.Context(), b)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(v.Interface(), got); d != "" {
				t.Errorf("%s, field %d of %d (-sent +received):\n%s", typ.Name(), only+1, leaves, d)
			}
		}
	}
}

// The zero record, with the times it must have, comes back as it was.
func TestEmptyRecordsRoundTrip(t *testing.T) {
	c := codecOf(t)
	for _, typ := range record.Types() {
		v := reflect.New(typ)
		fill(v.Elem(), 0, false, func(x reflect.Value, required bool) {
			if required && x.Type() == timeType {
				setTo(x, 0)
			}
		})
		b, err := c.Encode(v.Interface())
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Decode(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(v.Interface(), got); d != "" {
			t.Errorf("%s (-sent +received):\n%s", typ.Name(), d)
		}
	}
}

// Bytes go by position and schemas by name: a field whose tag is another's would
// be exchanged with it without any of the bytes changing.
func TestFieldsAreCalledWhatTheyAre(t *testing.T) {
	words := regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])`)
	var walk func(t *testing.T, typ reflect.Type)
	seen := make(map[reflect.Type]bool)
	walk = func(t *testing.T, typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ == timeType || seen[typ] {
			return
		}
		seen[typ] = true
		names := make(map[string]bool)
		for _, f := range reflect.VisibleFields(typ) {
			if f.Anonymous {
				continue
			}
			name, option := fieldTag(f)
			want := strings.ToLower(words.ReplaceAllString(f.Name, "${1}${3}_${2}${4}"))
			if name != want || names[name] {
				t.Errorf("%s.%s has the tag %q", typ.Name(), f.Name, name)
			}
			if !slices.Contains([]string{"", "required", "added"}, option) || option == "required" && f.Type != timeType {
				t.Errorf("%s.%s has the tag option %q", typ.Name(), f.Name, option)
			}
			names[name] = true
			walk(t, f.Type)
		}
	}
	for _, typ := range record.Types() {
		walk(t, typ)
	}
	if !seen[reflect.TypeFor[record.TimerEntry]()] { // far down: the walk goes everywhere
		t.Error("the walk did not reach TimerEntry")
	}
}

// Two records must not share a name, a subject or an id.
func TestCatalogue(t *testing.T) {
	c := codecOf(t)
	ids, names := make(map[uint32]string), make(map[string]bool)
	for _, typ := range record.Types() {
		b, err := c.Encode(filled(typ))
		if err != nil {
			t.Fatal(err)
		}
		id := binary.BigEndian.Uint32(b[1:])
		if ids[id] != "" || names[typ.Name()] {
			t.Errorf("%s has the id of %q, or its name twice", typ.Name(), ids[id])
		}
		ids[id], names[typ.Name()] = typ.Name(), true
		var topics []string
		for _, topic := range record.Topics() {
			if record.Belongs(topic.Name, reflect.New(typ).Interface()) {
				topics = append(topics, topic.Name)
			}
		}
		if prefix, _ := record.SubjectPrefix(typ); len(topics) != 1 && prefix != record.PersonalPrefix && prefix != record.Prefix+"changelog" {
			t.Errorf("%s belongs on %v", typ.Name(), topics)
		}
	}
}
