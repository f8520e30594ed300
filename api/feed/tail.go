package feed

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// What the tail keeps: enough that readers who come back after a restart find what
// they missed in it.
const (
	maxKept      = 8192
	maxPoll      = 2048
	maxKeptBytes = 32 << 20
)

// tail holds the newest records of the topic, and knows who reads.
type tail struct {
	mu      sync.RWMutex // readers hold it for reading while they read, each of its own fields
	first   []int64      // offset, by partition, from which on it holds everything; nil: it does not run
	head    []int64      // offset, by partition, of what comes next
	ends    []int64      // offset, by partition, where that ended when it was read last
	late    time.Time    // since when it is behind them; zero: it is not
	kept    []entry      // oldest first
	bytes   int
	gone    int64 // entries that were dropped, ever: the number of the first one that is kept
	readers map[*Reader]struct{}
	most    int // entries that are kept
}

// Run follows the topic until the context ends, and begins anew when that fails.
func (f *Feed) Run(ctx context.Context) {
	said := "" // the reason that was logged last
	f.progress.Starting("finding the end of the events")
	watching, watched := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { f.watch(watching) })
	defer beside.Wait()
	defer watched()
	for ctx.Err() == nil {
		err := f.follow(ctx)
		f.tail.begin(nil)
		if ctx.Err() != nil {
			return
		}
		f.progress.Stalled(err.Error())
		if said != err.Error() {
			said = err.Error()
			f.log.Error("the events cannot be followed; readers read by themselves until they can", "error", err)
		}
		pause(ctx, time.Second)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (f *Feed) follow(ctx context.Context) error {
	starts, ends, err := f.bounds(ctx)
	if err != nil {
		return err
	}
	from := make([]int64, len(ends))
	for p := range ends {
		from[p] = max(starts[p], ends[p]-int64(f.tail.most/len(ends)))
	}
	cl, err := f.consumer(from)
	if err != nil {
		return err
	}
	defer cl.Close()
	f.tail.begin(from)
	for {
		f.progress.Waiting()
		poll, cancel := context.WithTimeout(ctx, kafka.LookEvery)
		fetches := cl.PollRecords(poll, maxPoll)
		cancel()
		if err := fetchError(fetches); err != nil && (ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded)) { // else nothing came
			return err
		}
		records := fetches.Records()
		entries, err := f.entries(ctx, records)
		for said := ""; err != nil; { // such as the registry's: nothing is skipped, and nothing forgotten
			if said != err.Error() {
				said = err.Error()
				f.log.Error("an event cannot be read; it is tried again", "error", err)
			}
			f.progress.Stalled(err.Error())
			if pause(ctx, time.Second); ctx.Err() != nil {
				return ctx.Err()
			}
			entries, err = f.entries(ctx, records)
		}
		f.tail.add(entries)
		f.tail.compare(fetches, time.Now()) //nolint:forbidigo // a stopwatch, not the time of anything
	}
}

// watch finds out whether somebody's transaction hides events from the tail, until ctx
// ends. It asks beside follow: an event does not wait for what the brokers answer.
func (f *Feed) watch(ctx context.Context) {
	adm, held := kadm.NewClient(f.admin), new(kafka.HeldUp)
	for ctx.Err() == nil {
		why := held.Look(ctx, adm, f.tail.reads())
		f.mu.Lock()
		f.held = why
		f.mu.Unlock()
		pause(ctx, kafka.LookEvery)
	}
}

// reads returns the offset of each partition that is read next, none while the tail does
// not run.
func (t *tail) reads() map[string]map[int32]int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.head == nil {
		return nil
	}
	next := make(map[int32]int64)
	for p, head := range t.head {
		next[int32(p)] = head
	}
	return map[string]map[int32]int64{record.Events.Name: next}
}

// begin begins to hold records, from the offsets on; nil: it ends.
func (t *tail) begin(from []int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone += int64(len(t.kept))
	t.kept, t.bytes = nil, 0
	t.first, t.head, t.ends, t.late = from, slices.Clone(from), slices.Clone(from), time.Time{}
	for r := range t.readers {
		r.attached = false
		r.rouse()
	}
}

// compare learns where the partitions ended when they were read.
func (t *tail) compare(fetches kgo.Fetches, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if p.Err == nil {
			t.ends[p.Partition] = p.LastStableOffset
		}
	})
	switch {
	case t.lag() == 0:
		t.late = time.Time{}
	case t.late.IsZero():
		t.late = now
	}
}

// lag returns how many records of the topic it has not read.
func (t *tail) lag() (records int64) {
	for p := range t.ends {
		records += max(0, t.ends[p]-t.head[p])
	}
	return records
}

// add adds records, drops the oldest, and wakes whom they are for.
func (t *tail) add(entries []entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	end := t.gone + int64(len(t.kept))
	var news []string // garages that there are events of
	for _, e := range entries {
		t.head[e.partition] = e.offset + 1
		t.bytes += e.size()
		if e.event != nil && !slices.Contains(news, e.event.GarageID) {
			news = append(news, e.event.GarageID)
		}
	}
	t.kept = append(t.kept, entries...)
	if len(t.kept) > t.most || t.bytes > maxKeptBytes {
		t.drop()
	}
	for r := range t.readers {
		switch {
		case r.behind, slices.ContainsFunc(news, r.sight.Sees):
			r.rouse()
		case r.attached && r.next == end: // nothing for it: it stays where the news is
			r.next = t.gone + int64(len(t.kept))
			for p := range r.position {
				r.position[p] = max(r.position[p], t.head[p])
			}
		}
	}
}

// drop drops the oldest quarter.
func (t *tail) drop() {
	n := 0
	for ; len(t.kept)-n > t.most*3/4 || t.bytes > maxKeptBytes*3/4; n++ {
		e := t.kept[n]
		t.first[e.partition] = e.offset + 1
		t.bytes -= e.size()
	}
	t.kept = slices.Clone(t.kept[n:]) // and what they pointed to
	t.gone += int64(n)
}

func (e entry) size() int {
	if e.event == nil {
		return 64
	}
	return 512 + len(e.event.Data)
}

func (t *tail) join(r *Reader) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.readers[r] = struct{}{}
}

func (t *tail) leave(r *Reader) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.readers, r)
}

// holds reports whether the tail has everything from a position on.
func (t *tail) holds(position []int64) bool {
	for p := range position {
		if t.first == nil || position[p] < t.first[p] {
			return false
		}
	}
	return true
}

// read moves a reader on, over up to limit events that it may see, and returns those;
// false: what it needs is not here, or no longer.
func (t *tail) read(r *Reader, limit int) ([]found, bool, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if !r.attached || r.next < t.gone {
		if !t.holds(r.position) {
			r.attached = false
			return nil, false, nil
		}
		r.attached, r.next = true, t.gone
	}
	var events []found
	for ; r.next < t.gone+int64(len(t.kept)) && len(events) < limit; r.next++ {
		var err error
		if events, err = r.take(events, t.kept[r.next-t.gone]); err != nil {
			return nil, true, err
		}
	}
	r.behind = !reaches(r.position, r.ends)
	return events, true, nil
}

// take moves a reader past a record, unless it is past it, and adds it to the events if
// it is one that the reader may see.
func (r *Reader) take(events []found, e entry) ([]found, error) {
	if e.offset < r.position[e.partition] {
		return events, nil
	}
	r.position[e.partition] = e.offset + 1
	if e.event == nil {
		return events, nil
	}
	shown, ok, err := r.sight.Event(*e.event)
	if err != nil || !ok {
		return events, err
	}
	shown.Cursor = cursor(r.position)
	return append(events, found{shown, e.logged}), nil
}
