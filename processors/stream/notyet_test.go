package stream_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pitstop/processors/latency"
	"pitstop/processors/notification"
	"pitstop/processors/stream"
	"pitstop/processors/stream/streamtest"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

func started(id, key, garageID string, at time.Time) *repair.RepairStarted {
	e := &repair.RepairStarted{Header: streamtest.Header(id, key, at), Customer: repair.Contact{Language: "nl", Channels: []repair.Channel{repair.Email}}}
	e.GarageID, e.Sequence = garageID, 1
	return e
}

// A processor with yesterday's garage file waits for a new garage, and says so; once the
// garage is in the file it goes on by itself. Nothing is dropped or given up on.
func TestAGarageThatIsNotInTheFileYet(t *testing.T) {
	for _, name := range []string{record.NotificationProcessor.Name, record.LatencyProcessor.Name} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { testGarageNotYet(t, name) }) })
	}
}

func testGarageNotYet(t *testing.T, name string) {
	at := streamtest.Monday()
	c := kafkatest.Start(t, 1)
	file := filepath.Join(t.TempDir(), "garages.yaml")
	second := bytes.Index(garage.Sample, []byte("  - id: noord"))
	write := func(text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(garage.Sample[:second])
	book, err := garage.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	monitor, done := new(stream.Monitor), make(chan error, 2)
	o := stream.Options{Kafka: c.Config, Instance: "a", Clock: time.Now, Log: c.Log, Monitor: monitor}
	go func() { book.Follow(ctx, c.Log, nil); done <- nil }()
	go func() {
		if name == record.LatencyProcessor.Name {
			done <- stream.Run(ctx, latency.New(book), o)
			return
		}
		done <- stream.Run(ctx, notification.New(book, nil), o)
	}()
	defer func() {
		stop()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}()
	c.Produce(t, c.Client(t), record.Events, started("1", "a", "de-brug", at), started("2", "b", "noord", at), started("3", "c", "de-brug", at))
	time.Sleep(time.Minute)
	if err := monitor.Check(time.Now()); err == nil || !strings.Contains(err.Error(), `"noord" is not in the garage file `+file) {
		t.Errorf("readiness says %v, want the reason", err)
	}
	write(garage.Sample)
	time.Sleep(time.Minute)
	if err := monitor.Check(time.Now()); err != nil {
		t.Errorf("readiness says %v once the garage is known", err)
	}
	about := make(map[string]int)
	topic := record.Notifications
	if name == record.LatencyProcessor.Name {
		topic = record.Latencies
	}
	for _, r := range c.ReadAll(t, topic) {
		about[r.(record.Headed).Head().AggregateID]++
	}
	if len(about) != 3 || about["a"] != 1 || about["b"] != 1 || about["c"] != 1 {
		t.Errorf("records about %v, want one about each repair", about)
	}
	if n := len(c.ReadAll(t, record.DeadLetters)); n > 0 {
		t.Errorf("%d dead letters", n)
	}
}
