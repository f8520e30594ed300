package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func startKafka(t *testing.T, d *Data, log *testLog) *Kafka {
	t.Helper()
	return must(StartKafka(t.Context(), d, KafkaOptions{Log: log.Logger}))(t)
}

func kafkaClient(t *testing.T, addr string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client := must(kgo.NewClient(append(opts, kgo.SeedBrokers(addr), kgo.MetadataMinAge(50*time.Millisecond))...))(t)
	t.Cleanup(client.Close)
	return client
}

func createTopic(ctx context.Context, client *kgo.Client, topic string) error {
	forEver := "-1"
	_, err := kadm.NewClient(client).CreateTopic(ctx, 1, 1, map[string]*string{"retention.ms": &forEver}, topic)
	return err
}

func produce(t *testing.T, client *kgo.Client, topic string, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		record := &kgo.Record{Topic: topic, Value: []byte(strconv.Itoa(n))}
		if err := client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
			t.Fatalf("produce %d: %v", n, err)
		}
	}
}

// wantRecords reads the topic from its start, expecting the numbers 0 to n-1.
func wantRecords(t *testing.T, addr, topic string, n int) {
	t.Helper()
	client := kafkaClient(t, addr, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	next := 0
	for next < n {
		fetches := client.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatalf("read record %d of %d: %v", next, n, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if string(r.Value) != strconv.Itoa(next) {
				t.Fatalf("record %d is %q", next, r.Value)
			}
			next++
		})
	}
	if next != n {
		t.Errorf("read %d records, want %d", next, n)
	}
}

func TestKafkaKeepsRecordsAndAddressOverRestart(t *testing.T) {
	dir, log := t.TempDir(), newLog(t)
	var addr string
	for round := range 3 {
		d := openData(t, dir)
		k := startKafka(t, d, log)
		if addr == "" {
			addr = k.Addr
		}
		if k.Addr != addr {
			t.Errorf("address %s became %s", addr, k.Addr)
		}
		client := kafkaClient(t, addr)
		if round == 0 {
			if err := createTopic(t.Context(), client, "events"); err != nil {
				t.Fatal(err)
			}
		}
		wantRecords(t, addr, "events", 10*round)
		produce(t, client, "events", 10*round, 10*round+10)
		client.Close()
		stop(t, k)
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if log.String() != "" {
		t.Error("clean stops left something in the log")
	}
}

func TestKilledKafkaComesBackWithAllRecords(t *testing.T) {
	log := newLog(t)
	k := startKafka(t, openData(t, t.TempDir()), log)
	client := kafkaClient(t, k.Addr)
	if err := createTopic(t.Context(), client, "events"); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		produce(t, client, "events", 10*round, 10*round+10)
		if err := syscall.Kill(childOf(t, ChildCommand, "kafka"), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	// The client was not told: it finds the broker again by itself.
	produce(t, client, "events", 30, 40)
	wantRecords(t, k.Addr, "events", 40)
	client.Close()
	stop(t, k)
	wantError(t, fmt.Errorf("%s", log.String()), "part=kafka", "ended by itself", "the broker was killed last time")
}

func TestKafkaRefuses(t *testing.T) {
	t.Run("data without meta.json", func(t *testing.T) {
		d := openData(t, t.TempDir())
		stop(t, startKafka(t, d, newLog(t)))
		if err := os.Remove(d.Path("kafka/meta.json")); err != nil {
			t.Fatal(err)
		}
		_, err := StartKafka(t.Context(), d, KafkaOptions{Log: slog.Default()})
		wantError(t, err, d.Path("kafka"), "no meta.json", "backup")
	})
	t.Run("a port taken by another program", func(t *testing.T) {
		d := openData(t, t.TempDir())
		l := must(d.Listen("kafka"))(t)
		defer l.Close()
		_, err := StartKafka(t.Context(), d, KafkaOptions{Log: slog.Default()})
		wantError(t, err, "start embedded kafka", "taken by another program", d.Path("ports/kafka"))
		if !IsConfiguration(err) {
			t.Error("it does not say that trying again is of no use")
		}
	})
}

func TestKafkaFirstStartThatWasCutShort(t *testing.T) {
	d := openData(t, t.TempDir())
	if err := os.Mkdir(d.Path("kafka"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.Path("kafka"), "meta.json.tmp"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	stop(t, startKafka(t, d, newLog(t)))
}

// A record's time is when the broker took it, whatever the clock of its producer says;
// also of a batch that was compressed.
func TestKafkaUsesItsOwnTime(t *testing.T) {
	k := startKafka(t, openData(t, t.TempDir()), newLog(t))
	client := kafkaClient(t, k.Addr)
	if err := createTopic(t.Context(), client, "t"); err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-time.Second) // times on the wire are in milliseconds
	for _, batch := range [][]*kgo.Record{
		{{Timestamp: before.Add(48 * time.Hour), Value: make([]byte, 10_000)}, {Timestamp: before.Add(48*time.Hour + time.Millisecond)}},
		{{Timestamp: before.Add(-48 * time.Hour)}},
	} {
		for _, r := range batch {
			r.Topic = "t"
		}
		if err := client.ProduceSync(t.Context(), batch...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	after := time.Now()
	reader := kafkaClient(t, k.Addr, kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	for n := 0; n < 3; {
		fetches := reader.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			n++
			if r.Timestamp.Before(before) || r.Timestamp.After(after) {
				t.Errorf("record %d bears %s, and was taken between %s and %s", r.Offset, r.Timestamp, before, after)
			}
		})
	}
}
