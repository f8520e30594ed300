package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/otel/propagation"

	"pitstop/schemas/avro"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

var begin = time.Date(2026, time.May, 20, 8, 0, 0, 0, time.UTC)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func builder(t *testing.T, codec *avro.Codec) *request.Builder {
	t.Helper()
	book := garagetest.Sample(t)
	b, err := request.NewBuilder(codec, book, bytes.Repeat([]byte{5}, request.MinSecretBytes), func() time.Time { return begin })
	must(t, err)
	return b
}

// rig is a broker in memory, a client, and a stand-in for the lifecycle that
// accepts what it sees first and calls the rest duplicates.
type rig struct {
	t       *testing.T
	cluster *kfake.Cluster
	config  kafka.Config
	codec   *avro.Codec
	log     *slog.Logger
	client  *Client
	build   *request.Builder
	fate    map[string]string // of a command, by its id: who gives up on it
}

func newRig(t *testing.T) *rig {
	t.Helper()
	var net kfake.VirtualNetwork
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(net.Listen),
		kfake.SeedTopics(3, record.Commands.Name, record.Outcomes.Name, record.DeadLetters.Name),
	)
	must(t, err)
	t.Cleanup(cluster.Close)
	codec, err := avro.NewCodec()
	must(t, err)
	r := &rig{
		t: t, cluster: cluster, codec: codec, build: builder(t, codec),
		config: kafka.Config{Brokers: cluster.ListenAddrs(), Dialer: net.DialContext},
		log:    slog.New(slog.DiscardHandler),
	}
	r.client, err = NewClient(r.config, codec, r.log)
	must(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = r.client.Close(ctx)
	})
	return r
}

// start runs something until the test ends.
func (r *rig) start(run func(context.Context) error) {
	ctx, cancel := context.WithCancel(r.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	r.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			r.t.Error(err)
		}
	})
}

// ready runs the client and waits until it misses nothing.
func (r *rig) ready() {
	r.t.Helper()
	r.start(r.client.Run)
	synctest.Wait()
	for range 100 {
		if r.client.Check(time.Now()) == nil {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	r.t.Fatal(r.client.Check(time.Now()))
}

// lifecycle answers commands in transactions.
func (r *rig) lifecycle(ctx context.Context) error {
	opts, err := r.config.Producer("lifecycle", r.log)
	if err != nil {
		return err
	}
	cl, err := kgo.NewClient(append(opts, kgo.TransactionalID("lifecycle"), kgo.FetchMaxWait(200*time.Millisecond),
		kgo.ConsumeTopics(record.Commands.Name), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		return err
	}
	defer cl.Close()
	seen := make(map[string]string) // digest by command id
	for ctx.Err() == nil {
		fetches := cl.PollFetches(ctx)
		if fetches.Empty() {
			continue
		}
		if err := cl.BeginTransaction(); err != nil {
			return err
		}
		for _, rec := range fetches.Records() {
			cmd, err := r.codec.Decode(ctx, rec.Value)
			if err != nil {
				return err
			}
			c := cmd.(repair.Command)
			h, digest := c.Head(), repair.DigestOf(c)
			if by := r.fate[h.EventID]; by != "" {
				letter, err := kafka.DeadLetter(r.codec, rec, by, kafka.Unhandled, errors.New("a bug"), begin)
				if err != nil {
					return err
				}
				cl.Produce(ctx, letter, nil)
				continue
			}
			o := &repair.Outcome{Header: *h, Result: repair.Accepted, Digest: digest, Verdict: repair.Verdict{State: repair.InProgress, Sequence: 1}}
			o.EventID, o.CausationID = fmt.Sprint("o", rec.Offset), h.EventID
			switch first, again := seen[h.EventID]; {
			case again && first != digest:
				o.Result, o.Code = repair.Refused, repair.KeyReused
			case again:
				o.Result = repair.Duplicate
			}
			if _, again := seen[h.EventID]; !again {
				seen[h.EventID] = digest
			}
			value, err := r.codec.Encode(o)
			if err != nil {
				return err
			}
			cl.Produce(ctx, &kgo.Record{Topic: record.Outcomes.Name, Key: rec.Key, Value: value}, nil)
		}
		if err := cl.Flush(ctx); err != nil {
			return ctx.Err()
		}
		if err := cl.EndTransaction(context.WithoutCancel(ctx), kgo.TryCommit); err != nil {
			return err
		}
	}
	return nil
}

func (r *rig) message(key, text string) repair.Command {
	r.t.Helper()
	cmd, err := r.build.Build(request.Request{
		Garage: "de-brug", RepairID: repair.RepairID("de-brug", "key", "r1"), Key: key,
		Actor: repair.Actor{Role: repair.Mechanic, ID: "sam"}, Body: &request.PostMessage{Kind: repair.Text, Text: text},
	})
	must(r.t, err)
	return cmd
}

// written counts the commands on the log, by id.
func (r *rig) written() map[string]int {
	r.t.Helper()
	got := make(map[string]int)
	for _, rec := range kafkatest.Records(r.t, r.config, record.Commands) {
		cmd, err := r.codec.Decode(r.t.Context(), rec.Value)
		must(r.t, err)
		got[cmd.(repair.Command).Head().EventID]++
	}
	return got
}

func TestAskGetsItsOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.ready()
		r.start(r.lifecycle)
		for i, want := range []repair.Result{repair.Accepted, repair.Duplicate, repair.Duplicate} {
			o, err := r.client.Ask(t.Context(), r.message("k1", "hallo"), 2*time.Second)
			must(t, err)
			if o == nil || o.Result != want || o.Sequence != 1 {
				t.Errorf("time %d: got %+v, want %s", i+1, o, want)
			}
		}
		o, err := r.client.Ask(t.Context(), r.message("k1", "iets anders"), 2*time.Second)
		must(t, err)
		if o == nil || o.Code != repair.KeyReused {
			t.Errorf("same key, another text: got %+v", o)
		}
	})
}

// Two requests with one key and different texts at once must each get their own
// answer, in whatever order the log has them.
func TestAskTellsSimultaneousRequestsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.ready()
		r.start(r.lifecycle)
		var accepted, reused atomic.Int32
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				o, err := r.client.Ask(t.Context(), r.message("k1", fmt.Sprint("tekst ", i)), 2*time.Second)
				switch {
				case err != nil || o == nil:
					t.Errorf("%d: %v, %v", i, o, err)
				case o.Code == "":
					accepted.Add(1)
				case o.Code == repair.KeyReused:
					reused.Add(1)
				}
			})
		}
		wg.Wait()
		if accepted.Load() != 1 || reused.Load() != 7 {
			t.Errorf("%d accepted and %d refused, want 1 and 7", accepted.Load(), reused.Load())
		}
		if n := len(r.client.waiting); n != 0 {
			t.Errorf("%d commands are still waited for", n)
		}
	})
}

func TestAskDoesNotWaitForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t) // no lifecycle
		r.ready()
		began := time.Now()
		o, err := r.client.Ask(t.Context(), r.message("k1", "hallo"), 2*time.Second)
		if o != nil || err != nil || time.Since(began) < 2*time.Second {
			t.Errorf("got %v, %v after %s, want nothing after 2 s", o, err, time.Since(began))
		}
	})
}

func TestSendRefusedByTheBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		kafkatest.RefuseWrites(r.cluster, kerr.TopicAuthorizationFailed, func() bool { return true })
		if err := r.client.Send(t.Context(), r.message("k1", "hallo")); !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	})
}

// A command whose acknowledgement is lost is written once all the same, and the
// sender is told that it does not know.
func TestSendGivesUpWaitingButNotWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
			r.cluster.SleepControl(func() { <-time.After(3 * time.Second) })
			return nil, nil, false
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		cmd := r.message("k1", "hallo")
		if err := r.client.Send(ctx, cmd); !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		must(t, r.client.Send(t.Context(), r.message("k2", "nog iets"))) // and comes after it
		got := r.written()
		if got[cmd.Head().EventID] != 1 {
			t.Errorf("written: %v, want %s once", got, cmd.Head().EventID)
		}
	})
}

func TestSendWithEndedContextWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.client.Send(ctx, r.message("k1", "hallo")); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if diff := cmp.Diff(map[string]int{}, r.written()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTheTraceGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
		ctx := propagation.TraceContext{}.Extract(t.Context(), propagation.MapCarrier{"traceparent": parent})
		rec, err := r.client.record(ctx, r.message("k1", "hallo"))
		must(t, err)
		if diff := cmp.Diff([]kgo.RecordHeader{{Key: "traceparent", Value: []byte(parent)}}, rec.Headers); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
	})
}

// A client that may read again is ready again, though nothing happens: whoever
// checks readiness sends it nothing before.
func TestReadyAgainWithoutAnOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.ready()
		var forbidden atomic.Bool
		forbidden.Store(true)
		r.cluster.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
			r.cluster.KeepControl()
			if !forbidden.Load() {
				return nil, nil, false
			}
			<-time.After(100 * time.Millisecond) // the client asks again at once
			f := req.(*kmsg.FetchRequest)
			resp := f.ResponseKind().(*kmsg.FetchResponse)
			for _, topic := range f.Topics {
				rt := kmsg.NewFetchResponseTopic()
				rt.Topic, rt.TopicID = topic.Topic, topic.TopicID
				for _, part := range topic.Partitions {
					rp := kmsg.NewFetchResponseTopicPartition()
					rp.Partition, rp.ErrorCode = part.Partition, kerr.TopicAuthorizationFailed.Code
					rt.Partitions = append(rt.Partitions, rp)
				}
				resp.Topics = append(resp.Topics, rt)
			}
			return resp, nil, true
		})
		<-time.After(10 * time.Second)
		if err := r.client.Check(time.Now()); err == nil {
			t.Error("ready while it may not read")
		}
		forbidden.Store(false)
		<-time.After(20 * time.Second)
		must(t, r.client.Check(time.Now()))
	})
}

// While a stranger's transaction is open on the outcomes, what comes after it does not
// reach those who wait: the client says whose it is and what to do, until it has ended.
func TestAStrangersOpenTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.ready()
		kafkatest.OpenTransaction(t, r.config, "stranger", 5*time.Minute, record.Outcomes, 0)
		time.Sleep(30 * time.Second)
		for _, want := range []string{record.Outcomes.Name + "[", "] is hidden from offset 0 on by the open transaction of stranger (producer"} {
			if err := r.client.HeldUp(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("it says %v, want %q", err, want)
			}
		}
		time.Sleep(6 * time.Minute) // the brokers end it
		must(t, errors.Join(r.client.HeldUp(), r.client.Check(time.Now())))
	})
}

func TestCheckSaysWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		if err := r.client.Check(time.Now()); err == nil {
			t.Error("ready before it runs")
		}
		r.ready()
	})
}

// Commands that are sent together are answered in their order, those that come again
// with the answer of the first time.
func TestAskAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.ready()
		r.start(r.lifecycle)
		first, second, third := r.message("k1", "a"), r.message("k2", "b"), r.message("k2", "c")
		answers, err := r.client.AskAll(t.Context(), first, second, third)
		must(t, err)
		again, err := r.client.AskAll(t.Context(), first)
		must(t, err)
		var got []string
		for _, a := range append(answers, again...) {
			o := a.Outcome
			got = append(got, fmt.Sprint(o.CausationID == first.Head().EventID, " ", o.Result, " ", o.Code))
		}
		if diff := cmp.Diff([]string{"true accepted ", "false accepted ", "false refused key_reused", "true duplicate "}, got); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
	})
}

// Of commands that lifecycle gave up on, one is answered by its dead letter; those of
// other consumers answer nothing. What is not answered is told from
// what is, after a while or when the wait is ended.
func TestAskAllWithoutOutcomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		lost, dead, fine := r.message("k1", "a"), r.message("k2", "b"), r.message("k3", "c")
		r.fate = map[string]string{lost.Head().EventID: record.ClickHouseSink.Name, dead.Head().EventID: record.LifecycleProcessor.Name}
		r.client.ReadDeadLetters()
		r.ready()
		r.start(r.lifecycle)
		stopped, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		for _, c := range []struct {
			name  string
			ctx   context.Context
			want  error
			after time.Duration
		}{
			{"stopped", stopped, context.Canceled, time.Second},
			{"after a while", t.Context(), ErrUnanswered, silence},
		} {
			begun := time.Now()
			answers, err := r.client.AskAll(c.ctx, lost, dead, fine)
			if !errors.Is(err, c.want) || time.Since(begun) > c.after+time.Second {
				t.Errorf("%s: ended with %v after %s", c.name, err, time.Since(begun))
			}
			if len(answers) != 3 || answers[0] != (Answer{}) || answers[2].Outcome == nil {
				t.Errorf("%s: answers %+v", c.name, answers)
			}
			if d := answers[1].DeadLetter; d == nil || d.Reason != kafka.Unhandled || answers[1].Outcome != nil {
				t.Errorf("%s: of the one that lifecycle gave up on: %+v", c.name, answers[1])
			}
		}
		if len(r.client.waiting) > 0 {
			t.Error("some are still waited for")
		}
	})
}

// Where nobody answers, what was sent is on the log, and the error says what to do.
func TestAskAllUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.ready()
		begun := time.Now()
		if _, err := r.client.AskAll(t.Context(), r.message("k1", "a")); !errors.Is(err, ErrUnanswered) {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(begun); took < silence {
			t.Errorf("it waited only %s", took)
		}
		if len(r.client.waiting) > 0 {
			t.Error("it is still waited for")
		}
	})
}
