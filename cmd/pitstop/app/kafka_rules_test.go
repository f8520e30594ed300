package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	apache "pitstop/deploy/kafka"
	"pitstop/processors/lifecycle"
	"pitstop/processors/stream"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// TestKafka_Rules checks on Apache Kafka what the tests in memory take for granted about
// brokers: that they forget a transactional id, hide what comes after an open transaction,
// and lose positions, and how they say so.
func TestKafka_Rules(t *testing.T) {
	needKafka(t)
	cluster := startKafka(t, apache.Options{Nodes: 1, Properties: map[string]string{
		"transactional.id.expiration.ms":                             "15000", // a week by default
		"transaction.remove.expired.transaction.cleanup.interval.ms": "1000",
	}})
	cfg := kafka.Config{Brokers: cluster.Brokers, RegistryURL: cluster.RegistryURL}
	opts, err := cfg.Opts("test", slog.New(slog.DiscardHandler))
	must(t, err)
	adm, err := kadm.NewOptClient(opts...)
	must(t, err)
	t.Cleanup(adm.Close)
	layout := kafka.Layout{Partitions: 2, Replication: 1}
	steps, err := layout.Plan(t.Context(), adm)
	must(t, err)
	must(t, layout.Apply(t.Context(), adm, steps))
	must(t, cluster.Ready(t.Context()))
	t.Run("forgotten transactional ids", func(t *testing.T) { testForgottenID(t, cfg, adm) })
	t.Run("a stranger's open transaction", func(t *testing.T) { testStranger(t, cfg, adm) })
	t.Run("positions", func(t *testing.T) { testPositions(t, adm) })
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for {
		err := so()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-look.C:
		}
	}
}

// testForgottenID lets the brokers forget the id of an idle processor: what comes then is
// handled once all the same, and the log says what happened.
func testForgottenID(t *testing.T, cfg kafka.Config, adm *kadm.Client) {
	codec, err := NewCodec(t.Context(), cfg)
	must(t, err)
	opts, err := cfg.Producer("test", slog.New(slog.DiscardHandler))
	must(t, err)
	cl, err := kgo.NewClient(opts...)
	must(t, err)
	t.Cleanup(cl.Close)

	var log bytes.Buffer
	monitor, ended := new(stream.Monitor), make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	run := func() error {
		return stream.Run(ctx, lifecycle.New(nil), stream.Options{
			Kafka: cfg, Instance: "a", Clock: time.Now, Monitor: monitor, Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
	}
	go func() {
		err := run()
		for again := 0; err != nil && again < 20; again++ { // a new cluster has no coordinators yet
			<-time.After(time.Second)
			err = run()
		}
		ended <- err
	}()
	answered := 0
	send := func(key string) {
		t.Helper()
		c := &repair.StartRepair{Agreed: repair.Work{Currency: "EUR"}}
		c.Header = repair.Header{EventID: key, AggregateID: key, GarageID: "de-brug", OccurredAt: time.Now(), Actor: repair.Actor{Role: repair.Mechanic, ID: "sam"}}
		value, err := codec.Encode(c)
		must(t, err)
		must(t, cl.ProduceSync(t.Context(), &kgo.Record{Topic: record.Commands.Name, Key: []byte(key), Value: value}).FirstErr())
		eventually(t, "an answer to "+key, func() error {
			n, err := outcomesOf(t.Context(), cfg)
			if err == nil && n != answered+1 {
				err = errors.Join(fmt.Errorf("%d outcomes, want %d", n, answered+1), monitor.Check(time.Now()))
			}
			return err
		})
		answered++
	}
	send("first")
	eventually(t, "the brokers forget the id", func() error {
		listed, err := adm.ListTransactions(t.Context(), nil, nil)
		if err == nil && len(listed) > 0 {
			err = fmt.Errorf("they know %v", listed.TransactionalIDs())
		}
		return err
	})
	send("second")
	send("third")
	must(t, monitor.Check(time.Now()))
	stop()
	must(t, <-ended)
	if !strings.Contains(log.String(), "have forgotten this member's transactional id") {
		t.Errorf("the log says %s", log.String())
	}
}

// outcomesOf counts the committed outcomes.
func outcomesOf(ctx context.Context, cfg kafka.Config) (n int, err error) {
	_, err = readCommitted(ctx, cfg, slog.New(slog.DiscardHandler), kafka.StableEnds, []string{record.Outcomes.Name}, func(*kgo.Record) error {
		n++
		return nil
	})
	return n, err
}

// testStranger opens a transaction on the notifications, and reads behind it.
func testStranger(t *testing.T, cfg kafka.Config, adm *kadm.Client) {
	topic := record.Notifications.Name
	abort := kafkatest.OpenTransaction(t, cfg, "stranger", 10*time.Minute, record.Notifications, 1)
	var held kafka.HeldUp
	look := func() error { return held.Look(t.Context(), adm, map[string]map[int32]int64{topic: {0: 0, 1: 0}}) }
	eventually(t, "it is told whose the transaction is", func() error {
		err := look()
		for _, want := range []string{topic + "[1] is hidden from offset 0 on by the open transaction of stranger (producer ", "which began at 20", "abort --topic " + topic + " --partition 1 --start-offset 0"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				return errors.Join(fmt.Errorf("it does not say %q", want), err)
			}
		}
		return nil
	})
	abort()
	eventually(t, "it has ended", look)
}

// testPositions loses the positions of a group in every way.
func testPositions(t *testing.T, adm *kadm.Client) {
	c, ctx := record.EmailSink, t.Context()
	topic := record.Notifications.Name
	resume := func() error { return kafka.Resume(ctx, adm, c, time.Time{}) }
	lost := func(what string) {
		t.Helper()
		if err := resume(); !errors.Is(err, kafka.ErrLost) || !strings.Contains(err.Error(), what) {
			t.Errorf("it says %v, want %q", err, what)
		}
	}
	commit := func(at int64) {
		t.Helper()
		var offsets kadm.Offsets
		offsets.AddOffset(topic, 1, at, -1)
		must(t, adm.CommitAllOffsets(ctx, c.Group(), offsets))
	}
	must(t, resume()) // the first start
	must(t, resume())
	commit(99)
	lost("past the end of the log")
	var one kadm.TopicsSet
	one.Add(topic, 1)
	deleted, err := adm.DeleteOffsets(ctx, c.Group(), one)
	must(t, errors.Join(err, deleted.Error()))
	lost("on " + topic + "[1] is gone")
	commit(0)
	ends, err := kafka.Ends(ctx, adm, topic)
	must(t, err)
	end, _ := ends.Lookup(topic, 1)
	var to kadm.Offsets
	to.AddOffset(topic, 1, end.Offset, -1)
	_, err = adm.DeleteRecords(ctx, to)
	must(t, err)
	lost("was deleted before it was read")
	commit(end.Offset)
	must(t, resume())
}
