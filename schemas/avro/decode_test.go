package avro

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// message returns a body in the wire format, as a record of type T.
func message[T any](c *Codec, body ...byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{magic}, c.byType[reflect.TypeFor[T]()].id)
	return append(b, body...)
}

// bombs returns messages that claim to hold far more than they do.
func bombs(c *Codec) map[string][]byte {
	long := func(n int64) []byte { return binary.AppendVarint(nil, n) }
	return map[string][]byte{
		"array of 2^40 timers":     message[record.Change](c, append([]byte{0}, long(1<<40)...)...),
		"array of -2^40 timers":    message[record.Change](c, append([]byte{0}, append(long(-1<<40), 0)...)...),
		"array of -2^63 timers":    message[record.Change](c, append([]byte{0}, append(long(-1<<63), 0)...)...),
		"just too many timers":     message[record.Change](c, append([]byte{0}, long(maxBlockCount+1)...)...),
		"map of 2^62 ends":         message[record.Tick](c, append([]byte{0, 2}, long(1<<62)...)...),
		"text of 2^62 bytes":       message[repair.FreeText](c, long(1<<62)...),
		"text of -1 bytes":         message[repair.FreeText](c, long(-1)...),
		"bytes of 2^50 bytes":      message[record.Change](c, long(1<<50)...),
		"an endless number":        message[repair.FreeText](c, bytes.Repeat([]byte{0xff}, 100)...),
		"lines in lines, 10,000 ²": message[repair.RequestApproval](c, slices.Concat(make([]byte, 11), long(10_000), []byte{0, 0, 0}, long(10_000))...),
	}
}

// A few bytes must not take the process down, whatever they claim.
func TestBombs(t *testing.T) {
	c := codecOf(t)
	for name, b := range bombs(c) {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			allocated := allocatedBy(func() {
				if r, err := c.Decode(t.Context(), b); !errors.Is(err, ErrUndecodable) {
					t.Errorf("%x reads as %v, %v", b, r, err)
				}
			})
			if took := time.Since(began); allocated > 1<<20 || took > time.Minute { // what it claims would take hours
				t.Errorf("%d bytes took %d bytes of memory and %s", len(b), allocated, took)
			}
		})
	}
}

func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// What a message can make the process allocate grows with its length, and no
// faster: the emptiest items there are, a broker's largest message of them.
func TestTheEmptiestItemsAreBounded(t *testing.T) {
	c := codecOf(t)
	body := make([]byte, 13)    // header, digest, tell, link's sequence, currency and whether prices include VAT
	for len(body) < 1_000_000 { // blocks of details: kind, description, quantity, price, rate
		line := append([]byte{2, 0, 0, 0}, binary.AppendVarint(nil, maxBlockCount)...)
		body = append(append(body, line...), make([]byte, 5*maxBlockCount+1)...)
	}
	b := message[repair.RequestApproval](c, append(body, 0, 0, 2)...)
	allocated := allocatedBy(func() {
		if _, err := c.Decode(t.Context(), b); err != nil {
			t.Error(err)
		}
	})
	t.Logf("%d bytes take %d MB", len(b), allocated>>20)
	if allocated > 500*uint64(len(b)) {
		t.Errorf("%d bytes take %d MB", len(b), allocated>>20)
	}
}

func TestUndecodable(t *testing.T) {
	c := codecOf(t)
	good, err := c.Encode(&repair.FreeText{Text: "hoi"})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"nothing":        nil,
		"header only":    good[:HeaderBytes],
		"half a header":  good[:3],
		"another magic":  append([]byte{1}, good[1:]...),
		"unknown id":     append([]byte{0, 0, 0, 200, 0}, good[HeaderBytes:]...),
		"cut off":        good[:len(good)-1],
		"left over":      append(slices.Clone(good), 0),
		"JSON":           []byte(`{"text":"hoi"}`),
		"no such branch": message[repair.ChangeReadyTime](c, slices.Repeat([]byte{4}, 30)...),
	} {
		if r, err := c.Decode(t.Context(), b); !errors.Is(err, ErrUndecodable) {
			t.Errorf("%s reads as %v, %v", name, r, err)
		}
	}
}

// Nothing happened in year 1: a time that must be set is neither written nor
// read without being set, and one that may be absent is absent.
func TestYearOne(t *testing.T) {
	c := codecOf(t)
	zone := time.FixedZone("", 3600)
	for _, unset := range []time.Time{{}, time.Time{}.In(zone)} {
		change := &repair.ChangeReadyTime{ReadyAt: epoch}
		change.OccurredAt = unset
		for _, rec := range []any{
			change,
			&repair.ReadyTimeChanged{Header: repair.Header{OccurredAt: epoch}, ReadyAt: unset},
			&record.Change{Timers: []record.TimerEntry{{Due: unset}}},
			&record.Tick{Time: unset},
		} {
			if b, err := c.Encode(rec); err == nil {
				t.Errorf("%T with %s: %x", rec, unset, b)
			}
		}
		b, err := c.Encode(&repair.ReadyTimeChanged{Header: repair.Header{OccurredAt: epoch}, Previous: unset, ReadyAt: epoch})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Decode(t.Context(), b)
		if r, ok := got.(*repair.ReadyTimeChanged); !ok || !r.Previous.IsZero() || !r.ReadyAt.Equal(epoch) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	zero := binary.AppendVarint(nil, time.Time{}.UnixMicro())
	if r, err := c.Decode(t.Context(), message[record.Tick](c, append(append([]byte{0}, zero...), 0)...)); !errors.Is(err, ErrUndecodable) {
		t.Errorf("a tick of year 1 reads as %v, %v", r, err)
	}
}

// Times keep their microseconds and lose their zone, far from now as well.
func TestTimesRoundTrip(t *testing.T) {
	c := codecOf(t)
	for _, at := range []time.Time{
		time.Date(2026, 5, 20, 14, 0, 0, 123_456_789, time.FixedZone("", 7200)),
		time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		time.Unix(0, 0), time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		time.UnixMicro(-1 << 63), time.UnixMicro(1<<63 - 1),
	} {
		b, err := c.Encode(&record.Tick{Time: at})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Decode(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(&record.Tick{Time: at.UTC().Truncate(time.Microsecond)}, got); d != "" {
			t.Error(d)
		}
	}
}

// More items than fit in a block, and more bytes than a broker takes by default,
// are still one record: the limits are on what is claimed, not on what is there.
func TestLargeRecordsRoundTrip(t *testing.T) {
	c := codecOf(t)
	d := &record.DeadLetter{At: epoch, Value: bytes.Repeat([]byte("x"), 3<<20), Headers: make([]record.DeadLetterHeader, 3*maxBlockCount+1)}
	b, err := c.Encode(d)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Decode(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(d, got) { // cmp takes seconds for this
		t.Error("the record came back as another")
	}
}

// Bytes of a decoded record are part of the message, but appending to them
// writes elsewhere.
func TestDecodedBytesCanBeAppendedTo(t *testing.T) {
	c := codecOf(t)
	b, err := c.Encode(&record.DeadLetter{At: epoch, Key: []byte("key"), Value: []byte("value")})
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(b)
	got, err := c.Decode(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	_ = append(got.(*record.DeadLetter).Key, "overwritten"...)
	if !bytes.Equal(b, before) {
		t.Error("appending to the key changed the message")
	}
}

func TestEncodeRefuses(t *testing.T) {
	c := codecOf(t)
	var none *record.Tick
	for _, x := range []any{nil, 1, "text", record.Tick{Time: epoch}, none, &struct{}{}, &repair.Header{OccurredAt: epoch}} {
		if b, err := c.Encode(x); err == nil {
			t.Errorf("%T: %x", x, b)
		}
	}
}

func TestSealAndOpen(t *testing.T) {
	c := codecOf(t)
	want := repair.ContactDetails{Name: "J. de Vries", Email: "j@example.nl", Phone: "+31612345678"}
	sealed, err := c.Seal(&want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open[repair.ContactDetails](t.Context(), c, sealed)
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := Open[repair.ContactDetails](t.Context(), c, repair.Personal{}); err != nil || got != (repair.ContactDetails{}) {
		t.Errorf("nothing opens as %+v, %v", got, err)
	}
	for name, p := range map[string]repair.Personal{
		"of another type": {Bytes: sealed.Bytes},
		"with a key":      {KeyID: "k1", Bytes: sealed.Bytes},
		"junk":            {Bytes: []byte("junk")},
	} {
		if got, err := Open[repair.FreeText](t.Context(), c, p); !errors.Is(err, ErrUndecodable) || got.Text != "" {
			t.Errorf("%s opens as %+v, %v", name, got, err)
		}
	}
}

// FuzzDecode: no bytes bring the decoder down or make it allocate more than
// their length allows; what is read can be written and reads the same again.
func FuzzDecode(f *testing.F) {
	c := codecOf(f)
	for _, typ := range record.Types() {
		b, err := c.Encode(filled(typ))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, b := range bombs(c) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var rec any
		var err error
		if n := allocatedBy(func() { rec, err = c.Decode(t.Context(), b) }); n > 1<<20+1000*uint64(len(b)) {
			t.Fatalf("%d bytes took %d bytes of memory", len(b), n)
		}
		if err != nil {
			if !errors.Is(err, ErrUndecodable) {
				t.Fatal(err)
			}
			return
		}
		again, err := c.Encode(rec)
		if err != nil {
			t.Fatalf("%+v was read but cannot be written: %v", rec, err)
		}
		got, err := c.Decode(t.Context(), again)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(rec, got); d != "" {
			t.Fatal(d)
		}
		text, err := c.AppendJSON(t.Context(), nil, rec)
		if err == nil && !json.Valid(text) || err != nil && !errors.Is(err, ErrUndecodable) {
			t.Fatalf("as JSON: %s, %v", text, err)
		}
	})
}
