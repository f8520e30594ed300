package sinks

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
)

func TestSinkWritesEverythingOnceThroughRebalances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		stop := r.start(r.sink(""), m)
		r.produceEvents(0, 100)
		pass(time.Second)
		stopSecond := r.start(r.sink(""), m)
		r.produceEvents(100, 200)
		pass(5 * time.Second)
		must(t, stopSecond())
		r.produceEvents(200, 300)
		pass(5 * time.Second)
		must(t, stop())
		m.want(t, 300, 300)
		if lag := r.lag(); lag != 0 {
			t.Errorf("lag is %d after everything was written", lag)
		}
		for p, offsets := range m.order {
			if !slices.IsSorted(offsets) {
				t.Errorf("partition %d was written out of order: %d", p, offsets)
			}
		}
	})
}

func TestSinkWaitsForATargetThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		c := r.sink("one")
		r.produceEvents(0, 40)
		tries := 0
		m.failWith(func([]Message) (int, error) { tries++; return 0, fmt.Errorf("%w: connection refused", ErrAway) })
		stop := r.start(c, m)
		pass(2 * time.Minute) // twice the rebalance timeout
		if err := c.Progress.Check(time.Now()); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("readiness says %v, want the reason", err)
		}
		if tries > 25 {
			t.Errorf("tried %d times in two minutes", tries)
		}
		// Rebalances are not blocked meanwhile: another member joins and leaves at once.
		second := r.sink("two")
		stopSecond := r.start(second, new(memory))
		pass(20 * time.Second)
		must(t, stopSecond())
		m.failWith(nil)
		pass(time.Minute)
		if err := c.Progress.Check(time.Now()); err != nil {
			t.Errorf("readiness says %v after the target came back", err)
		}
		must(t, stop())
	})
}

func TestSinkGoesOnWhereAPartialWriteStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		r.produceEvents(0, 40)
		r.produce(&kgo.Record{Topic: record.Events.Name, Key: []byte("r1"), Value: []byte("junk")})
		r.produceEvents(40, 60)
		first := true
		m.failWith(func(batch []Message) (int, error) {
			if !first {
				return 0, nil
			}
			first = false
			return len(batch) / 3, fmt.Errorf("%w: login refused", ErrAway)
		})
		stop := r.start(r.sink(""), m)
		pass(time.Minute)
		must(t, stop())
		m.want(t, 60, 60)
		if lag := r.lag(); lag != 0 {
			t.Errorf("lag is %d", lag)
		}
	})
}

func TestSinkEndsOnAnErrorThatWaitingDoesNotCure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		r.produceEvents(0, 5)
		broken := errors.New("no such table")
		m.failWith(func([]Message) (int, error) { return 0, broken })
		if err := Run(t.Context(), r.sink(""), m); !errors.Is(err, broken) {
			t.Fatalf("Run returned %v, want %v", err, broken)
		}
		m.failWith(nil)
		stop := r.start(r.sink(""), m)
		pass(10 * time.Second)
		must(t, stop())
		m.want(t, 5, 5)
	})
}

func TestTwoProcessesWithOneInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		stopFirst := r.start(r.sink("one"), new(memory))
		pass(5 * time.Second)
		stopSecond := r.start(r.sink("one"), new(memory))
		pass(30 * time.Second)
		if err := stopFirst(); !errors.Is(err, kafka.ErrFenced) || !strings.Contains(err.Error(), "one") {
			t.Errorf("the first ended with %v, want it to be fenced", err)
		}
		must(t, stopSecond())
	})
}

func TestSinkIsNotReadyBeforeItIsInItsGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.sink("one")
		c.Kafka.Brokers = []string{"localhost:1"} // nobody there
		stop := r.start(c, new(memory))
		pass(time.Minute)
		if err := c.Progress.Check(time.Now()); err == nil {
			t.Error("it is ready without a broker")
		}
		must(t, stop())
	})
}

// While a stranger's transaction is open on what a sink reads, readiness says whose it is,
// since when, and what to do; what is not behind it is written all the same. Once it has
// ended, all is.
func TestAStrangersOpenTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		c := r.sink("one")
		stop := r.start(c, m)
		r.produceEvents(0, 20)
		abort := kafkatest.OpenTransaction(t, r.config, "stranger", 15*time.Minute, record.Events, 0)
		pass(10 * time.Second)
		if err := c.Progress.Check(time.Now()); err != nil {
			t.Errorf("after 10 s readiness says %v", err)
		}
		r.produceEvents(20, 60)
		pass(20 * time.Second)
		for _, want := range []string{"is hidden from offset", "the open transaction of stranger (producer", "which began at 2000-01-01T00:00:0", "kafka-transactions.sh"} {
			if err := c.Progress.Check(time.Now()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("readiness says %v, want %q", err, want)
			}
		}
		if events, _ := m.count(); events <= 20 || events >= 60 {
			t.Errorf("%d of 60 events are written: want those of the other partitions", events)
		}
		abort()
		pass(10 * time.Second)
		if err := c.Progress.Check(time.Now()); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		must(t, stop())
		m.want(t, 60, 60)
	})
}

// Records that are gone from where a running sink is end it: whether it may go on, it
// learns when it starts again.
func TestALogThatChangesUnderASink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRig(t), new(memory)
		r.produceEvents(0, 40)
		stop := r.start(r.sink("a"), m)
		pass(5 * time.Second)
		adm := kadm.NewClient(r.client)
		_, err := adm.DeleteTopic(t.Context(), record.Events.Name)
		must(t, err)
		_, err = adm.CreateTopic(t.Context(), partitions, 1, nil, record.Events.Name)
		must(t, err)
		pass(time.Minute)
		if err := stop(); err == nil || !kafka.Displaced(err) {
			t.Errorf("it ends with %v", err)
		}
		m.want(t, 40, 40)
	})
}
