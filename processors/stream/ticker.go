package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

const (
	// tickEvery is how often the ticker checks whether a timer is due. That is cheap;
	// a tick is written only when one is.
	tickEvery = 20 * time.Millisecond
	// tickAgain is how long a tick may go without taking effect before it is written
	// again. A superfluous tick does no harm. One that left timers over is followed by
	// another at once.
	tickAgain = time.Second
)

// tick writes a tick for each partition whose earliest timer is due, until the
// context ends.
//
// So that timers never overtake queued input, it reads the clock first; waits
// until the processor upstream has committed what its input held then; and only
// then reads the ends of its own inputs, which the tick must not take effect
// before. What arrives later than the clock was read is later input.
func (m *member) tick(ctx context.Context) error {
	if !m.logic.timed {
		<-ctx.Done()
		return nil
	}
	opts, err := m.Kafka.Producer(m.logic.consumer.Group()+"-ticker", m.Log)
	if err != nil {
		return err
	}
	cl, err := kgo.NewClient(append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0))...)
	if err != nil {
		return fmt.Errorf("kafka client: %w", err)
	}
	defer cl.Close()

	w := &tickWriter{member: m, cl: cl, waiting: make(map[int32]*waitingTick)}
	look := time.NewTicker(tickEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			m.Log.Warn("tick not written, trying again", "error", err)
		}
	}
}

// tickWriter writes the ticks of a member, and keeps those that have not taken effect.
type tickWriter struct {
	*member
	cl      *kgo.Client
	waiting map[int32]*waitingTick
}

// waitingTick is a tick of one partition, from the reading of the clock until it
// takes effect.
type waitingTick struct {
	now      time.Time // what the clock said
	upstream int64     // the offset that upstream must have committed; 0: none
	written  time.Time // wall time; zero: not yet
}

func (w *tickWriter) look(ctx context.Context) error {
	now := w.Clock()
	due := w.Monitor.due(now)
	for p, t := range w.waiting {
		_, still := due[p]
		if !still || !t.written.IsZero() && (w.Monitor.takeLeft(p) || time.Since(t.written) > tickAgain) {
			delete(w.waiting, p)
		}
	}
	if err := w.begin(ctx, now, due); err != nil {
		return err
	}
	ready, err := w.ready(ctx)
	if err != nil || len(ready) == 0 {
		return err
	}
	return w.write(ctx, ready)
}

// begin begins a tick for the partitions that have none under way: it keeps the time,
// and the end of upstream's input read after it.
func (w *tickWriter) begin(ctx context.Context, now time.Time, due map[int32]time.Time) error {
	var begun []int32
	for p := range due {
		if w.waiting[p] == nil {
			begun = append(begun, p)
		}
	}
	if len(begun) == 0 {
		return nil
	}
	ticks := make(map[int32]*waitingTick, len(begun))
	for _, p := range begun {
		ticks[p] = &waitingTick{now: now}
	}
	if up := w.logic.upstream; up != nil {
		ends, err := kafka.Ends(ctx, w.adm, up.Topic.Name)
		if err != nil {
			return err
		}
		for p, t := range ticks {
			if t.upstream, err = kafka.OffsetOf(ends, up.Topic.Name, p); err != nil {
				return err
			}
		}
	}
	for p, t := range ticks {
		w.waiting[p] = t
	}
	return nil
}

// ready returns the partitions whose tick can be written: upstream has committed far
// enough.
func (w *tickWriter) ready(ctx context.Context) ([]int32, error) {
	var ready, behind []int32
	for p, t := range w.waiting {
		switch {
		case !t.written.IsZero():
		case t.upstream == 0:
			ready = append(ready, p)
		default:
			behind = append(behind, p)
		}
	}
	if len(behind) == 0 {
		return ready, nil
	}
	up := w.logic.upstream
	upstream := up.Consumer.Group()
	committed, err := kafka.Committed(ctx, w.adm, upstream)
	if err != nil {
		return nil, err
	}
	for _, p := range behind {
		if o, ok := committed[upstream].Lookup(up.Topic.Name, p); ok && o.At >= w.waiting[p].upstream {
			ready = append(ready, p)
		}
	}
	return ready, nil
}

func (w *tickWriter) write(ctx context.Context, ready []int32) error {
	inputs := w.logic.inputs()
	ends, err := kafka.Ends(ctx, w.adm, inputs...)
	if err != nil {
		return err
	}
	var records []*kgo.Record
	for _, p := range ready {
		tick := &record.Tick{Processor: w.logic.consumer.Name, Time: w.waiting[p].now, Ends: make(map[string]int64)}
		for _, topic := range inputs {
			if tick.Ends[topic], err = kafka.OffsetOf(ends, topic, p); err != nil {
				return err
			}
		}
		value, err := w.codec.Encode(tick)
		if err != nil {
			return err
		}
		records = append(records, &kgo.Record{Topic: record.Ticks.Name, Partition: p, Key: []byte(w.logic.consumer.Name), Value: value})
	}
	results := w.cl.ProduceSync(ctx, records...)
	written := time.Now() //nolint:forbidigo // how long ago, not what time it is
	var errs []error
	for _, r := range results {
		if r.Err != nil {
			errs = append(errs, r.Err)
			continue
		}
		w.waiting[r.Record.Partition].written = written
	}
	return errors.Join(errs...)
}
