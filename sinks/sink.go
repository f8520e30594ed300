// Package sinks moves records from topics to a target outside Kafka, at least once: Run
// in batches, to tables, and Deliver one by one, to people. Offsets are committed only
// then, and ids make repetition harmless.
//
// Run has no goroutine and no lock. While a batch is written rebalances are blocked, so
// that no other member writes it too; a wait for the target blocks none.
package sinks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

const (
	// watermarkInterval is how often a sink checks that the brokers answer, and
	// reports its watermarks.
	watermarkInterval = time.Second
	// The backoff doubles from one to the other.
	minPause = 100 * time.Millisecond
	maxPause = 10 * time.Second
)

// Run moves records until ctx ends, when it returns nil, or until an error that
// retrying does not cure. The current batch is finished before it returns.
func Run(ctx context.Context, c Config, w Writer) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if err := resume(ctx, c); err != nil {
		return fmt.Errorf("sink %s: %w", c.Consumer.Name, err)
	}
	opts, err := c.Kafka.Group(c.Consumer.Group(), c.Instance, c.Log, c.Consumer.Subscription()...)
	if err != nil {
		return fmt.Errorf("sink %s: %w", c.Consumer.Name, err)
	}
	cl, err := kgo.NewClient(append(opts,
		kgo.BlockRebalanceOnPoll(), // a batch is written and committed before its partitions are revoked
		// Offsets pass the markers of transactions, so that a lag of 0 means no backlog.
		kgo.KeepControlRecords(),
	)...)
	if err != nil {
		return fmt.Errorf("sink %s: %w", c.Consumer.Name, err)
	}
	defer cl.CloseAllowingRebalance()
	l := &loop{Config: c, topics: c.Consumer.Subscription(), writer: w, client: cl, admin: kadm.NewClient(cl), pause: minPause, buried: make(map[place]bool)}
	l.Metrics.start(l.Consumer.Name)
	l.Progress.Starting("join group " + c.Consumer.Group())
	for ctx.Err() == nil {
		err := l.step(ctx)
		cl.AllowRebalance() // also after an empty or failed poll: those block rebalances too
		if err != nil {
			return fmt.Errorf("sink %s: %w", c.Consumer.Name, err)
		}
	}
	return nil
}

// resume makes sure that the group goes on where it was, before this member joins it.
func resume(ctx context.Context, c Config) error {
	c.Progress.Starting("reading the committed offsets")
	adm, err := c.Kafka.Admin(c.Consumer.Group()+"-resume", c.Log)
	if err != nil {
		return err
	}
	defer adm.Close()
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		err := kafka.Resume(ctx, adm, c.Consumer, c.Since)
		if err == nil || errors.Is(err, kafka.ErrLost) {
			return err
		}
		err = kafka.Advise(err)
		c.Log.Warn("sink waits and tries again", "error", err)
		c.Progress.Stalled(err.Error())
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

type loop struct {
	Config
	topics   []string
	writer   Writer
	client   *kgo.Client
	admin    *kadm.Client
	pause    time.Duration // the next backoff
	stalled  string        // why the sink makes no progress; empty: it does
	held     kafka.HeldUp  // of what it reads
	reported time.Time
	targets  targets
	underWay map[int32]*inFlight // by partition
	buried   map[place]bool      // records whose dead letter is written, until they are committed
}

// step is one iteration: poll a batch, write and commit it, report watermarks.
func (l *loop) step(ctx context.Context) error {
	records, err := l.fill(ctx)
	if err == nil && len(records) > 0 {
		err = l.handle(ctx, &records)
	}
	if now := elapsed(); err == nil && now.Sub(l.reported) >= watermarkInterval {
		l.reported = now
		err = l.report(ctx)
	}
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return nil
	case errors.Is(err, ErrAway):
		l.hold(ctx, records, err)
		return nil
	case err != nil:
		return err
	}
	l.pause = minPause
	if held := l.held.Look(ctx, l.admin, l.committed()); held != nil {
		l.stall(held)
		return nil
	}
	l.moves()
	return nil
}

// committed returns how far each of the sink's partitions is committed.
func (l *loop) committed() map[string]map[int32]int64 {
	all := make(map[string]map[int32]int64)
	for topic, partitions := range l.client.CommittedOffsets() {
		all[topic] = make(map[int32]int64)
		for p, at := range partitions {
			all[topic][p] = at.Offset
		}
	}
	return all
}

// elapsed returns a time to measure a duration from, or a pause: the sink's clock may be a
// history's, which stands still.
func elapsed() time.Time {
	return time.Now() //nolint:forbidigo // durations only
}

// fill polls a batch: the first poll waits for records, further ones add more until
// the batch is full or old enough.
func (l *loop) fill(ctx context.Context) ([]*kgo.Record, error) {
	wait, cancel := context.WithTimeout(ctx, watermarkInterval)
	defer cancel()
	records, err := l.poll(wait, nil)
	if len(records) == 0 {
		return nil, err
	}
	age, cancel := context.WithTimeout(ctx, l.Limits.Age)
	defer cancel()
	for err == nil && age.Err() == nil && len(records) < l.Limits.Records {
		records, err = l.poll(age, records)
	}
	if errors.Is(err, ErrAway) {
		err = nil // what has been read can be written
	}
	return records, err
}

func (l *loop) poll(ctx context.Context, records []*kgo.Record) ([]*kgo.Record, error) {
	return l.check(l.client.PollRecords(ctx, l.Limits.Records-len(records)), records)
}

// check adds the records of fetches to others, and classifies their errors: one that
// wraps ErrAway is temporary.
func (l *loop) check(fetches kgo.Fetches, records []*kgo.Record) ([]*kgo.Record, error) {
	for it := fetches.RecordIter(); !it.Done(); {
		records = append(records, it.Next())
	}
	var away error
	for _, e := range fetches.Errors() {
		switch {
		case errors.Is(e.Err, context.DeadlineExceeded), errors.Is(e.Err, context.Canceled):
		case errors.Is(e.Err, kerr.FencedInstanceID):
			return records, kafka.Fenced(l.Instance)
		case kafka.Displaced(e.Err):
			return records, fmt.Errorf("read %s[%d]: %w", e.Topic, e.Partition, e.Err)
		default: // the client retries by itself
			away = fmt.Errorf("%w: read %s: %w", ErrAway, e.Topic, e.Err)
		}
	}
	return records, away
}

// handle writes a batch and commits it. It leaves in records those that are not done.
func (l *loop) handle(ctx context.Context, records *[]*kgo.Record) error {
	// A stop request must not interrupt the batch from here on.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.Limits.Write)
	defer cancel()
	if l.stalled == "" {
		l.Progress.Working(fmt.Sprintf("write %d records", len(*records)), l.Now())
	}
	began := elapsed()
	done, err := l.write(ctx, *records)
	l.Metrics.written(l.Consumer.Name, done, time.Since(began))
	finished := (*records)[:done]
	*records = (*records)[done:]
	if len(finished) == 0 {
		return err
	}
	switch commitErr := l.client.CommitRecords(ctx, finished...); {
	case errors.Is(commitErr, kerr.FencedInstanceID):
		return errors.Join(err, kafka.Fenced(l.Instance))
	case commitErr != nil:
		// The next commit covers this one, unless the partitions are reassigned: then
		// the other member repeats the batch.
		l.Log.Warn("batch is written but not committed", "records", len(finished), "error", commitErr)
	default:
		l.forget(finished)
	}
	return err
}

// write decodes and writes a batch; bad records go to the dead letters. It returns
// the number of records, from the first, that are done.
func (l *loop) write(ctx context.Context, records []*kgo.Record) (int, error) {
	messages := make([]Message, 0, len(records))
	index := make([]int, 0, len(records)) // of each message among the records
	var dead []burial
	read, stall := len(records), error(nil)
	for i, r := range records {
		if r.Attrs.IsControl() {
			continue
		}
		m, err := l.read(ctx, r)
		if reason := deadReason(err); reason != "" {
			dead = append(dead, burial{r, reason, err})
			continue
		}
		if err != nil {
			read, stall = i, fmt.Errorf("%w: read %s[%d]@%d: %w", ErrAway, r.Topic, r.Partition, r.Offset, err)
			l.ask(ctx, records[i:], err)
			break
		}
		messages, index = append(messages, m), append(index, i)
	}
	if err := l.bury(ctx, dead); err != nil {
		return 0, err
	}
	if len(messages) == 0 {
		return read, stall
	}
	done, err := l.writer.Write(ctx, messages)
	if err != nil {
		if done < len(messages) {
			return index[done], err
		}
		return read, err
	}
	return read, stall
}

// ask asks for the schemas of the records after the first, whose schema the registry does
// not know: so they are waited for together, and not one after the other. It asks for each
// of them once.
func (l *loop) ask(ctx context.Context, records []*kgo.Record, err error) {
	asked := make(map[string]bool)
	for i, r := range records {
		schema := string(r.Value[:min(len(r.Value), avro.HeaderBytes)])
		if asked[schema] {
			continue
		}
		asked[schema] = true
		if i > 0 {
			_, err = l.Codec.Decode(ctx, r.Value)
		}
		if !errors.Is(err, avro.ErrUnknownSchema) && !errors.Is(err, avro.ErrUndecodable) && err != nil {
			return
		}
	}
}

func (l *loop) read(ctx context.Context, r *kgo.Record) (Message, error) {
	m := Message{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Timestamp: r.Timestamp}
	err := kafka.CheckKey(r)
	if err != nil {
		return m, fmt.Errorf("%w: %w", errMisplaced, err)
	}
	if m.Record, err = l.Codec.Decode(ctx, r.Value); err != nil {
		return m, err
	}
	if !record.Belongs(r.Topic, m.Record) {
		return m, fmt.Errorf("%w: a %s does not belong on %s", errMisplaced, record.NameOf(m.Record), r.Topic)
	}
	if l.Prepare != nil {
		err = l.Prepare(ctx, &m)
	}
	return m, err
}

// stall says why the sink makes no progress; in the log, once.
func (l *loop) stall(why error) {
	why = kafka.Advise(why)
	if l.stalled != why.Error() {
		l.stalled = why.Error()
		l.Log.Warn("sink waits and tries again", "error", why)
	}
	l.Progress.Stalled(l.stalled)
	l.Metrics.stalled(l.Consumer.Name, true)
}

// moves says that it makes progress.
func (l *loop) moves() {
	l.stalled = ""
	l.Metrics.stalled(l.Consumer.Name, false)
	if _, generation := l.client.GroupMetadata(); generation >= 0 {
		l.Progress.Waiting()
	}
}

// hold backs off: partitions are rewound to the first records that are not done,
// nothing is fetched meanwhile, and a rebalance may reassign the partitions.
func (l *loop) hold(ctx context.Context, rest []*kgo.Record, why error) {
	l.stall(why)
	first := make(map[string]map[int32]kgo.EpochOffset)
	for _, r := range rest {
		if first[r.Topic] == nil {
			first[r.Topic] = make(map[int32]kgo.EpochOffset)
		}
		if _, seen := first[r.Topic][r.Partition]; !seen {
			first[r.Topic][r.Partition] = kgo.EpochOffset{Epoch: r.LeaderEpoch, Offset: r.Offset}
		}
	}
	l.client.SetOffsets(first)
	l.client.PauseFetchTopics(l.topics...)
	defer l.client.ResumeFetchTopics(l.topics...)
	l.client.AllowRebalance()
	select {
	case <-ctx.Done():
	case <-time.After(l.pause):
	}
	l.pause = min(2*l.pause, maxPause)
}
