package kafka_test

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// startFake starts an empty broker in memory.
func startFake(t *testing.T, brokers int, opts ...kfake.Opt) kafka.Config {
	t.Helper()
	var network kfake.VirtualNetwork
	ports := []int{9092, 9093, 9094}[:brokers]
	cluster, err := kfake.NewCluster(append(opts, kfake.NumBrokers(brokers), kfake.Ports(ports...), kfake.ListenFn(network.Listen))...)
	must(t, err)
	t.Cleanup(cluster.Close)
	return kafka.Config{Brokers: cluster.ListenAddrs(), Dialer: network.DialContext}
}

func loginOptions(mechanism string) []kfake.Opt {
	name := map[string]string{"plain": "PLAIN", "scram-sha-256": "SCRAM-SHA-256", "scram-sha-512": "SCRAM-SHA-512"}[mechanism]
	return []kfake.Opt{kfake.EnableSASL(), kfake.Superuser(name, "pitstop", "right-secret")}
}

func admin(t *testing.T, c kafka.Config) *kadm.Client {
	t.Helper()
	opts, err := c.Opts("test", slog.New(slog.DiscardHandler))
	must(t, err)
	cl, err := kgo.NewClient(opts...)
	must(t, err)
	t.Cleanup(cl.Close)
	return kadm.NewClient(cl)
}

// plan returns the steps, also as text. It uses a new client: one that was used
// caches topics for some seconds.
func plan(t *testing.T, l kafka.Layout, c kafka.Config) (steps []kafka.Step, words []string) {
	t.Helper()
	steps, err := l.Plan(t.Context(), admin(t, c))
	must(t, err)
	for _, s := range steps {
		words = append(words, s.Topic+" "+s.What)
	}
	return steps, words
}

// configsOf returns those settings of a topic that the layout decides on.
func configsOf(t *testing.T, adm *kadm.Client, topic string) map[string]string {
	t.Helper()
	all, err := adm.DescribeTopicConfigs(t.Context(), topic)
	must(t, err)
	got := make(map[string]string)
	rc, err := all.On(topic, nil)
	must(t, err)
	for _, c := range rc.Configs {
		if slices.Contains([]string{"cleanup.policy", "retention.ms", "message.timestamp.type", "max.message.bytes", "min.insync.replicas"}, c.Key) {
			got[c.Key] = c.MaybeValue()
		}
	}
	return got
}

func TestLayoutIsCreatedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startFake(t, 3)
		adm := admin(t, c)
		layout := kafka.Layout{Partitions: 12, Replication: 3, MinInSync: 2}
		steps, words := plan(t, layout, c)
		if len(steps) != len(record.Topics()) {
			t.Fatalf("%d steps for %d topics:\n%s", len(steps), len(record.Topics()), strings.Join(words, "\n"))
		}
		const want = "pitstop.commands create with 12 partitions, replication 3, cleanup.policy=delete, retention.ms=604800000, " +
			"message.timestamp.type=LogAppendTime, min.insync.replicas=2"
		if words[0] != want {
			t.Errorf("the first step: %s\nwant            %s", words[0], want)
		}
		must(t, layout.Apply(t.Context(), adm, steps))
		topics, err := adm.ListTopics(t.Context())
		must(t, err)
		for _, topic := range record.Topics() {
			d := topics[topic.Name]
			if len(d.Partitions) != 12 || len(d.Partitions[0].Replicas) != 3 {
				t.Errorf("%s has %d partitions on %v", topic.Name, len(d.Partitions), d.Partitions[0].Replicas)
			}
		}
		for topic, want := range map[string]map[string]string{
			"pitstop.commands":            {"cleanup.policy": "delete", "retention.ms": "604800000"},
			"pitstop.events":              {"cleanup.policy": "delete", "retention.ms": "-1"},
			"pitstop.ticks":               {"cleanup.policy": "delete", "retention.ms": "3600000"},
			"pitstop.dead-letters":        {"cleanup.policy": "delete", "retention.ms": "2592000000", "max.message.bytes": "2097152"},
			"pitstop.lifecycle.changelog": {"cleanup.policy": "compact", "retention.ms": "-1"},
		} {
			got := configsOf(t, adm, topic)
			want["message.timestamp.type"], want["min.insync.replicas"] = "LogAppendTime", "2"
			for k, v := range want {
				if got[k] != v {
					t.Errorf("%s has %s=%s, want %s", topic, k, got[k], v)
				}
			}
		}
		if _, again := plan(t, layout, c); len(again) > 0 {
			t.Errorf("once more:\n%s", strings.Join(again, "\n"))
		}
		must(t, layout.Apply(t.Context(), adm, steps)) // as another process may do at the same time
	})
}

// What somebody changed by hand is set back, and nothing else is touched.
func TestDriftIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startFake(t, 1)
		adm := admin(t, c)
		layout := kafka.Layout{Partitions: 3, Replication: 1}
		steps, _ := plan(t, layout, c)
		must(t, layout.Apply(t.Context(), adm, steps))
		set := func(topic, name, value string) {
			responses, err := adm.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: name, Value: &value}}, topic)
			must(t, err)
			must(t, responses[0].Err)
		}
		set("pitstop.events", "retention.ms", "604800000") // the record of truth, for a week
		set("pitstop.events", "segment.ms", "86400000")    // not the layout's business
		set("pitstop.lifecycle.changelog", "cleanup.policy", "delete")
		deleted, err := adm.DeleteTopics(t.Context(), "pitstop.ticks")
		must(t, err)
		must(t, deleted.Error())

		steps, words := plan(t, layout, c)
		if d := cmp.Diff([]string{
			"pitstop.events set retention.ms=-1",
			"pitstop.ticks create with 3 partitions, replication 1, cleanup.policy=delete, retention.ms=3600000, message.timestamp.type=LogAppendTime",
			"pitstop.lifecycle.changelog set cleanup.policy=compact",
		}, words); d != "" {
			t.Errorf("plan (-want +got):\n%s", d)
		}
		must(t, layout.Apply(t.Context(), adm, steps))
		if _, again := plan(t, layout, c); len(again) > 0 {
			t.Errorf("once more:\n%s", strings.Join(again, "\n"))
		}
		all, err := adm.DescribeTopicConfigs(t.Context(), "pitstop.events")
		must(t, err)
		rc, err := all.On("pitstop.events", nil)
		must(t, err)
		if !slices.ContainsFunc(rc.Configs, func(c kadm.Config) bool { return c.Key == "segment.ms" && c.MaybeValue() == "86400000" }) {
			t.Error("a setting that the layout does not decide on was changed")
		}
	})
}

// The number of partitions is chosen once: with another number nothing is done,
// not even what could be.
func TestPartitionsAreChosenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startFake(t, 1)
		adm := admin(t, c)
		_, err := adm.CreateTopic(t.Context(), 6, 1, nil, "pitstop.events")
		must(t, err)
		layout := kafka.Layout{Partitions: 12, Replication: 1}
		steps, _ := plan(t, layout, c)
		var refused []string
		for _, s := range steps {
			if s.Refused {
				refused = append(refused, s.Topic+" "+s.What)
			}
		}
		if len(refused) != 1 || !strings.Contains(refused[0], "pitstop.events has 6 partitions, not 12") || !strings.Contains(refused[0], "--partitions 6") {
			t.Errorf("refused: %q", refused)
		}
		if err := layout.Apply(t.Context(), adm, steps); err == nil || !strings.Contains(err.Error(), "pitstop.events has 6 partitions") {
			t.Errorf("applied with %v", err)
		}
		topics, err := adm.ListTopics(t.Context())
		must(t, err)
		if names := slices.Sorted(maps.Keys(topics)); len(names) != 1 {
			t.Errorf("topics were created all the same: %v", names)
		}
	})
}

// The embedded broker deletes nothing, and takes a smaller layout the same way.
func TestKeepForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startFake(t, 1)
		adm := admin(t, c)
		layout := kafka.Layout{Partitions: 1, Replication: 1, KeepForEver: true}
		steps, _ := plan(t, layout, c)
		must(t, layout.Apply(t.Context(), adm, steps))
		for _, topic := range record.Topics() {
			if got := configsOf(t, adm, topic.Name); got["cleanup.policy"] != "delete" || got["retention.ms"] != "-1" {
				t.Errorf("%s: %v", topic.Name, got)
			}
		}
		if _, again := plan(t, layout, c); len(again) > 0 {
			t.Errorf("once more:\n%s", strings.Join(again, "\n"))
		}
	})
}
