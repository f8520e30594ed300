package kafka_test

import (
	"errors"
	"fmt"
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

// A stranger's open transaction is told of once no transaction of ours would last so long,
// to whoever waits behind it, and until it ends; who still catches up is not held up. Ours
// that are open meanwhile are not to blame.
func TestHeldUp(t *testing.T) {
	topic := record.Notifications.Name
	for name, c := range map[string]struct {
		open time.Duration                       // how long the transaction is
		at   time.Duration                       // when it is asked, after its beginning
		read func(seconds int64) map[int32]int64 // how far the partitions are read by then
		want []string
	}{
		"one of ours": {kafka.TransactionTimeout, 30 * time.Second, still, nil},
		"just begun":  {time.Hour, 10 * time.Second, still, nil},
		"a stranger's": {time.Hour, 20 * time.Second, still, []string{
			topic + "[1] is hidden from offset 2 on by the open transaction of ", "-stranger (producer ",
			"which began at 2000-01-01T00:00:00Z and ends by itself at 2000-01-01T00:15:00Z",
			"kafka-transactions.sh --bootstrap-server … abort --topic " + topic + " --partition 1 --start-offset 2",
		}},
		"it has ended":         {time.Minute, 70 * time.Second, still, nil},
		"who still catches up": {time.Hour, time.Minute, func(seconds int64) map[int32]int64 { return map[int32]int64{1: seconds - 1000} }, nil},
		"who waits before it":  {time.Hour, time.Minute, func(int64) map[int32]int64 { return map[int32]int64{1: 1} }, []string{"[1] is hidden"}},
		"another partition":    {time.Hour, time.Minute, func(int64) map[int32]int64 { return map[int32]int64{0: 0} }, nil},
		"nothing is read":      {time.Hour, time.Minute, func(int64) map[int32]int64 { return nil }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cluster := kafkatest.Start(t, 2)
				adm := kadm.NewClient(cluster.Client(t))
				ours, stranger := oursAndAStrangers(t, cluster)
				begin := func(cl *kgo.Client) {
					t.Helper()
					if err := errors.Join(cl.BeginTransaction(),
						cl.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Partition: 1, Value: []byte("x")}).FirstErr()); err != nil {
						t.Fatal(err)
					}
				}
				begin(stranger)
				if err := stranger.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
					t.Fatal(err)
				}
				begin(stranger)
				began := time.Now()
				begin(ours)
				var held kafka.HeldUp
				var err error
				for ended := false; time.Since(began) < c.at; time.Sleep(time.Second) {
					if !ended && time.Since(began) >= c.open {
						if ended = true; stranger.EndTransaction(t.Context(), kgo.TryAbort) != nil {
							t.Fatal("it does not end")
						}
					}
					if err := ours.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
						t.Fatal(err)
					}
					begin(ours)
					err = held.Look(t.Context(), adm, map[string]map[int32]int64{topic: c.read(int64(time.Since(began).Seconds()))})
				}
				if len(c.want) == 0 && err != nil {
					t.Errorf("it says %v", err)
				}
				for _, want := range c.want {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("it says %v, want %q", err, want)
					}
				}
			})
		})
	}
}

// Of several partitions that are hidden one is told of, and how many more there are; who
// reads none of them any more is held up by none.
func TestHeldUpOnPartitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := kafkatest.Start(t, 4)
		adm := kadm.NewClient(cluster.Client(t))
		kafkatest.OpenTransaction(t, cluster.Config, "stranger", 15*time.Minute, record.Events, 1, 2, 3)
		var held kafka.HeldUp
		look := func(read map[string]map[int32]int64) (err error) {
			for range 20 {
				time.Sleep(time.Second)
				err = held.Look(t.Context(), adm, read)
			}
			return err
		}
		err := look(map[string]map[int32]int64{record.Events.Name: {0: 0, 1: 0, 2: 0, 3: 0}})
		for _, want := range []string{record.Events.Name + "[1] is hidden from offset 0 on", "(2 more partitions are hidden, too)"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("it says %v, want %q", err, want)
			}
		}
		if err := look(map[string]map[int32]int64{record.Events.Name: {3: 0}}); err == nil || strings.Contains(err.Error(), "more partitions") {
			t.Errorf("of one partition it says %v", err)
		}
		if err := look(nil); err != nil {
			t.Errorf("of none it says %v", err)
		}
	})
}

// oursAndAStrangers returns two that write to partitions by number, ours with the lower
// producer id.
func oursAndAStrangers(t *testing.T, cluster *kafkatest.Cluster) (ours, stranger *kgo.Client) {
	t.Helper()
	for n := 0; ; n++ { // the ids are drawn at random
		ours = cluster.Client(t, kgo.TransactionalID(fmt.Sprint(n, "-ours")), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		stranger = cluster.Client(t, kgo.TransactionalID(fmt.Sprint(n, "-stranger")), kgo.TransactionTimeout(15*time.Minute), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		a, _, err := ours.ProducerID(t.Context())
		b, _, otherErr := stranger.ProducerID(t.Context())
		if err := errors.Join(err, otherErr); err != nil {
			t.Fatal(err)
		}
		if a < b {
			return ours, stranger
		}
	}
}

func still(int64) map[int32]int64 { return map[int32]int64{0: 0, 1: 2} }

// While the brokers do not answer, what was known before is told: that reading is held up
// is not over.
func TestHeldUpWithoutBrokers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := kafkatest.Start(t, 1)
		adm := kadm.NewClient(cluster.Client(t))
		kafkatest.OpenTransaction(t, cluster.Config, "stranger", 15*time.Minute, record.Events, 0)
		var held kafka.HeldUp
		look := func() (err error) {
			for range 20 {
				time.Sleep(time.Second)
				err = held.Look(t.Context(), adm, map[string]map[int32]int64{record.Events.Name: {0: 0}})
			}
			return err
		}
		before := look()
		if before == nil {
			t.Fatal("it says nothing")
		}
		cluster.Fake.Close()
		if after := look(); after == nil || after.Error() != before.Error() {
			t.Errorf("without brokers it says %v", after)
		}
	})
}
