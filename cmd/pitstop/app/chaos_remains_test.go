package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/deploy/embedded"
	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/sinks/clickhouse"
)

// remains are what a run left behind, read committed.
type remains struct {
	// Commands counts how often each was written.
	Commands map[string]int
	// Outcomes holds those other than duplicates, by command.
	Outcomes map[string]content
	// Events, Notifications and Deliveries are by their ids.
	Events, Notifications, Deliveries map[string]content
	// Latencies holds the newest version of each wait.
	Latencies map[string]content

	vain   map[string]bool            // commands: views that changed nothing
	copies int                        // records whose id came before
	hidden int64                      // records of transactions that were aborted
	ids    map[string]map[string]bool // by topic
	faults []error                    // what must not happen in any run
}

// content is a record's content, with personal data opened: two registries can have
// given the schemas in it different ids.
type content struct {
	Record   string
	Header   repair.Header
	Sequence int64
	Body     map[string]any
}

// inspect reads what a run left in a data directory. Its error joins everything
// that must not happen in any run.
func inspect(ctx context.Context, dir string) (r *remains, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	exe, err := binary()
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	data, err := embedded.Open(dir, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	broker, err := embedded.StartKafka(ctx, data, embedded.KafkaOptions{Exe: exe, Log: log})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, broker.Stop(ctx)) }()
	registry, err := embedded.StartRegistry(ctx, data, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, registry.Stop(ctx)) }()
	engine, err := embedded.StartClickHouse(ctx, data, embedded.ClickHouseOptions{Exe: exe, Log: log})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, engine.Stop(ctx)) }()

	return remainsOf(ctx, kafka.Config{Brokers: []string{broker.Addr}, RegistryURL: registry.URL}, clickhouse.Config{DSN: engine.DSN}, log)
}

// remainsOf reads what a run left in the topics and in the tables.
func remainsOf(ctx context.Context, cfg kafka.Config, db clickhouse.Config, log *slog.Logger) (*remains, error) {
	r := &remains{
		Commands: make(map[string]int), Outcomes: make(map[string]content),
		Events: make(map[string]content), Notifications: make(map[string]content), Deliveries: make(map[string]content),
		Latencies: make(map[string]content), ids: make(map[string]map[string]bool),
		vain: make(map[string]bool),
	}
	if err := r.readLog(ctx, cfg, log); err != nil {
		return nil, err
	}
	if err := r.checkTables(ctx, db); err != nil {
		return nil, err
	}
	return r, errors.Join(r.faults...)
}

// logged are the topics that are read: all that say something, which ClickHouse reads.
var logged = record.ClickHouseSink.Subscription()

// readLog reads every topic from its beginning to its end.
func (r *remains) readLog(ctx context.Context, cfg kafka.Config, log *slog.Logger) error {
	codec, err := NewCodec(ctx, cfg)
	if err != nil {
		return err
	}
	answered := make(map[string]int) // outcomes of each command, duplicates included
	r.hidden, err = readCommitted(ctx, cfg, log, kafka.Ends, logged, func(rec *kgo.Record) error {
		if err := r.add(ctx, codec, rec, answered); err != nil {
			return fmt.Errorf("%s[%d]@%d: %w", rec.Topic, rec.Partition, rec.Offset, err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	for id, n := range r.Commands {
		if _, once := r.Outcomes[id]; !once || answered[id] != n {
			r.fault("command %s was written %d times and has %d outcomes, one of them no duplicate: %t", id, n, answered[id], once)
		}
	}
	if len(answered) > len(r.Commands) {
		r.fault("%d commands have outcomes, but only %d were written", len(answered), len(r.Commands))
	}
	// While the read model lags, a page shows a closed quote as open: whether its view
	// is recorded, in vain, is a matter of speed.
	for id, o := range r.Outcomes {
		if o.Body["command"] == "RecordView" && o.Body["result"] == "accepted" {
			r.vain[id] = true
		}
	}
	for _, e := range r.Events {
		delete(r.vain, e.Header.CausationID)
	}
	return nil
}

// readCommitted calls each for every committed record of topics, up to their ends at the
// beginning, and returns how many records aborted transactions left there.
func readCommitted(ctx context.Context, cfg kafka.Config, log *slog.Logger, endsOf func(context.Context, *kadm.Client, ...string) (kadm.ListedOffsets, error), topics []string, each func(*kgo.Record) error) (hidden int64, err error) {
	opts, err := cfg.Opts("test", log)
	if err != nil {
		return 0, err
	}
	cl, err := kgo.NewClient(append(opts,
		kgo.ConsumeTopics(topics...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
	)...)
	if err != nil {
		return 0, err
	}
	defer cl.Close()
	ends, err := endsOf(ctx, kadm.NewClient(cl), topics...)
	if err != nil {
		return 0, err
	}
	left := make(map[place]int64)
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[place{topic: o.Topic, partition: o.Partition}] = o.Offset
			hidden += o.Offset
		}
	})
	for len(left) > 0 {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return 0, fmt.Errorf("%v to go: %w", left, err)
		}
		for it := fetches.RecordIter(); !it.Done(); {
			rec := it.Next()
			at := place{topic: rec.Topic, partition: rec.Partition}
			end, ok := left[at]
			if rec.Offset+1 >= end {
				delete(left, at)
			}
			if !ok || rec.Offset >= end {
				continue
			}
			hidden--
			if !rec.Attrs.IsControl() {
				if err := each(rec); err != nil {
					return 0, err
				}
			}
		}
	}
	return hidden, nil
}

func (r *remains) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf(format, args...))
}

// add adds a record.
func (r *remains) add(ctx context.Context, codec *avro.Codec, rec *kgo.Record, answered map[string]int) error {
	decoded, err := codec.Decode(ctx, rec.Value)
	if err != nil {
		return err
	}
	if d, dead := decoded.(*record.DeadLetter); dead {
		r.fault("dead letter of %s: %s: %s", d.Consumer, d.Reason, d.Detail)
		return nil
	}
	s, err := contentOf(ctx, codec, decoded.(record.Headed))
	if err != nil {
		return err
	}
	id := s.Header.EventID
	if r.ids[rec.Topic] == nil {
		r.ids[rec.Topic] = make(map[string]bool)
	}
	r.ids[rec.Topic][id] = true
	switch o := decoded.(type) {
	case repair.Command:
		r.Commands[id]++
	case *repair.Outcome:
		answered[o.CausationID]++
		if o.Result != repair.Duplicate {
			r.once(r.Outcomes, o.CausationID, s)
		}
	case repair.Event:
		r.once(r.Events, id, s)
	case *record.Latency:
		// Which record caused the newest version depends on which topic was read first.
		s.Header.CausationID, s.Header.CorrelationID = "", ""
		if newest, known := r.Latencies[o.LatencyID]; !known || o.Version > int64(newest.Body["version"].(float64)) {
			r.Latencies[o.LatencyID] = s
		}
	case *record.DeliveryAccepted, *record.DeliveryDeferred, *record.DeliveryFailed, *record.DeliveryWithheld:
		before, known := r.Deliveries[id]
		if r.Deliveries[id] = s; known {
			r.copies++
			if diff := gocmp.Diff(before, s); diff != "" {
				r.fault("delivery %s came twice and differs:\n%s", id, diff)
			}
		}
	default:
		r.once(r.Notifications, id, s)
	}
	return nil
}

// once adds a record whose id may not come twice.
func (r *remains) once(to map[string]content, id string, s content) {
	if before, known := to[id]; known {
		r.fault("there are two %s for %s:\n%s", s.Record, id, gocmp.Diff(before, s))
	}
	to[id] = s
}

func contentOf(ctx context.Context, codec *avro.Codec, rec record.Headed) (content, error) {
	s := content{Record: record.NameOf(rec), Header: *rec.Head()}
	if e, ok := rec.(repair.Event); ok {
		s.Sequence = repair.SequenceOf(e)
	}
	text, err := codec.AppendJSON(ctx, nil, rec)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s.Body); err != nil {
		return s, err
	}
	delete(s.Body, "digest") // of an outcome: the key is another in every data directory
	return s, nil
}

// checkTables compares what the tables hold with what the topics hold.
func (r *remains) checkTables(ctx context.Context, db clickhouse.Config) (err error) {
	conn, err := db.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	waits := make(map[string]bool)
	for id, s := range r.Latencies {
		waits[fmt.Sprintf("%s %v", id, s.Body["version"])] = true
	}
	for _, c := range []struct {
		table, id string
		want      map[string]bool
	}{
		{"commands", "event_id", r.ids[record.Commands.Name]},
		{"outcomes", "event_id", r.ids[record.Outcomes.Name]},
		{"events", "event_id", r.ids[record.Events.Name]},
		{"notifications", "event_id", r.ids[record.Notifications.Name]},
		{"deliveries", "event_id", r.ids[record.Deliveries.Name]},
		{"latencies", "concat(latency_id, ' ', toString(version))", waits},
	} {
		rows, err := conn.Query(ctx, "SELECT "+c.id+" AS id FROM "+c.table+" FINAL ORDER BY id")
		if err != nil {
			return fmt.Errorf("read %s: %w", c.table, err)
		}
		got, want := []string(nil), slices.Sorted(maps.Keys(c.want))
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return fmt.Errorf("read %s: %w", c.table, err)
			}
			got = append(got, id)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return fmt.Errorf("read %s: %w", c.table, err)
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			r.fault("the topic has %d ids and the table %s %d, -topic +table:\n%s", len(want), c.table, len(got), diff)
		}
	}
	return nil
}

// compare fails the test where two runs left something different.
func (r *remains) compare(t *testing.T, want *remains) {
	t.Helper()
	t.Logf("%d commands, %d of them written again; %d events, %d notifications, %d deliveries (and %d copies), %d waits; %d records of aborted transactions",
		len(r.Commands), sum(r.Commands)-len(r.Commands), len(r.Events), len(r.Notifications), len(r.Deliveries), r.copies, len(r.Latencies), r.hidden)
	for _, c := range []struct {
		what      string
		want, got map[string]content
	}{
		{"outcomes", want.Outcomes, r.Outcomes},
		{"events", want.Events, r.Events},
		{"notifications", want.Notifications, r.Notifications},
		{"deliveries", want.Deliveries, r.Deliveries},
		{"waits", want.Latencies, r.Latencies},
	} {
		if len(c.want) == 0 {
			t.Errorf("the undisturbed run left no %s", c.what)
		}
		var differ []string
		for _, id := range union(c.want, c.got) {
			_, before := c.want[id]
			if _, now := c.got[id]; before != now && (want.vain[id] || r.vain[id]) {
				continue
			}
			if diff := gocmp.Diff(c.want[id], c.got[id]); diff != "" {
				differ = append(differ, id+"\n"+diff)
			}
		}
		if len(differ) > 0 {
			t.Errorf("%d of %d %s are not as in the undisturbed run, -undisturbed +this:\n%s",
				len(differ), len(c.want), c.what, strings.Join(differ[:min(5, len(differ))], "\n"))
		}
	}
}

// union returns the ids of both in the order of event time.
func union(a, b map[string]content) []string {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return slices.SortedFunc(maps.Keys(both), func(x, y string) int {
		return cmp.Or(both[x].Header.OccurredAt.Compare(both[y].Header.OccurredAt), cmp.Compare(x, y))
	})
}

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}
