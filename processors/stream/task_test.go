package stream

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// count counts the records of a key, and sets a timer that adds a hundred.
type count struct {
	N int64 `avro:"n"`
}

const delay = time.Hour

func counter() Processor[count] {
	return Processor[count]{
		Consumer: record.LifecycleProcessor, MovesTime: []record.Topic{record.Commands},
		Record: func(c *Context, s *count, _ record.Headed) error {
			s.N++
			c.SetTimer("hundred", c.Time().Add(delay))
			return nil
		},
		Timer: func(_ *Context, s *count, _ Timer) error {
			s.N += 100
			return nil
		},
	}
}

// A processor has timers if and only if it reads ticks, and is refused otherwise,
// by its tests already.
func TestTimersNeedTicks(t *testing.T) {
	timed, timeless := counter(), counter()
	timed.Consumer.Reads = []record.Topic{record.Commands}
	timeless.Timer = nil
	for name, p := range map[string]Processor[count]{"no ticks": timed, "no timers": timeless} {
		if _, err := NewDriver(p); err == nil {
			t.Errorf("%s: no error", name)
		}
		if err := Run(t.Context(), p, Options{}); err == nil || !strings.Contains(err.Error(), record.Ticks.Name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func newCounterTask(t *testing.T) *task {
	t.Helper()
	l := counter().logic()
	codec, err := avro.NewCodec(l.stateOf)
	if err != nil {
		t.Fatal(err)
	}
	return newTask(&l, codec, 0)
}

func (t *task) mustHandle(tb testing.TB, offset int64, rec any) {
	tb.Helper()
	r := &kgo.Record{Topic: record.Commands.Name, Offset: offset}
	if h, ok := rec.(record.Headed); ok {
		r.Key, r.Timestamp = []byte(h.Head().AggregateID), h.Head().OccurredAt
	} else {
		r.Topic, r.Timestamp = record.Ticks.Name, rec.(*record.Tick).Time
	}
	if err := t.handle(r, rec, nil); err != nil {
		tb.Fatal(err)
	}
	if _, err := t.settle(always); err != nil {
		tb.Fatal(err)
	}
	if _, err := t.changes(); err != nil {
		tb.Fatal(err)
	}
}

func always(int) bool { return true }

func (t *task) count(tb testing.TB, key string) int64 {
	tb.Helper()
	s, err := t.logic.decode(t.codec, t.open(key).state)
	if err != nil {
		tb.Fatal(err)
	}
	return s.(*count).N
}

func command(key string, at time.Time) *repair.CollectVehicle {
	return &repair.CollectVehicle{Header: repair.Header{EventID: "e", AggregateID: key, GarageID: "g", OccurredAt: at}}
}

func tick(now time.Time, end int64) *record.Tick {
	return &record.Tick{Processor: "lifecycle", Time: now, Ends: map[string]int64{record.Commands.Name: end}}
}

var noon = time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)

// A tick takes effect only when its ends have been read, even when a later
// transaction reads them, and an abort does not lose it.
func TestTickWaitsForItsEnds(t *testing.T) {
	task := newCounterTask(t)
	task.mustHandle(t, 0, command("a", noon))
	task.commit()
	late := noon.Add(2 * delay)
	task.mustHandle(t, 0, tick(late, 3))
	if got := task.count(t, "a"); got != 1 {
		t.Fatalf("the timer fired before the tick's end was read: %d", got)
	}
	task.commit()

	task.mustHandle(t, 1, command("b", noon))
	task.mustHandle(t, 2, command("b", noon))
	if got := task.count(t, "a"); got != 101 {
		t.Fatalf("at the end the count is %d, want 101", got)
	}
	task.abort()
	if got := task.count(t, "a"); got != 1 {
		t.Fatalf("after the abort the count is %d, want 1", got)
	}
	task.mustHandle(t, 1, command("b", noon))
	task.mustHandle(t, 2, command("b", noon))
	if got := [2]int64{task.count(t, "a"), task.count(t, "b")}; got != [2]int64{101, 102} {
		t.Fatalf("the second time the counts are %d, want 101 and 102", got)
	}
}

// Two ticks fire a timer once; a tick for another processor does not fire it.
func TestTicksAreHarmless(t *testing.T) {
	task := newCounterTask(t)
	task.mustHandle(t, 0, command("a", noon))
	other := tick(noon.Add(2*delay), 0)
	other.Processor = "notification"
	task.mustHandle(t, 0, other)
	if got := task.count(t, "a"); got != 1 {
		t.Fatalf("another processor's tick fired the timer: %d", got)
	}
	task.mustHandle(t, 1, tick(noon.Add(2*delay), 1))
	task.mustHandle(t, 2, tick(noon.Add(2*delay), 1))
	task.commit()
	task.mustHandle(t, 3, tick(noon.Add(2*delay), 1))
	if got := task.count(t, "a"); got != 101 {
		t.Fatalf("the count is %d, want 101", got)
	}
	if next := task.next(); !next.IsZero() {
		t.Errorf("a timer is left, due %s", next)
	}
}

// A record fires the timers of its own key that are due by its time, before it
// is handled, and no other key's.
func TestRecordMovesItsOwnKeyOnly(t *testing.T) {
	task := newCounterTask(t)
	task.mustHandle(t, 0, command("a", noon))
	task.mustHandle(t, 1, command("b", noon))
	task.mustHandle(t, 2, command("a", noon.AddDate(73, 0, 0)))
	got := map[string]int64{"a": task.count(t, "a"), "b": task.count(t, "b")}
	if d := cmp.Diff(map[string]int64{"a": 102, "b": 1}, got); d != "" {
		t.Error(d)
	}
}

// What a processor panics on is a dead letter, with its effects dropped.
func TestPanicIsADeadLetter(t *testing.T) {
	p := counter()
	p.Record = func(c *Context, s *count, _ record.Headed) error {
		s.N = 7
		c.SetTimer("left over", noon)
		c.Emit(record.Events, &repair.VehicleCollected{})
		panic("oh")
	}
	l := p.logic()
	task := newCounterTask(t)
	task.logic = &l
	task.mustHandle(t, 0, command("a", noon))
	if changes, err := task.changes(); len(task.out) != 1 || task.out[0].reason != kafka.Unhandled || len(changes) != 0 || err != nil {
		t.Errorf("got outputs %v and changes %v, %v, want one dead letter", task.out, changes, err)
	}
}

// A record whose effects are too large for the broker is a dead letter.
func TestTooLargeIsADeadLetter(t *testing.T) {
	p := counter()
	p.Record = func(c *Context, _ *count, _ record.Headed) error {
		c.Emit(record.Events, &repair.RepairCancelled{Reason: repair.Personal{Bytes: make([]byte, 1<<20)}})
		return nil
	}
	l := p.logic()
	task := newCounterTask(t)
	task.logic = &l
	task.mustHandle(t, 0, command("a", noon))
	if len(task.out) != 1 || task.out[0].reason != kafka.TooLarge {
		t.Errorf("got outputs %v, want one dead letter", task.out)
	}
}

// A record is logged when its Kafka timestamp says, a timer when the record that fired
// it was: a tick, or a record of its key. Two timers that are due at the same time, set
// by different commands, have different ids.
func TestLogTime(t *testing.T) {
	type seen struct {
		what   string
		logged time.Time
	}
	var got []seen
	causes := make(map[string]bool)
	p := counter()
	p.Record = func(c *Context, _ *count, _ record.Headed) error {
		got = append(got, seen{"record", c.LogTime()})
		c.SetTimer("same", noon.Add(delay))
		return nil
	}
	p.Timer = func(c *Context, _ *count, _ Timer) error {
		got = append(got, seen{"timer", c.LogTime()})
		causes[c.Cause().EventID] = true
		return nil
	}
	d, err := NewDriver(p)
	if err != nil {
		t.Fatal(err)
	}
	send := func(chain string, occurred, logged time.Time) {
		c := command("a", occurred)
		c.CorrelationID, d.LogTime = chain, logged
		if _, err := d.Send(record.Commands, c); err != nil {
			t.Fatal(err)
		}
	}
	send("first", noon, noon.Add(time.Minute))
	send("second", noon.Add(delay), noon.Add(3*delay))
	if _, err := d.Advance(noon.Add(4 * delay)); err != nil {
		t.Fatal(err)
	}
	want := []seen{
		{"record", noon.Add(time.Minute)}, {"timer", noon.Add(3 * delay)}, {"record", noon.Add(3 * delay)}, {"timer", noon.Add(4 * delay)},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if len(causes) != 2 {
		t.Errorf("two timers have the ids %v", causes)
	}
}

// pile keeps what it is given.
type pile struct {
	Things []thing `avro:"things"`
}

type thing struct {
	Bytes []byte `avro:"bytes"`
}

// In a transaction of 1,000 records of one key, a state of 1 MB is decoded and encoded once.
func TestStateIsDecodedAndEncodedOnce(t *testing.T) {
	p := Processor[pile]{Consumer: record.LatencyProcessor, Record: func(_ *Context, s *pile, _ record.Headed) error {
		if len(s.Things) == 0 {
			s.Things = make([]thing, 10)
		}
		s.Things[0].Bytes = make([]byte, 100_000)
		return nil
	}}
	l := p.logic()
	codec, err := avro.NewCodec(l.stateOf)
	if err != nil {
		t.Fatal(err)
	}
	decoded, encoded := 0, 0
	decode, encode := l.decode, l.encode
	l.decode = func(c *avro.Codec, state []byte) (any, error) { decoded++; return decode(c, state) }
	l.encode = func(c *avro.Codec, state any) ([]byte, error) { encoded++; return encode(c, state) }
	task := newTask(&l, codec, 0)
	handle := func(n int) {
		for i := range n {
			r := &kgo.Record{Topic: record.Events.Name, Offset: int64(i), Key: []byte("a")}
			if err := task.handle(r, command("a", noon), nil); err != nil {
				t.Fatal(err)
			}
		}
		if changes, err := task.changes(); err != nil || len(changes) != 1 {
			t.Fatal(len(changes), err)
		}
		task.commit()
	}
	handle(1000)
	if decoded != 1 || encoded != 1 {
		t.Errorf("decoded %d times, encoded %d times", decoded, encoded)
	}
}

// Of a key that leaves nothing behind the changelog has nothing, if it never had
// anything; else a tombstone.
func TestTombstones(t *testing.T) {
	p := counter()
	p.Record = func(_ *Context, s *count, r record.Headed) error {
		s.N = map[string]int64{"begin": 1}[r.Head().EventID]
		return nil
	}
	l := p.logic()
	task := newCounterTask(t)
	task.logic = &l
	handle := func(id string) (values []int) {
		c := command("a", noon)
		c.EventID = id
		task.mustHandle(t, 0, c)
		changes, err := task.changes()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			values = append(values, len(c.Value))
		}
		task.commit()
		return values
	}
	if got := handle("end"); len(got) != 0 {
		t.Errorf("of a key that never was: %v", got)
	}
	if got := handle("begin"); len(got) != 1 || got[0] == 0 {
		t.Errorf("of one that is: %v", got)
	}
	if got := handle("end"); len(got) != 1 || got[0] != 0 {
		t.Errorf("of one that was: %v", got)
	}
	if got := handle("end"); len(got) != 0 {
		t.Errorf("of one that is gone: %v", got)
	}
}

// What is kept of a key takes as much memory as it is large, and keeps nothing else: not
// the batch that it came in, nor the room in which it was encoded.
func TestMemoryOfAClosedRepair(t *testing.T) {
	const n = 20_000
	heap := func() int {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	state := bytes.Repeat([]byte{7}, 39)
	s := newStore()
	before := heap()
	for i := range n {
		batch := append(make([]byte, 0, 512), state...)
		key := fmt.Sprintf("%027d", i)
		if i%2 == 0 {
			s.keep(key, entry{state: batch})
			continue
		}
		s.open(key).state = batch
		s.commit()
	}
	if each := (heap() - before) / n; each > 240 {
		t.Errorf("%d bytes for a closed repair's %d", each, len(state))
	}
	runtime.KeepAlive(s)
}

// A processor that tells nil from empty in its state depends on how its input is cut into
// transactions, which a driver finds that does everything twice.
func TestTwiceFindsADifference(t *testing.T) {
	for name, things := range map[string][]thing{"nil": nil, "empty": {}} {
		d, err := NewDriver(Processor[pile]{Consumer: record.LatencyProcessor, Record: func(c *Context, s *pile, _ record.Headed) error {
			if s.Things == nil {
				c.Emit(record.Events, &repair.VehicleCollected{})
			}
			s.Things = things
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		d.Twice(10)
		_, err = d.Send(record.Events, command("a", noon), command("a", noon), command("a", noon))
		if failed := err != nil; failed != (name == "empty") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
