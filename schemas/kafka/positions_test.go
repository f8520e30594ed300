package kafka_test

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// group is a consumer of two topics with two partitions, on which ten records are.
type group struct {
	*testing.T
	record.Consumer
	client *kgo.Client
	adm    *kadm.Client
}

func newGroup(t *testing.T) *group {
	t.Helper()
	c := startFake(t, 1, kfake.SeedTopics(2, "a", "b", record.Ticks.Name, "out", "pitstop.test.changelog"))
	opts, err := c.Producer("test", slog.New(slog.DiscardHandler))
	must(t, err)
	cl, err := kgo.NewClient(append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	must(t, err)
	t.Cleanup(cl.Close)
	g := &group{T: t, client: cl, adm: kadm.NewClient(cl), Consumer: record.Consumer{
		Name: "test", Stateful: true, Reads: []record.Topic{{Name: "a"}, {Name: "b"}, record.Ticks}, Writes: []record.Topic{{Name: "out"}},
	}}
	for _, topic := range []string{"a", "b", record.Ticks.Name} {
		for p := range int32(2) {
			g.write(topic, p, 10)
		}
	}
	return g
}

func (g *group) write(topic string, partition int32, n int) {
	for range n {
		must(g.T, g.client.ProduceSync(g.Context(), &kgo.Record{Topic: topic, Partition: partition}).FirstErr())
	}
}

// at commits positions of partitions 0 and 1.
func (g *group) at(topic string, offsets ...int64) {
	var all kadm.Offsets
	for p, at := range offsets {
		all.AddOffset(topic, int32(p), at, -1)
	}
	must(g.T, g.adm.CommitAllOffsets(g.Context(), g.Group(), all))
}

// deleteBefore deletes what is before an offset, as retention does.
func (g *group) deleteBefore(topic string, partition int32, offset int64) {
	var all kadm.Offsets
	all.AddOffset(topic, partition, offset, -1)
	answers, err := g.adm.DeleteRecords(g.Context(), all)
	must(g.T, err)
	must(g.T, answers.Error())
}

// lived leaves something that only the consumer writes.
func (g *group) lived() { g.write("out", 0, 1) }

func (g *group) create(topic string) {
	_, err := g.adm.CreateTopic(g.Context(), 2, 1, nil, topic)
	must(g.T, err)
	g.forget()
}

// forget makes the client ask anew what topics there are.
func (g *group) forget() {
	g.client.ForceMetadataRefresh()
	time.Sleep(10 * time.Second) // in the bubble
}

func (g *group) deleteTopic(topic string) {
	_, err := g.adm.DeleteTopic(g.Context(), topic)
	must(g.T, err)
}

func (g *group) addPartition(topic string) {
	answers, err := g.adm.CreatePartitions(g.Context(), 1, topic)
	must(g.T, err)
	must(g.T, answers.Error())
	g.forget()
}

// positions resumes, and returns the positions that the group has then: of a, then of b.
func (g *group) positions(otherwise time.Time) (at []int64, err error) {
	g.Helper()
	if err := kafka.Resume(g.Context(), g.adm, g.Consumer, otherwise); err != nil {
		return nil, err
	}
	committed, err := kafka.Committed(g.Context(), g.adm, g.Group())
	must(g.T, err)
	for _, topic := range []string{"a", "b"} {
		for p := range int32(2) {
			o, ok := committed[g.Group()].Lookup(topic, p)
			if !ok {
				g.Errorf("%s[%d] has no position afterwards", topic, p)
			}
			at = append(at, o.At)
		}
	}
	return at, nil
}

// A group goes on where it was when all its positions are known and within the log,
// and begins where the log does when it starts for the first time. It does nothing else.
func TestWhereAGroupGoesOn(t *testing.T) {
	none := time.Time{}
	for name, c := range map[string]struct {
		given func(*group)
		want  []int64
		lost  string // in the error
	}{
		"known": {
			given: func(g *group) { g.lived(); g.at("a", 3, 10); g.at("b", 0, 7) },
			want:  []int64{3, 10, 0, 7},
		},
		"a first start": {
			given: func(*group) {},
			want:  []int64{0, 0, 0, 0},
		},
		"a first start, on topics that retention emptied": {
			given: func(g *group) { g.deleteBefore("a", 0, 10); g.deleteBefore("a", 1, 4) },
			want:  []int64{10, 4, 0, 0},
		},
		"known, on topics that retention emptied": {
			given: func(g *group) { g.lived(); g.at("a", 10, 10); g.at("b", 0, 7); g.deleteBefore("a", 0, 10) },
			want:  []int64{10, 10, 0, 7},
		},
		"gone": {
			given: func(g *group) { g.lived() },
			lost:  "the position of pitstop.test on a[0] is gone, on a[1] is gone, on b[0] is gone, and on 1 more",
		},
		"gone, and only the changelog tells": {
			given: func(g *group) { g.write("pitstop.test.changelog", 1, 1) },
			lost:  "is gone",
		},
		"gone, of one that repeats nothing": {
			given: func(g *group) { g.Stateful, g.Writes = false, nil },
			want:  []int64{0, 0, 0, 0},
		},
		"partly gone": {
			given: func(g *group) { g.lived(); g.at("a", 3, 10); g.at("b", 0) },
			lost:  "the position of pitstop.test on b[1] is gone. ",
		},
		"partly gone, of one that repeats nothing": {
			given: func(g *group) { g.Stateful, g.Writes = false, nil; g.at("a", 3, 10); g.at("b", 0) },
			lost:  "pitstop rebuild test; or, to go on from the time at which it stopped: kafka-consumer-groups.sh --bootstrap-server BROKER --group pitstop.test --reset-offsets --to-datetime TIME --execute --topic b:1",
		},
		"partly gone at its first start": {
			given: func(g *group) { g.at("a", 0, 0) },
			lost:  "on b[0] is gone, on b[1] is gone. ",
		},
		"past the end": {
			given: func(g *group) { g.lived(); g.at("a", 3, 11); g.at("b", 0, 7) },
			lost:  "on a[1] is 11, past the end of the log, 10. ",
		},
		"before the log begins": {
			given: func(g *group) { g.lived(); g.at("a", 3, 10); g.at("b", 0, 7); g.deleteBefore("b", 1, 8) },
			lost:  "on b[1] is 7, and the log begins at 8: what was between was deleted before it was read",
		},
		"all of a topic that it did not read before": {
			given: func(g *group) { g.lived(); g.at("a", 3, 10) },
			lost:  "--execute --topic b:0,1",
		},
		"a topic that it did not read before, and nobody wrote": {
			given: func(g *group) { g.lived(); g.at("a", 3, 10); g.deleteTopic("b"); g.create("b") },
			want:  []int64{3, 10, 0, 0},
		},
		"partitions were added": {
			given: func(g *group) { g.lived(); g.at("a", 3, 10); g.at("b", 0, 7); g.addPartition("a"); g.write("a", 2, 1) },
			lost:  "on a[2] is gone. ",
		},
		"only ticks are gone": {
			given: func(g *group) { g.lived(); g.at("a", 3, 10); g.at("b", 0, 7) },
			want:  []int64{3, 10, 0, 7},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGroup(t)
				c.given(g)
				got, err := g.positions(none)
				switch {
				case c.lost == "" && err != nil:
					t.Error(err)
				case c.lost == "" && !slices.Equal(got, c.want):
					t.Errorf("it goes on at %v, want %v", got, c.want)
				case c.lost != "" && (!errors.Is(err, kafka.ErrLost) || !strings.Contains(err.Error(), c.lost)):
					t.Errorf("it says %v\nwant it to say %s", err, c.lost)
				}
			})
		})
	}
}

// Ticks that are out of the log are read from its beginning: in the log a position
// must be, or the member ends again and again.
func TestTicksOutOfTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroup(t)
		g.lived()
		g.at("a", 3, 10)
		g.at("b", 0, 7)
		g.at(record.Ticks.Name, 11, 3)
		g.deleteBefore(record.Ticks.Name, 1, 5)
		_, err := g.positions(time.Time{})
		must(t, err)
		committed, err := kafka.Committed(t.Context(), g.adm, g.Group())
		must(t, err)
		for p, want := range []int64{0, 5} {
			if o, _ := committed[g.Group()].Lookup(record.Ticks.Name, int32(p)); o.At != want {
				t.Errorf("ticks[%d] go on at %d, want %d", p, o.At, want)
			}
		}
	})
}

// Where an operator says from when on, that holds for what is lost and nothing else.
func TestWhatIsLostGoesOnWhereTheOperatorSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroup(t)
		g.lived()
		g.at("a", 3, 11)
		g.at("b", 0)
		time.Sleep(time.Hour)
		then := time.Now()
		g.write("b", 1, 2)
		got, err := g.positions(then)
		if want := []int64{3, 10, 0, 10}; err != nil || !slices.Equal(got, want) {
			t.Errorf("it goes on at %v, want %v; %v", got, want, err)
		}
	})
}

// Of two members that start a group at the same time, the second finds its positions.
func TestAFirstStartOfTwoMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroup(t)
		_, err := g.positions(time.Time{})
		must(t, err)
		g.lived()
		got, err := g.positions(time.Time{})
		if want := []int64{0, 0, 0, 0}; err != nil || !slices.Equal(got, want) {
			t.Errorf("it goes on at %v, want %v; %v", got, want, err)
		}
	})
}

// What a processor reads and its changelog have as many partitions, or it says which has not.
func TestCoPartitioned(t *testing.T) {
	for name, c := range map[string]struct {
		given func(*group)
		want  string
	}{
		"they do":        {given: func(*group) {}},
		"one has more":   {func(g *group) { g.addPartition("b") }, "topic b has 3 partitions and a has 2"},
		"one is missing": {func(g *group) { g.deleteTopic("b") }, "create the topics first: pitstop topics apply"},
		"its changelog":  {func(g *group) { g.addPartition("pitstop.test.changelog") }, "topic pitstop.test.changelog has 3 partitions and a has 2"},
		"what it writes": {given: func(g *group) { g.addPartition("out") }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGroup(t)
				c.given(g)
				err := kafka.CoPartitioned(t.Context(), g.adm, g.Consumer)
				if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
					t.Errorf("it says %v, want %q", err, c.want)
				}
			})
		})
	}
}
