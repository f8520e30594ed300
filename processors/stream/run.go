package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/repair"
)

// Options hold what Run needs besides the processor.
type Options struct {
	Kafka kafka.Config
	// Instance names this member among those of its group, and must stay the same
	// when it is restarted: the broker then assigns it its partitions at once and
	// ends the transaction it left open.
	Instance string
	// Clock tells the ticker what time it is. Records are handled by their own time.
	Clock   func() time.Time
	Log     *slog.Logger
	Metrics *Metrics
	// Monitor is told what the member does; may be nil.
	Monitor *Monitor
}

// Run runs one member of a processor until the context ends, when it returns nil,
// or something fails that it cannot recover from. Then its state is dropped, and
// the caller should start it again, but not after kafka.ErrFenced or
// kafka.ErrLost.
func Run[S any](ctx context.Context, p Processor[S], o Options) error {
	l := p.logic()
	if err := run(ctx, &l, o); err != nil && ctx.Err() == nil {
		return fmt.Errorf("processor %s: %w", l.consumer.Name, err)
	}
	return nil
}

func run(ctx context.Context, l *logic, o Options) error {
	if err := l.check(); err != nil {
		return err
	}
	if o.Monitor == nil {
		o.Monitor = new(Monitor)
	}
	o.Metrics.start(l.consumer.Name)
	o.Monitor.Starting("registering schemas")
	codec, err := o.Kafka.Codec(ctx, "pitstop-"+l.consumer.Name, l.consumer.Changelog().Name, l.stateOf)
	if err != nil {
		return err
	}
	for {
		began := time.Now() //nolint:forbidigo // for how long, not what time it is
		err := serve(ctx, l, codec, o)
		if !errors.Is(err, kerr.InvalidProducerIDMapping) || time.Since(began) < idle {
			return err
		}
		o.Log.Warn("the brokers have forgotten this member's transactional id, as they do after a week without a transaction (transactional.id.expiration.ms): it takes a new one, and nothing is lost")
	}
}

// idle is the least time that a session lasts before it is replaced at once: one that
// fails sooner is for whoever starts roles again, ever later.
const idle = kafka.TransactionTimeout

// serve runs a member until the context ends or its session fails.
func serve(ctx context.Context, l *logic, codec *avro.Codec, o Options) error {
	m := &member{logic: l, codec: codec, Options: o, pace: firstPace, wake: func() {}}
	if o.Monitor.failing() {
		m.pace = carefulPace
	}
	var err error
	if m.adm, err = o.Kafka.Admin(l.consumer.Group()+"-admin", o.Log); err != nil {
		return err
	}
	defer m.adm.Close()
	if err := kafka.CoPartitioned(ctx, m.adm, l.consumer); err != nil {
		return err
	}
	if err := kafka.Resume(ctx, m.adm, l.consumer, time.Time{}); err != nil {
		return err
	}
	if err := m.connect(); err != nil {
		return err
	}
	defer m.session.Close()
	if err := m.takeOver(ctx); err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(ctx)
	ticking := make(chan error, 1)
	go func() {
		defer cancel()
		ticking <- m.tick(ctx)
	}()
	err = m.loop(ctx)
	if err != nil && ctx.Err() == nil && !errors.Is(err, kafka.ErrFenced) && m.replaced(ctx) {
		err = errors.Join(kafka.Fenced(m.Instance), err)
	}
	cancel()
	return errors.Join(err, <-ticking)
}

// member is one member of a processor's group. Its loop runs in one goroutine;
// only the assignment is written by another, franz-go's.
type member struct {
	logic *logic
	codec *avro.Codec
	Options
	session *kgo.GroupTransactSession
	adm     *kadm.Client

	mu       sync.Mutex
	assigned []int32 // by the latest assignment
	unequal  error   // the assignment splits a partition number
	pending  bool    // the assignment has not been adopted
	wake     func()  // ends the poll under way

	tasks map[int32]*task // of the adopted assignment
	out   bool            // of the group, until the next assignment
	pace  pace            // of the next transaction
	held  kafka.HeldUp    // of its inputs

	toldAhead time.Time // when the log was told last that a clock is ahead
}

func (m *member) connect() error {
	opts, err := m.Kafka.Group(m.logic.consumer.Group(), m.Instance, m.Log, m.logic.consumer.Subscription()...)
	if err != nil {
		return err
	}
	opts = append(opts,
		kgo.TransactionalID(m.name()),
		kgo.TransactionTimeout(kafka.TransactionTimeout),
		// Range puts partition p of every topic on one member; cooperative-sticky does not.
		kgo.Balancers(kgo.RangeBalancer()),
		// Positions must pass the markers that end transactions, or ticks wait for ever.
		kgo.KeepControlRecords(),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.OnPartitionsAssigned(m.onAssigned),
	)
	if m.session, err = kgo.NewGroupTransactSession(opts...); err != nil {
		return fmt.Errorf("kafka client: %w", err)
	}
	return nil
}

// onAssigned is called with every assignment, even an unchanged one, possibly
// while the loop is in a transaction: End aborts that one.
func (m *member) onAssigned(_ context.Context, _ *kgo.Client, assigned map[string][]int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending, m.unequal, m.assigned = true, nil, nil
	for i, topic := range m.logic.consumer.Subscription() {
		partitions := slices.Sorted(slices.Values(assigned[topic]))
		if i > 0 && !slices.Equal(partitions, m.assigned) {
			m.unequal = fmt.Errorf("assigned partitions %v of %s but %v of %s", partitions, topic, m.assigned, m.logic.consumer.Subscription()[0])
		}
		m.assigned = partitions
	}
	m.wake()
}

// loop polls and handles until the context ends.
func (m *member) loop(ctx context.Context) error {
	for ctx.Err() == nil {
		fetches, err := m.poll(ctx)
		if err != nil {
			return err
		}
		m.Monitor.busy() // before anything is committed
		if err := m.adopt(ctx); err != nil {
			return err
		}
		if fetches.NumRecords() > 0 {
			m.Monitor.Working("handling records", time.Now()) //nolint:forbidigo // for how long, not what time it is
			if err := m.transact(ctx, fetches); err != nil {
				return err
			}
		}
		held := m.held.Look(ctx, m.adm, m.read())
		if !m.out {
			m.Monitor.idle(m.tasks)
			if held != nil {
				m.Monitor.Stalled(held.Error())
			}
		}
	}
	return nil
}

// read returns how far the inputs have been read.
func (m *member) read() map[string]map[int32]int64 {
	read := make(map[string]map[int32]int64)
	for _, topic := range m.logic.inputs() {
		read[topic] = make(map[int32]int64, len(m.tasks))
		for p, t := range m.tasks {
			read[topic][p] = t.positions[topic]
		}
	}
	return read
}

// poll waits for records, or for a new assignment.
func (m *member) poll(ctx context.Context) (kgo.Fetches, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m.mu.Lock()
	m.wake = cancel
	if m.pending {
		cancel()
	}
	m.mu.Unlock()

	ctx, cancel = context.WithTimeout(ctx, kafka.LookEvery)
	defer cancel()
	fetches := m.session.PollRecords(ctx, m.pace.records())
	for _, e := range fetches.Errors() {
		var groupSession *kgo.ErrGroupSession
		switch {
		case errors.Is(e.Err, context.Canceled) || errors.Is(e.Err, kgo.ErrClientClosed):
		case errors.Is(e.Err, context.DeadlineExceeded):
			m.Monitor.ended(nil) // what failed is not here any more
		case errors.Is(e.Err, kerr.FencedInstanceID):
			return nil, kafka.Fenced(m.Instance)
		case errors.As(e.Err, &groupSession): // franz-go joins again by itself
			m.Log.Warn("group session ended", "error", e.Err)
			m.Monitor.Stalled(e.Err.Error())
			m.out = true
		default:
			return nil, fmt.Errorf("poll %s[%d]: %w", e.Topic, e.Partition, e.Err)
		}
	}
	return fetches, nil
}

// adopt rebuilds the state of the partitions if they were assigned anew.
func (m *member) adopt(ctx context.Context) error {
	m.mu.Lock()
	pending, assigned, unequal := m.pending, m.assigned, m.unequal
	m.pending = false
	m.mu.Unlock()
	if !pending {
		return nil
	}
	if unequal != nil {
		return unequal
	}
	m.Monitor.Starting(fmt.Sprintf("restoring %d partitions", len(assigned)))
	began := time.Now() //nolint:forbidigo // a duration for the metrics
	tasks, err := m.restore(ctx, assigned)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	m.tasks, m.out = tasks, false
	m.Monitor.adopted()
	m.Metrics.restored(m.logic.consumer.Name, time.Since(began))
	m.Log.Info("adopted partitions", "partitions", len(assigned), "took", time.Since(began))
	return nil
}

// Why a transaction is aborted, and done again by the same member.
var (
	errRebalanced = errors.New("the group was rebalanced meanwhile")
	errTooSlow    = errors.New("it would not be done in time, so fewer go into the next one") // records
)

// transact handles the records of one poll in one transaction.
func (m *member) transact(ctx context.Context, fetches kgo.Fetches) error {
	batch, err := m.decode(ctx, fetches)
	if err != nil {
		return err
	}
	began := time.Now() //nolint:forbidigo // a duration for the metrics
	if err := m.session.Begin(); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	// The transaction ends even if the context is cancelled meanwhile, and within its
	// timeout.
	inTime, cancel := context.WithTimeout(context.WithoutCancel(ctx), kafka.TransactionTimeout)
	defer cancel()

	before := m.pace
	touched, outputs, err := m.handle(batch, began)
	if err == nil {
		err = m.produce(inTime, outputs)
	}
	committed, endErr := m.session.End(inTime, kgo.TransactionEndTry(err == nil))
	for _, t := range touched {
		if committed && endErr == nil {
			t.commit()
			m.Monitor.lacks(t.partition, nil)
		} else {
			t.abort()
		}
	}
	took := time.Since(began)
	m.Metrics.transaction(m.logic.consumer.Name, committed && endErr == nil, fetches.NumRecords(), took)
	if took > kafka.TransactionTimeout/4 { // with more, it might not be done in time
		m.pace.most = min(m.pace.most, before.most)
	}
	switch {
	case endErr != nil:
		err = fmt.Errorf("end transaction, outcome unknown: %w", errors.Join(err, endErr))
	case err == nil && !committed: // the records come again
		err = errRebalanced
	}
	aborts := m.Monitor.ended(err)
	if l := (*lack)(nil); errors.As(err, &l) {
		if m.Monitor.lacks(l.partition, l.error) {
			m.Log.Warn("waiting for what a record needs", "partition", l.partition, "error", l.error)
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookAgain):
		}
		return nil
	}
	if !errors.Is(err, errCarefully) && !errors.Is(err, errTooSlow) && !errors.Is(err, errRebalanced) {
		return err
	}
	m.Log.Info("transaction aborted, trying again", "reason", err)
	if aborts > tolerated {
		select {
		case <-ctx.Done():
		case <-time.After(min(again<<min(aborts, 10), kafka.SessionTimeout/2)):
		}
	}
	return nil
}

// lookAgain is the pause before another try of what could not be handled yet.
const lookAgain = time.Second

// again, doubled with every abort in a row, is the pause before another try.
const again = 25 * time.Millisecond

// handle passes a batch to the tasks. It returns those that it touched, and the records
// to be produced: outputs and changelog.
func (m *member) handle(batch []partitionBatch, began time.Time) (touched []*task, out []output, err error) {
	records, timers := 0, 0
	defer func() {
		m.pace = m.pace.after(records, timers, time.Since(began))
		if errors.Is(err, errCarefully) {
			m.pace = carefulPace
		}
	}()
	for _, p := range batch {
		t := m.tasks[p.partition]
		if t == nil {
			return touched, nil, nil // not ours any more: the session aborts at the end
		}
		t.carefully = m.pace.carefully()
		touched = append(touched, t)
		for _, r := range p.records {
			if records > 0 && time.Since(began) > 2*budget {
				return touched, nil, fmt.Errorf("%w: %d records took %s", errTooSlow, records, time.Since(began))
			}
			records++
			if r.Attrs.IsControl() { // the end of a transaction
				t.positions[r.Topic] = r.Offset + 1
				continue
			}
			if err := t.handle(r.Record, r.decoded, r.err); err != nil {
				return touched, nil, err
			}
		}
	}
	for i, t := range touched {
		if t.ahead > 0 {
			m.clockAhead(t)
		}
		since, n := time.Now(), len(touched)-i //nolint:forbidigo // how long it takes, not what time it is
		most, long := (m.pace.most-timers)/n, max(budget-since.Sub(began), budget/4)/time.Duration(n)
		fired, err := t.settle(func(fired int) bool { return fired < most && time.Since(since) < long })
		if err != nil {
			return touched, nil, err
		}
		timers += fired
	}
	for _, t := range touched {
		changes, err := t.changes()
		if err != nil {
			return touched, nil, err
		}
		out = append(append(out, t.out...), changes...)
	}
	return touched, out, nil
}

// clockAhead counts and tells, once in a while, that a tick was too far ahead.
func (m *member) clockAhead(t *task) {
	m.Metrics.clockAhead(m.logic.consumer.Name)
	if time.Since(m.toldAhead) > time.Minute {
		m.toldAhead = time.Now() //nolint:forbidigo // how long ago, not what time it is
		m.Log.Warn("a clock is ahead of the brokers', so its tick counts for less: set the clocks of this machine and of the brokers (NTP)",
			"ahead", t.ahead, "counts", repair.MaxAhead, "partition", t.partition)
	}
	t.ahead = 0
}

// produce writes records, and waits until the broker has them.
func (m *member) produce(ctx context.Context, records []output) error {
	written := kafka.NewProduction(m.session.Client())
	for i := range records {
		m.Metrics.output(m.logic.consumer.Name, &records[i])
		written.Add(ctx, &records[i].Record)
	}
	return written.Wait(ctx) // without it, every transaction would wait for the linger
}
