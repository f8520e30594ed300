package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/deploy/embedded"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// embeddedMode returns a directory, and what starts and stops the embedded mode on it: it
// reports whether everything was ready.
func embeddedMode(t *testing.T) (*embedded.Data, func(since time.Time) (was bool, err error)) {
	t.Helper()
	data, err := embedded.Open(filepath.Join(t.TempDir(), "data"), slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { must(t, data.Close()) })
	_, err = WriteSample(data)
	must(t, err)
	book, err := garage.Load(GarageFile(data.Dir()))
	must(t, err)
	return data, func(since time.Time) (was bool, err error) {
		err = Run(t.Context(), Options{
			Data: data, Garages: book, GarageFile: GarageFile(data.Dir()), Clock: time.Now, MailSince: since,
			RequestClock: func(*http.Request) time.Time { return time.Now() }, Log: slog.New(slog.DiscardHandler),
			Beside: func(context.Context, *Pipeline) error {
				was = true
				return nil
			},
		})
		return was, err
	}
}

// A warning keeps nobody waiting: whoever has one is ready.
func TestReadyWithAWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		late := Role{check: func(time.Time) error { return warning{errors.New("somebody's transaction is open")} }}
		must(t, new(Pipeline).ready(ctx, []Role{late, {}}))
	})
}

// Whoever interrupts a rebuild of the tables is told that they are not complete, and what
// completes them; run again, it does.
func TestARebuildOfTablesIsInterrupted(t *testing.T) {
	t.Parallel()
	data, up := embeddedMode(t)
	if was, err := up(time.Time{}); !was || err != nil {
		t.Fatalf("at first: %t, %v", was, err)
	}
	book, err := garage.Load(GarageFile(data.Dir()))
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	again := Rebuild{Name: record.ClickHouseSink.Name, Data: data, Garages: book, Log: slog.New(slog.DiscardHandler)}
	again.Tell = func(string) { cancel() }
	err = again.Run(ctx)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "rebuild clickhouse: the tables are not complete") || !strings.Contains(err.Error(), "run it again") {
		t.Errorf("interrupted, it says %v", err)
	}
	again.Tell = func(string) {}
	must(t, again.Run(t.Context()))
}

// Where the brokers have forgotten which mails were sent, the embedded mode does not start,
// and says what to do; what it says helps.
func TestAPositionIsLostInTheEmbeddedMode(t *testing.T) {
	t.Parallel()
	data, up := embeddedMode(t)
	if was, err := up(time.Time{}); !was || err != nil {
		t.Fatalf("at first: %t, %v", was, err)
	}

	broker, err := embedded.StartKafka(t.Context(), data, embedded.KafkaOptions{Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	opts, err := kafka.Config{Brokers: []string{broker.Addr}}.Opts("test", slog.New(slog.DiscardHandler))
	must(t, err)
	cl, err := kgo.NewClient(append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	must(t, err)
	must(t, cl.ProduceSync(t.Context(), &kgo.Record{Topic: record.Notifications.Name, Partition: 1, Value: []byte("a request")}).FirstErr())
	adm := kadm.NewClient(cl)
	group := record.EmailSink.Group()
	_, err = adm.LeaveGroup(t.Context(), kadm.LeaveGroup(group).InstanceIDs(group+"/"+instance))
	must(t, err)
	var one kadm.TopicsSet
	one.Add(record.Notifications.Name, 1)
	_, err = adm.DeleteOffsets(t.Context(), group, one)
	must(t, err)
	adm.Close()
	must(t, broker.Stop(t.Context()))

	if was, err := up(time.Time{}); was || !errors.Is(err, kafka.ErrLost) || !strings.Contains(err.Error(), "pitstop up --since TIME") {
		t.Errorf("with a position that is lost: %t, %v", was, err)
	}
	if was, err := up(time.Now()); !was || err != nil {
		t.Errorf("as told: %t, %v", was, err)
	}
	if was, err := up(time.Time{}); !was || err != nil {
		t.Errorf("after that: %t, %v", was, err)
	}
}
