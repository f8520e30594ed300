package stream_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pitstop/processors/stream/streamtest"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
)

// After a week without a transaction the brokers have forgotten the member's id, which
// they say when it produces, and of its offsets, or at the end. It takes a new one by
// itself, and what it was doing is done once.
func TestForgottenTransactionalID(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.Produce, kmsg.TxnOffsetCommit, kmsg.EndTxn} {
		t.Run(key.Name(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := kafkatest.Start(t, 1)
				m := run(t, c, new(slowly).processor(), time.Now)
				commands(t, c, 1)
				cl := c.Client(t)
				time.Sleep(2 * time.Minute)
				fault := kfake.Fault{Keys: []kmsg.Key{key}, Err: kerr.InvalidProducerIDMapping, TxnID: "pitstop.lifecycle/a"}
				if key == kmsg.Produce {
					fault.TxnID, fault.Topic = "", record.Outcomes.Name
				}
				met := c.Fake.Fault(fault)
				c.Produce(t, cl, record.Commands, streamtest.Start("r0", time.Now()), streamtest.Start("r1", time.Now()))
				time.Sleep(30 * time.Second)
				if met.Hits() != 1 {
					t.Errorf("the fault was met %d times", met.Hits())
				}
				if d := cmp.Diff(map[int64]int{1: 2, 2: 1}, answers(t, c)); d != "" {
					t.Errorf("answers (-want +got):\n%s", d)
				}
				if err := m.Check(time.Now()); err != nil {
					t.Error(err)
				}
				if !strings.Contains(m.log.String(), "have forgotten this member's transactional id") {
					t.Errorf("the log says %s", m.log)
				}
			})
		})
	}
}

// While a stranger's transaction is open on the changelog, a member cannot restore; it
// says whose it is and what to do, until the brokers end it. On an input nothing can be
// read: it says so too.
func TestAStrangersOpenTransaction(t *testing.T) {
	for _, topic := range []record.Topic{record.LifecycleProcessor.Changelog(), record.Commands} {
		t.Run(topic.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := kafkatest.Start(t, 2)
				runLifecycle(t, c, "a").Stop()
				cl := c.Client(t)
				kafkatest.OpenTransaction(t, c.Config, "stranger", 5*time.Minute, topic, 1)
				m := runLifecycle(t, c, "a")
				for i := range 10 {
					c.Produce(t, cl, record.Commands, streamtest.Start(fmt.Sprintf("r%d", i), time.Now()))
				}
				time.Sleep(time.Minute)
				err := m.Check(time.Now())
				if err == nil {
					t.Fatal("ready")
				}
				for _, want := range []string{
					topic.Name + "[1] is hidden from offset 0 on", "the open transaction of stranger (producer", "abort --topic " + topic.Name + " --partition 1 --start-offset 0",
				} {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("readiness says %v, want %q", err, want)
					}
				}
				time.Sleep(5 * time.Minute)
				if err := m.Check(time.Now()); err != nil {
					t.Errorf("afterwards: %v", err)
				}
				if n := len(c.ReadAll(t, record.Outcomes)); n != 10 {
					t.Errorf("%d outcomes, want 10", n)
				}
			})
		})
	}
}
