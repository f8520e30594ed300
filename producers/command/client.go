package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/propagation"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// ErrUnavailable means that the log did not acknowledge a command. Unless the
// context had ended before, it may or may not have been written: repeating the
// request with the same key is safe, and its outcome tells.
var ErrUnavailable = errors.New("the log did not acknowledge the command; it may or may not have been written, repeat it with the same key")

// sendTimeout is how long Send waits for the brokers' acknowledgement.
const sendTimeout = 10 * time.Second

// Client writes commands to the log and waits for their outcomes. It is safe for
// concurrent use.
type Client struct {
	answers  []record.Topic // on which it reads what became of commands
	codec    *avro.Codec
	kafka    *kgo.Client
	log      *slog.Logger
	progress kafka.Progress

	mu      sync.Mutex
	waiting map[string][]waiter        // by command id
	read    map[string]map[int32]int64 // the offset that is read next, by topic and partition
	held    error                      // why nothing more can be read of some

	recent recent
}

// Answer is what became of a command; the zero Answer: that is not known.
type Answer struct {
	Outcome *repair.Outcome
	// DeadLetter is what lifecycle made of a command that it could not handle. There is
	// no outcome then.
	DeadLetter *record.DeadLetter
}

// waiter waits for the answer to one command record.
type waiter struct {
	digest string
	answer chan Answer // of capacity 1, written once
}

func newWaiter(cmd repair.Command) waiter {
	return waiter{repair.DigestOf(cmd), make(chan Answer, 1)}
}

// NewClient returns a Client; it does not connect yet. Outcomes are received only
// while Run runs.
func NewClient(cfg kafka.Config, codec *avro.Codec, log *slog.Logger) (*Client, error) {
	opts, err := cfg.Producer("pitstop-command", log)
	if err != nil {
		return nil, err
	}
	cl, err := kgo.NewClient(append(opts,
		kgo.RecordDeliveryTimeout(sendTimeout), // only while nothing can have been written
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()),
		// A partition that is added during a fetch waits until that fetch ends.
		kgo.FetchMaxWait(200*time.Millisecond),
	)...)
	if err != nil {
		return nil, fmt.Errorf("kafka client: %w", err)
	}
	return &Client{answers: []record.Topic{record.Outcomes}, codec: codec, kafka: cl, log: log, waiting: make(map[string][]waiter), read: make(map[string]map[int32]int64)}, nil
}

// ReadDeadLetters makes Run read dead letters, too: a command that lifecycle gave up on
// is answered by its own. It is called before Run.
func (c *Client) ReadDeadLetters() { c.answers = append(c.answers, record.DeadLetters) }

// Check returns why the client would miss outcomes, as far as it knows, or nil: maybe also
// while brokers do not answer, which the readiness of the role kafka says.
func (c *Client) Check(now time.Time) error { return c.progress.Check(now) }

// HeldUp returns whose transaction answers wait for, or nil: commands are written all the
// same, and answered later.
func (c *Client) HeldUp() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

// Close waits for acknowledgements until ctx ends, and abandons what is not
// acknowledged by then. Run must have returned.
func (c *Client) Close(ctx context.Context) error {
	defer c.kafka.Close()
	if err := c.kafka.Flush(ctx); err != nil {
		return fmt.Errorf("flush commands: %w", err)
	}
	return nil
}

// Send writes a command and returns once every in-sync replica has it. Its
// errors are ErrUnavailable and, for a command too large for a record,
// *request.Invalid.
func (c *Client) Send(ctx context.Context, cmd repair.Command) error {
	_, err := c.Ask(ctx, cmd, 0)
	return err
}

// ErrUnanswered means that commands were written, and their outcomes did not come.
var ErrUnanswered = errors.New("it is on the log, but its outcome does not come: is pitstop processor lifecycle running?")

// silence is how long AskAll waits for the next answer.
const silence = 2 * time.Minute

// AskAll writes commands in order and waits for the answers to all, which it returns
// in the same order: always one for each command. With an error some are zero, of
// commands that may have been written; it is one of Send's, ErrUnanswered, or wraps the
// context's.
func (c *Client) AskAll(ctx context.Context, cmds ...repair.Command) ([]Answer, error) {
	answers := make([]Answer, len(cmds))
	records, waiters := make([]*kgo.Record, len(cmds)), make([]waiter, len(cmds))
	for i, cmd := range cmds {
		var err error
		if records[i], err = c.record(ctx, cmd); err != nil {
			return answers, err
		}
		waiters[i] = newWaiter(cmd)
		c.register(cmd.Head().EventID, waiters[i])
		defer c.forget(cmd.Head().EventID, waiters[i])
	}
	err := c.produce(ctx, records...)
	quiet := time.NewTimer(silence)
	defer quiet.Stop()
	for i, w := range waiters {
		if err == nil {
			quiet.Reset(silence)
			select {
			case answers[i] = <-w.answer:
				continue
			case <-quiet.C:
				err = ErrUnanswered
			case <-ctx.Done():
				err = fmt.Errorf("stopped before its outcome came: %w", ctx.Err())
			}
		}
		select { // of the others, those that are there
		case answers[i] = <-w.answer:
		default:
		}
	}
	return answers, err
}

// Ask sends a command and then waits up to timeout for its outcome. Both results
// are nil when the command is written but not answered. The outcome of a repetition
// is a duplicate that repeats the original verdict. Errors are Send's.
func (c *Client) Ask(ctx context.Context, cmd repair.Command, timeout time.Duration) (*repair.Outcome, error) {
	rec, err := c.record(ctx, cmd)
	if err != nil {
		return nil, err
	}
	w := newWaiter(cmd)
	if id := cmd.Head().EventID; timeout > 0 { // before the outcome can be there
		c.register(id, w)
		defer c.forget(id, w)
	}
	if err := c.produce(ctx, rec); err != nil {
		return nil, err
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case a := <-w.answer:
		return a.Outcome, nil
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil, nil //nolint:nilnil // documented: written, not answered
}

// Newest returns how far a repair is, by the outcomes of this and every other sender
// while Run runs, and whose it is; 0: none came, or too long ago to be remembered.
func (c *Client) Newest(repairID string) (garageID string, sequence int64) {
	return c.recent.newest(repairID)
}

// record returns a command's record. Its headers carry the trace.
func (c *Client) record(ctx context.Context, cmd repair.Command) (*kgo.Record, error) {
	value, err := c.codec.Encode(cmd)
	if err != nil {
		return nil, fmt.Errorf("send command: %w", err)
	}
	r := &kgo.Record{Topic: record.Commands.Name, Key: []byte(cmd.Head().AggregateID), Value: value}
	trace := make(propagation.MapCarrier)
	propagation.TraceContext{}.Inject(ctx, trace)
	for key, text := range trace {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: key, Value: []byte(text)})
	}
	if size := kafka.Size(r); size > kafka.MaxCommandBytes {
		return nil, &request.Invalid{Errors: []repair.FieldError{
			{Detail: fmt.Sprintf("the command has %d bytes, more than the log takes (%d)", size, kafka.MaxCommandBytes)},
		}}
	}
	return r, nil
}

// produce writes records. Cancelling a produce does not take a record back and may
// fail its whole batch: so ctx is checked first, the records are produced without
// it, and only the wait for them ends with it.
func (c *Client) produce(ctx context.Context, records ...*kgo.Record) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("send command: nothing was written: %w", err)
	}
	acknowledged := make(chan error, len(records))
	for _, r := range records {
		c.kafka.TryProduce(context.WithoutCancel(ctx), r, func(_ *kgo.Record, err error) { acknowledged <- err })
	}
	timer := time.NewTimer(sendTimeout)
	defer timer.Stop()
	for range records {
		select {
		case err := <-acknowledged:
			if err != nil {
				return fmt.Errorf("%w: %w", ErrUnavailable, err)
			}
		case <-timer.C:
			return ErrUnavailable
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
		}
	}
	return nil
}

func (c *Client) register(id string, w waiter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting[id] = append(c.waiting[id], w)
}

func (c *Client) forget(id string, w waiter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var rest []waiter
	for _, x := range c.waiting[id] {
		if x.answer != w.answer {
			rest = append(rest, x)
		}
	}
	if c.waiting[id] = rest; len(rest) == 0 {
		delete(c.waiting, id)
	}
}

// answer passes an answer to whoever sent the record of a command with that id and digest.
func (c *Client) answer(id, digest string, a Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.waiting[id] {
		if digest == w.digest {
			select {
			case w.answer <- a:
			default: // answered before
			}
		}
	}
}

// gaveUp answers the command that lifecycle gave up on, if the dead letter is that of one.
func (c *Client) gaveUp(ctx context.Context, d *record.DeadLetter) {
	if d.Topic != record.Commands.Name || d.Consumer != record.LifecycleProcessor.Name {
		return
	}
	decoded, err := c.codec.Decode(ctx, d.Value)
	if cmd, ok := decoded.(repair.Command); ok && err == nil { // else this client did not write it
		c.answer(cmd.Head().EventID, repair.DigestOf(cmd), Answer{DeadLetter: d})
	}
}

// Run reads answers from the present end of their topics until ctx ends. A command
// sent before it is ready (see Check) may miss an outcome that is there.
func (c *Client) Run(ctx context.Context) error {
	c.progress.Starting("finding the end of the outcomes")
	c.seekToEnd(ctx)
	c.progress.Waiting()
	watching, watched := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { c.watch(watching) })
	defer beside.Wait()
	defer watched()
	for {
		// If nothing comes in a poll, and nothing fails in it either, reading works, unless
		// brokers do not answer (see Check): without records there is no other sign of that.
		poll, cancel := context.WithTimeout(ctx, kafka.LookEvery)
		fetches := c.kafka.PollFetches(poll)
		cancel()
		if ctx.Err() != nil || fetches.IsClientClosed() {
			return nil // asked to stop
		}
		failed := false
		fetches.EachError(func(topic string, partition int32, err error) {
			if topic == "" && poll.Err() != nil { // nothing came
				return
			}
			failed = true
			c.progress.Stalled(err.Error())
			c.log.Warn("cannot read outcomes", "topic", topic, "partition", partition, "error", err)
		})
		if !failed {
			c.progress.Waiting()
		}
		fetches.EachRecord(func(r *kgo.Record) {
			c.passed(r.Topic, r.Partition, r.Offset+1)
			rec, err := c.codec.Decode(ctx, r.Value)
			switch rec := rec.(type) {
			case *repair.Outcome:
				c.recent.learn(rec) // before its sender asks for what it made
				c.answer(rec.CausationID, rec.Digest, Answer{Outcome: rec})
			case *record.DeadLetter:
				c.gaveUp(ctx, rec)
			default: // its sender gets 202 and finds it by its id; the sinks keep the bytes
				c.log.Warn("skipped a record that is no outcome", "topic", r.Topic, "partition", r.Partition, "offset", r.Offset, "error", err)
			}
		})
	}
}

// passed says which offset of a partition is read next.
func (c *Client) passed(topic string, partition int32, next int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read[topic] == nil {
		c.read[topic] = make(map[int32]int64)
	}
	c.read[topic][partition] = next
}

// watch finds out whether somebody's transaction holds answers up, until ctx ends. It
// asks beside Run: an answer does not wait for what the brokers answer.
func (c *Client) watch(ctx context.Context) {
	adm, held := kadm.NewClient(c.kafka), new(kafka.HeldUp)
	for ctx.Err() == nil {
		read := make(map[string]map[int32]int64)
		c.mu.Lock()
		for topic, next := range c.read {
			read[topic] = maps.Clone(next)
		}
		c.mu.Unlock()
		why := held.Look(ctx, adm, read)
		c.mu.Lock()
		c.held = why
		c.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(kafka.LookEvery):
		}
	}
}

// seekToEnd starts reading at the present end offsets, retrying until the brokers
// answer.
func (c *Client) seekToEnd(ctx context.Context) {
	topics := make([]string, len(c.answers))
	for i, t := range c.answers {
		topics[i] = t.Name
	}
	for {
		ends, err := kafka.Ends(ctx, kadm.NewClient(c.kafka), topics...)
		for _, topic := range topics {
			if err == nil && len(ends[topic]) == 0 {
				err = fmt.Errorf("topic %s does not exist: create the topics first", topic)
			}
		}
		if err == nil {
			c.kafka.AddConsumePartitions(ends.KOffsets())
			ends.Each(func(end kadm.ListedOffset) { c.passed(end.Topic, end.Partition, end.Offset) })
			return
		}
		c.progress.Stalled(err.Error())
		retry := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
			retry.Stop()
			return
		case <-retry.C:
		}
	}
}
