package sinks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

const (
	// maxInFlight is the maximum number of attempts in flight.
	maxInFlight = 32
	// AttemptLimit is how long one attempt may take.
	AttemptLimit = 10 * time.Second
	// recordLimit is how long it may take to write down what became of it.
	recordLimit = 5 * time.Second
	// readAhead is the most records that are read at once.
	readAhead = 1000
	// memorySize is how many of its attempts a process remembers.
	memorySize = 8192
)

// Channel is a way to tell people something: what a channel sink adds to Deliver.
type Channel struct {
	// Name is that of the requests it attempts.
	Name repair.Channel
	// Attempt makes the attempt that a request asks for and returns what became of it:
	// a record for the deliveries topic with the id AttemptID. An error that wraps
	// ErrAway says that none was made, and that none can be at present; any other ends
	// Deliver. It is called by many goroutines at once.
	Attempt func(context.Context, *record.NotificationRequested) (record.Headed, error)
	// Replayed reports whether a request belongs to a history that is replayed at its
	// own time, so that no clock makes it out of date; nil: none does.
	Replayed func(*record.NotificationRequested) bool
}

// Deliver attempts the notifications of a channel until ctx ends, when it returns nil,
// or until an error that retrying does not cure.
//
// At most 32 attempts are in flight, and one that hangs holds back nothing but what comes
// after it about the same repair: those go in the order of the log. Before it attempts
// anything of a partition, Deliver has read all that the partition holds, so that what has
// been recalled is withheld, however long the backlog; so is what is out of date by the
// clock. What became of each attempt is on the log before its offset is committed, and
// whoever takes a partition over learns from there what is done and not committed.
//
// Attempts are goroutines that report to the loop. A rebalance happens between two of its
// steps, and waits for what is in flight.
func Deliver(ctx context.Context, c Config, ch Channel) error {
	if err := c.validate(); err != nil {
		return err
	}
	if err := resume(ctx, c); err != nil {
		return fmt.Errorf("sink %s: %w", c.Consumer.Name, err)
	}
	l, err := newDelivery(c, ch)
	if err != nil {
		return fmt.Errorf("sink %s: %w", c.Consumer.Name, err)
	}
	defer l.client.CloseAllowingRebalance()
	l.Metrics.start(l.Consumer.Name)
	l.Progress.Starting("join group " + c.Consumer.Group())
	for ctx.Err() == nil {
		err := l.step(ctx)
		l.client.AllowRebalance()
		if err != nil {
			return fmt.Errorf("sink %s: %w", c.Consumer.Name, err)
		}
	}
	return l.land()
}

// delivery is the state of Deliver's loop.
type delivery struct {
	*loop
	channel Channel
	wake    chan struct{} // something is done
	done    chan result

	mine   chan struct{} // held by a step of the loop, or a callback of a rebalance
	queue  queue
	known  *outcomes
	unread []*kgo.Record // what was fetched and cannot be read at present, from the first record on

	inFlight   int       // all of them, of which
	attempts   int       // go to the target
	away       error     // why no attempt can be made at present
	logAway    error     // why nothing can be written down at present
	unreadable error     // why nothing can be read at present
	silent     error     // why the brokers did not answer the last time they were asked
	hidden     error     // what hides the end of a partition
	retryAt    time.Time // when what is away is tried again
	swept      time.Time
	failure    error // what ends the loop
}

func newDelivery(c Config, ch Channel) (*delivery, error) {
	if ch.Replayed == nil {
		ch.Replayed = func(*record.NotificationRequested) bool { return false }
	}
	d := &delivery{
		channel: ch, known: newOutcomes(memorySize), mine: make(chan struct{}, 1),
		queue: queue{lanes: make(map[int32]*lane), replayed: ch.Replayed},
		done:  make(chan result, maxInFlight+1), wake: make(chan struct{}, 1),
	}
	opts, err := c.Kafka.Group(c.Consumer.Group(), c.Instance, c.Log, record.Notifications.Name)
	if err != nil {
		return nil, err
	}
	cl, err := kgo.NewClient(append(opts,
		// Range gives up all partitions before the group joins anew, in which nothing can be
		// committed: so nothing is under way then.
		kgo.Balancers(kgo.RangeBalancer()),
		kgo.BlockRebalanceOnPoll(), // what was fetched is taken in before its partitions are revoked
		kgo.KeepControlRecords(),   // so that a lag of 0 means no backlog
		kgo.OnPartitionsRevoked(func(ctx context.Context, _ *kgo.Client, lost map[string][]int32) {
			d.mine <- struct{}{}
			defer func() { <-d.mine }()
			d.settle()
			d.commit(ctx)
			d.give(lost)
		}),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
			d.mine <- struct{}{}
			defer func() { <-d.mine }()
			d.settle()
			d.give(lost)
		}),
	)...)
	if err != nil {
		return nil, err
	}
	d.loop = &loop{Config: c, topics: []string{record.Notifications.Name}, client: cl, admin: kadm.NewClient(cl), pause: minPause, buried: make(map[place]bool)}
	return d, nil
}

// step is one iteration: read, withhold, start attempts, commit.
func (d *delivery) step(ctx context.Context) error {
	fetches := d.poll(ctx)
	d.mine <- struct{}{}
	defer func() { <-d.mine }()
	if err := d.read(ctx, fetches); err != nil {
		return err
	}
	d.collect()
	now := d.Now()
	if at := elapsed(); at.Sub(d.swept) >= watermarkInterval {
		d.swept = at
		d.queue.expire(now)
		d.queue.forget(at)
		d.silent = d.look(ctx)
		d.hidden = d.held.Look(ctx, d.admin, d.committed())
	}
	for ctx.Err() == nil && d.failure == nil {
		e := d.next(now)
		if e == nil {
			break
		}
		d.start(ctx, e)
	}
	d.commit(ctx)
	d.tell()
	return d.failure
}

// look asks how far the partitions reach by now: what was fetched last may be old, if the
// brokers were away since.
func (d *delivery) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askLimit)
	defer cancel()
	ends, err := kafka.StableEnds(ctx, d.admin, record.Notifications.Name)
	if err != nil {
		return fmt.Errorf("%w: no broker answers: %w", ErrAway, err)
	}
	for p, l := range d.queue.lanes {
		end, err := kafka.OffsetOf(ends, record.Notifications.Name, p)
		if err != nil {
			return err
		}
		l.end = max(l.end, end)
	}
	return nil
}

// next returns the errand to start now; nil: none can be.
func (d *delivery) next(now time.Time) *errand {
	waiting := elapsed().Before(d.retryAt)
	if d.silent != nil || d.unreadable != nil {
		return nil // what has been recalled meanwhile is not known
	}
	if d.inFlight > maxInFlight || d.logAway != nil && (waiting || d.inFlight > 0) {
		return nil
	}
	if e := d.queue.takeQuick(); e != nil {
		return e
	}
	// While the target is away, one attempt at a time asks whether it is back. It is
	// chosen at random, lest one that makes it hang up blocks all others.
	probe := d.away != nil
	if d.attempts >= maxInFlight || probe && (waiting || d.attempts > 0) {
		return nil
	}
	e := d.queue.take(probe)
	if e != nil && e.request.OutOfDate(now) && !d.channel.Replayed(e.request) {
		e.withhold = &withhold{record.OutOfDate, ""}
	}
	return e
}

// collect takes in what the errands in flight have reported.
func (d *delivery) collect() {
	for {
		select {
		case r := <-d.done:
			d.ended(r)
		default:
			return
		}
	}
}

// settle waits for all that is in flight: at most AttemptLimit and recordLimit.
func (d *delivery) settle() {
	for d.inFlight > 0 {
		d.ended(<-d.done)
	}
}

func (d *delivery) ended(r result) {
	d.inFlight--
	if r.attempted {
		d.attempts--
	}
	e, id := r.errand, AttemptID(r.errand.request)
	e.deferred = e.deferred || r.deferred
	if r.outcome != nil {
		d.known.put(id, r.outcome, r.logAway == nil)
	}
	switch {
	case r.failure != nil:
		d.failure = errors.Join(d.failure, r.failure)
		d.queue.giveBack(e)
	case r.away != nil:
		d.backOff(&d.away, r.away)
		d.queue.giveBack(e)
	case r.logAway != nil:
		e.outcome = r.outcome
		d.backOff(&d.logAway, r.logAway)
		d.queue.giveBack(e)
	default:
		if r.attempted {
			d.away = nil
		}
		d.logAway = nil
		if d.away == nil {
			d.pause = minPause
		}
		d.queue.finish(e, elapsed())
	}
}

// backOff notes why something is away. The pause grows with each probe, not with each
// of those that were in flight together.
func (d *delivery) backOff(what *error, why error) {
	first := *what == nil
	*what = why
	if now := elapsed(); first || !now.Before(d.retryAt) {
		d.retryAt = now.Add(d.pause)
		d.pause = min(2*d.pause, maxPause)
	}
}

// commit commits how far each partition has no open errand.
func (d *delivery) commit(ctx context.Context) {
	offsets := make(map[int32]kgo.EpochOffset)
	for p, l := range d.queue.lanes {
		if at := l.behind(); at > l.committed {
			offsets[p] = kgo.EpochOffset{Epoch: l.epoch, Offset: at}
		}
	}
	if len(offsets) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	var failed error
	d.client.CommitOffsetsSync(ctx, map[string]map[int32]kgo.EpochOffset{record.Notifications.Name: offsets},
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
			failed = commitError(resp, err)
		})
	switch {
	case errors.Is(failed, kerr.FencedInstanceID):
		d.failure = errors.Join(d.failure, kafka.Fenced(d.Instance))
	case failed != nil:
		// A later commit covers this one, unless the partitions are reassigned: then the
		// other member attempts again what is recorded but not committed.
		d.Log.Warn("deliveries are recorded but not committed", "error", failed)
	default:
		for p, o := range offsets {
			d.Metrics.moved(d.Consumer.Name, o.Offset-d.queue.lanes[p].committed)
			d.queue.lanes[p].committed = o.Offset
			maps.DeleteFunc(d.buried, func(at place, _ bool) bool { return at.partition == p && at.offset < o.Offset })
		}
	}
}

func commitError(resp *kmsg.OffsetCommitResponse, err error) error {
	if err != nil {
		return err
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return err
			}
		}
	}
	return nil
}

// give forgets partitions that go to another member.
func (d *delivery) give(lost map[string][]int32) {
	partitions := lost[record.Notifications.Name]
	d.queue.drop(partitions)
	d.unread = slices.DeleteFunc(d.unread, func(r *kgo.Record) bool { return slices.Contains(partitions, r.Partition) })
}

// land ends the loop after a stop request: what is in flight is finished.
func (d *delivery) land() error {
	d.mine <- struct{}{}
	defer func() { <-d.mine }()
	d.settle()
	d.commit(context.Background())
	if d.failure != nil {
		return fmt.Errorf("sink %s: %w", d.Consumer.Name, d.failure)
	}
	return nil
}

// tell tells readiness whether anything moves, and why not.
func (d *delivery) tell() {
	why := cmp.Or(d.away, d.logAway, d.unreadable, d.silent, d.hidden)
	if why == nil {
		d.moves()
		return
	}
	d.stall(why)
}
