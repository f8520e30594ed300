package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"pitstop/schemas/record"
)

// Layout is how the topics of the catalogue are laid out on a cluster. The number of
// partitions is chosen once: which partition a key is in depends on it.
type Layout struct {
	Partitions  int32
	Replication int16
	// MinInSync is how many replicas acknowledge a write; 0: the broker's default.
	MinInSync int
	// KeepForEver overrides every retention and compaction: the embedded broker
	// cannot delete safely.
	KeepForEver bool
}

// Step is one difference between the catalogue and the cluster.
type Step struct {
	Topic string
	// What is to be done or was found, in words.
	What string
	// Refused: it cannot be changed safely, and Apply fails.
	Refused bool

	create bool
	config map[string]string
}

func (l Layout) configOf(t record.Topic) map[string]string {
	retention := int64(-1)
	policy := "delete"
	if t.Compacted {
		policy = "compact"
	}
	if t.Retention > 0 {
		retention = t.Retention.Milliseconds()
	}
	if l.KeepForEver {
		retention, policy = -1, "delete"
	}
	config := map[string]string{
		"cleanup.policy": policy,
		"retention.ms":   strconv.FormatInt(retention, 10),
		// Retention counts from when the broker received a record; event time is inside it.
		"message.timestamp.type": "LogAppendTime",
	}
	if l.KeepForEver {
		delete(config, "message.timestamp.type") // kfake ignores it; the embedded broker does it to every topic
	}
	if t.MaxRecordBytes > 0 {
		config["max.message.bytes"] = strconv.Itoa(t.MaxRecordBytes)
	}
	if l.MinInSync > 0 {
		config["min.insync.replicas"] = strconv.Itoa(l.MinInSync)
	}
	return config
}

// Plan returns the differences between the catalogue and the cluster.
func (l Layout) Plan(ctx context.Context, adm *kadm.Client) ([]Step, error) {
	var names []string
	for _, t := range record.Topics() {
		names = append(names, t.Name)
	}
	details, err := adm.ListTopics(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	configs, err := adm.DescribeTopicConfigs(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("describe topics: %w", err)
	}
	var steps []Step
	for _, t := range record.Topics() {
		want := l.configOf(t)
		d, exists := details[t.Name]
		switch {
		case !exists || errors.Is(d.Err, kerr.UnknownTopicOrPartition):
			steps = append(steps, Step{
				Topic: t.Name, create: true, config: want,
				What: fmt.Sprintf("create with %d partitions, replication %d, %s", l.Partitions, l.Replication, describe(want)),
			})
			continue
		case d.Err != nil:
			return nil, fmt.Errorf("topic %s: %w", t.Name, d.Err)
		case len(d.Partitions) != int(l.Partitions):
			steps = append(steps, Step{
				Topic: t.Name, Refused: true,
				What: fmt.Sprintf("has %d partitions, not %d: the number is chosen once, because every key's place depends on it; give --partitions %d",
					len(d.Partitions), l.Partitions, len(d.Partitions)),
			})
			continue
		case replicas(d) != int(l.Replication):
			steps = append(steps, Step{
				Topic: t.Name, Refused: true,
				What: fmt.Sprintf("has %d replicas of a partition, not %d: move them with kafka-reassign-partitions first, or give --replication %d",
					replicas(d), l.Replication, replicas(d)),
			})
			continue
		}
		drift, err := driftOf(configs, t.Name, want)
		if err != nil {
			return nil, err
		}
		if len(drift) > 0 {
			steps = append(steps, Step{Topic: t.Name, config: drift, What: "set " + describe(drift)})
		}
	}
	return steps, nil
}

// replicas returns the number of replicas of the partition that has the fewest.
func replicas(d kadm.TopicDetail) int {
	fewest := 0
	for _, p := range d.Partitions {
		if n := len(p.Replicas); fewest == 0 || n < fewest {
			fewest = n
		}
	}
	return fewest
}

func driftOf(configs kadm.ResourceConfigs, topic string, want map[string]string) (map[string]string, error) {
	rc, err := configs.On(topic, nil)
	if err == nil {
		err = rc.Err
	}
	if err != nil {
		return nil, fmt.Errorf("describe topic %s: %w", topic, err)
	}
	drift := make(map[string]string)
	for k, v := range want {
		drift[k] = v
	}
	for _, c := range rc.Configs {
		if v, ok := want[c.Key]; ok && c.MaybeValue() == v {
			delete(drift, c.Key)
		}
	}
	return drift, nil
}

func describe(config map[string]string) string {
	s := ""
	for _, k := range []string{"cleanup.policy", "retention.ms", "message.timestamp.type", "max.message.bytes", "min.insync.replicas"} {
		if v, ok := config[k]; ok {
			if s != "" {
				s += ", "
			}
			s += k + "=" + v
		}
	}
	return s
}

// Apply carries out a plan: it creates what is missing and sets what drifted, and
// waits until every broker knows. With a refused step in it, it does nothing.
func (l Layout) Apply(ctx context.Context, adm *kadm.Client, steps []Step) error {
	for _, s := range steps {
		if s.Refused {
			return fmt.Errorf("topic %s %s", s.Topic, s.What)
		}
	}
	for _, s := range steps {
		if s.create {
			config := make(map[string]*string, len(s.config))
			for k, v := range s.config {
				config[k] = &v
			}
			_, err := adm.CreateTopic(ctx, l.Partitions, l.Replication, config, s.Topic)
			if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
				return fmt.Errorf("create topic %s: %w", s.Topic, err)
			}
			continue
		}
		var alter []kadm.AlterConfig
		for k, v := range s.config {
			alter = append(alter, kadm.AlterConfig{Op: kadm.SetConfig, Name: k, Value: &v})
		}
		responses, err := adm.AlterTopicConfigs(ctx, alter, s.Topic)
		for _, r := range responses {
			err = errors.Join(err, r.Err)
		}
		if err != nil {
			return fmt.Errorf("configure topic %s: %w", s.Topic, err)
		}
	}
	return known(ctx, adm, steps)
}

// propagation is how long a change may take to reach every broker.
const propagation = 30 * time.Second

// known waits until every broker knows what was done: the controller answers before
// the others have heard of it. The client asks the brokers in turn, so every one has
// agreed once twice as many answers in a row agree as there are brokers.
func known(ctx context.Context, adm *kadm.Client, steps []Step) error {
	brokers, err := adm.ListBrokers(ctx)
	if err != nil {
		return fmt.Errorf("list brokers: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, propagation)
	defer cancel()
	for agreed := 0; agreed < 2*len(brokers); {
		missing := differs(ctx, adm, steps)
		if missing == nil {
			agreed++
			continue
		}
		agreed = 0
		select {
		case <-ctx.Done():
			return fmt.Errorf("done, but not every broker knows it yet: %w", errors.Join(missing, ctx.Err()))
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// differs returns an error that names a setting which a broker does not have as the
// steps left it.
func differs(ctx context.Context, adm *kadm.Client, steps []Step) error {
	var names []string
	for _, s := range steps {
		names = append(names, s.Topic)
	}
	configs, err := adm.DescribeTopicConfigs(ctx, names...)
	if err != nil {
		return fmt.Errorf("describe topics: %w", err)
	}
	for _, s := range steps {
		drift, err := driftOf(configs, s.Topic, s.config)
		if err != nil {
			return err
		}
		if len(drift) > 0 {
			return fmt.Errorf("topic %s: %s is not set", s.Topic, describe(drift))
		}
	}
	return nil
}

// CoPartitioned returns an error unless what a processor reads, and its changelog, have
// the same number of partitions.
func CoPartitioned(ctx context.Context, adm *kadm.Client, c record.Consumer) error {
	topics := append(c.Subscription(), c.Changelog().Name)
	details, err := adm.ListTopics(ctx, topics...)
	if err != nil {
		return fmt.Errorf("list topics: %w", err)
	}
	want := 0
	for _, name := range topics {
		d := details[name]
		if d.Err != nil {
			return fmt.Errorf("topic %s: %w; create the topics first: pitstop topics apply", name, d.Err)
		}
		if want == 0 {
			want = len(d.Partitions)
		}
		if len(d.Partitions) != want {
			return fmt.Errorf("topic %s has %d partitions and %s has %d: a repair's records must share a partition number",
				name, len(d.Partitions), topics[0], want)
		}
	}
	return nil
}
