package clickhouse_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/deploy/embedded"
	"pitstop/schemas/kafka"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/sinks"
	"pitstop/sinks/clickhouse"
)

// pipeline is a broker in memory and a sink into a database.
type pipeline struct {
	*db
	cluster *kfake.Cluster
	client  *kgo.Client
	config  sinks.Config
}

func newPipeline(d *db) *pipeline {
	d.t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, record.ClickHouseSink.Subscription()...))
	must(d.t, err)
	d.t.Cleanup(cluster.Close)
	p := &pipeline{db: d, cluster: cluster, config: sinks.Config{
		Codec: d.Codec, Progress: new(kafka.Progress), Now: time.Now, Log: quiet,
		Kafka: kafka.Config{Brokers: cluster.ListenAddrs(), RegistryURL: "http://localhost"},
	}}
	opts, err := p.config.Kafka.Producer("test", quiet)
	must(d.t, err)
	p.client, err = kgo.NewClient(opts...)
	must(d.t, err)
	d.t.Cleanup(p.client.Close)
	return p
}

// topicOf returns the topic that a record belongs on.
func topicOf(rec any) string {
	i := slices.IndexFunc(record.Topics(), func(t record.Topic) bool { return record.Belongs(t.Name, rec) })
	return record.Topics()[i].Name
}

func (p *pipeline) produce(records ...any) {
	p.t.Helper()
	var out []*kgo.Record
	for _, r := range records {
		value, err := p.Codec.Encode(r)
		must(p.t, err)
		out = append(out, &kgo.Record{Topic: topicOf(r), Key: []byte(r.(record.Headed).Head().AggregateID), Value: value})
	}
	must(p.t, p.client.ProduceSync(p.t.Context(), out...).FirstErr())
}

// run starts the sink; stop ends it and fails the test if it failed.
func (p *pipeline) run() (stop func()) {
	ctx, cancel := context.WithCancel(p.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- clickhouse.Run(ctx, p.Conn, p.config) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			p.t.Errorf("the sink ended with %v", err)
		}
	})
	p.t.Cleanup(stop)
	return stop
}

// eventually waits until a condition is true, and fails the test if that takes too long.
func eventually(t testing.TB, what string, true func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(2 * time.Minute) // the machine may be busy
	for !true() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("it does not come true that %s", what)
		}
	}
}

// lag returns the number of records that the sink has not committed.
func (p *pipeline) lag() int64 {
	lags, err := kadm.NewClient(p.client).Lag(p.t.Context(), record.ClickHouseSink.Group())
	must(p.t, err)
	must(p.t, lags.Error())
	return lags.Sorted()[0].Lag.Total()
}

// fresh waits until everything that is on the topics now has been written, by the
// read model's own AsOf.
func (p *pipeline) fresh() {
	p.t.Helper()
	now := time.Now()
	eventually(p.t, "the read model says it is up to date", func() bool {
		at, err := p.AsOf(p.t.Context())
		return err == nil && at.After(now)
	})
}

func TestSinkReplaysGiveTheSameAnswers(t *testing.T) {
	p := newPipeline(newDB(t))
	s := p.Eventful()
	p.produce(s.Records...)
	p.produce(wait("w", "approval", "sam", monday, "approved", time.Minute, 0))
	if at, err := p.AsOf(t.Context()); err != nil || !at.IsZero() {
		t.Errorf("before anything is read it is as of %v, %v", at, err)
	}
	stop := p.run()
	p.fresh()
	stop()
	if lag := p.lag(); lag != 0 {
		t.Errorf("lag is %d", lag)
	}
	want := p.answers(s.ID)
	for range 2 {
		_, err := kadm.NewClient(p.client).DeleteGroup(t.Context(), record.ClickHouseSink.Group())
		must(t, err)
		stop := p.run()
		p.fresh()
		stop()
		if diff := cmp.Diff(want, p.answers(s.ID)); diff != "" {
			t.Errorf("a replay changes the answers:\n%s", diff)
		}
	}
}

func TestBadBytesOnEveryTopicAreKeptAside(t *testing.T) {
	p := newPipeline(newDB(t))
	s := p.Story("brug", "1").Start("K482TR", "J. de Vries")
	sealed := &repair.MessagePosted{Kind: repair.Text, Text: repair.Personal{KeyID: "k1", Bytes: []byte("x")}}
	s.Stamp(&sealed.Header, sam, "")
	timeless := &repair.VehicleCollected{}
	s.Stamp(&timeless.Header, sam, "")
	timeless.OccurredAt = time.UnixMicro(1 << 62)
	var want []string
	for _, topic := range record.ClickHouseSink.Reads {
		for partition := range 3 {
			junk := []byte(fmt.Sprint("junk ", partition))
			r := &kgo.Record{Topic: topic.Name, Key: junk, Value: junk, Headers: []kgo.RecordHeader{{Key: "h", Value: []byte{0xff}}}}
			must(t, p.client.ProduceSync(t.Context(), r).FirstErr())
			want = append(want, fmt.Sprintf("%s clickhouse undecodable %q", topic.Name, junk))
		}
	}
	p.produce(sealed, timeless)
	p.produce(s.Records...)
	want = append(want, record.Events.Name+" clickhouse undecodable", record.Events.Name+" clickhouse unhandled")
	stop := p.run()
	var got []string
	eventually(t, "the dead letters are in the table", func() bool {
		got = nil
		rows, err := p.Conn.Query(t.Context(), "SELECT topic, consumer, reason, value, headers.value FROM dead_letters FINAL")
		must(t, err)
		defer rows.Close()
		for rows.Next() {
			var topic, consumer, reason, value string
			var headers []string
			must(t, rows.Scan(&topic, &consumer, &reason, &value, &headers))
			text := topic + " " + consumer + " " + reason
			if strings.HasPrefix(value, "junk") {
				text += fmt.Sprintf(" %q", value)
				if !slices.Equal(headers, []string{"\xff"}) {
					t.Errorf("headers are %q", headers)
				}
			}
			got = append(got, text)
		}
		must(t, rows.Err())
		return len(got) >= len(want)
	})
	p.fresh()
	stop()
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
	if r, err := p.Repair(t.Context(), readmodel.SightOf([]string{"brug"}, repair.CustomerService), s.ID); err != nil || r.Sequence != 1 {
		t.Errorf("what came after them: %+v, %v", r, err)
	}
	if lag := p.lag(); lag != 0 {
		t.Errorf("lag is %d: a partition stands still", lag)
	}
}

// TestNothingIsLostWhenTheEngineIsAway uses an engine of its own, which starts after
// the sink and is killed repeatedly while rows come in.
func TestNothingIsLostWhenTheEngineIsAway(t *testing.T) {
	if testing.Short() {
		t.Skip("kills an engine for seconds")
	}
	dir := t.TempDir()
	data, err := embedded.Open(dir, quiet)
	must(t, err)
	defer data.Close()
	start := func() *embedded.ClickHouse {
		e, err := embedded.StartClickHouse(t.Context(), data, embedded.ClickHouseOptions{Log: quiet})
		must(t, err)
		return e
	}
	e := start()
	d := openDB(t, clickhouse.Config{DSN: e.DSN})
	must(t, e.Stop(t.Context()))

	p := newPipeline(d)
	defer p.run()()
	s := p.Story("brug", "first").Start("K482TR", "J. de Vries")
	p.produce(s.Records...)
	eventually(t, "the sink is not ready and says why", func() bool {
		err := p.config.Progress.Check(time.Now())
		return err != nil && strings.Contains(err.Error(), "connection refused")
	})
	e = start()
	defer func() { _ = e.Stop(context.WithoutCancel(t.Context())) }()
	p.fresh()
	// The rows can be there a moment before the sink reports that it is ready.
	eventually(t, "the engine is back, and the sink ready", func() bool { return p.config.Progress.Check(time.Now()) == nil })

	const repairs, kills = 600, 5
	for n := range repairs {
		if n%(repairs/kills) == repairs/kills/2 {
			kill(t, dir)
		}
		s := p.Story("brug", strconv.Itoa(n)).Start(fmt.Sprint("P", n), "J. de Vries").Ask(sam)
		s.Decide(customer, repair.ByPage, repair.Approve, repair.Reject)
		p.produce(s.Records...)
	}
	p.fresh()
	for table, want := range map[string]uint64{"commands": 3*repairs + 1, "outcomes": 3*repairs + 1, "events": 3*repairs + 1} {
		var got uint64
		must(t, p.Conn.QueryRow(t.Context(), "SELECT count() FROM "+table+" FINAL").Scan(&got))
		if got != want {
			t.Errorf("%s has %d rows, want %d", table, got, want)
		}
	}
	var summed uint64
	must(t, p.Conn.QueryRow(t.Context(), "SELECT count() FROM conversations WHERE sequence = 3 AND state = 'in_progress'").Scan(&summed))
	if summed != repairs {
		t.Errorf("%d of %d repairs are summed up in full", summed, repairs)
	}
}

// kill waits until the engine on dir runs, and kills it with SIGKILL.
func kill(t *testing.T, dir string) {
	t.Helper()
	eventually(t, "the engine runs", func() bool {
		processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
		must(t, err)
		for _, file := range processes {
			line, err := os.ReadFile(file) // the process may have just ended
			if err != nil || !bytes.Contains(line, []byte(embedded.ChildCommand)) || !bytes.Contains(line, []byte("\x00"+dir+"\x00")) {
				continue
			}
			pid, err := strconv.Atoi(strings.Split(file, "/")[2])
			must(t, err)
			return syscall.Kill(pid, syscall.SIGKILL) == nil
		}
		return false
	})
}
