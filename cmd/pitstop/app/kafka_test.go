package app

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"pitstop/deploy/embedded"
	apache "pitstop/deploy/kafka"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// kafkaVar asks for the tests that need Apache Kafka: make test-kafka sets it.
const kafkaVar = "PITSTOP_TEST_KAFKA"

// repairsOnKafka is the number of repairs in the history there.
const repairsOnKafka = 120

func needKafka(t *testing.T) {
	t.Helper()
	if os.Getenv(kafkaVar) == "" {
		t.Skip("make test-kafka runs this, on Apache Kafka")
	}
}

// startKafka starts a cluster that is killed when the test ends.
func startKafka(t *testing.T, o apache.Options) *apache.Cluster {
	t.Helper()
	o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	data, err := embedded.Open(filepath.Join(t.TempDir(), "kafka"), o.Log)
	must(t, err)
	t.Cleanup(func() { must(t, data.Close()) })
	cluster, err := apache.Start(t.Context(), data, o)
	must(t, err)
	t.Cleanup(cluster.Kill)
	return cluster
}

func TestKafka_Cluster(t *testing.T) {
	needKafka(t)
	go undisturbed() // the comparison waits for it
	cluster := startKafka(t, apache.Options{})
	opts, err := kafka.Config{Brokers: cluster.Brokers}.Opts("test", slog.New(slog.DiscardHandler))
	must(t, err)
	adm, err := kadm.NewOptClient(opts...)
	must(t, err)
	t.Cleanup(adm.Close)
	if t.Run("topics", func(t *testing.T) { testTopics(t, cluster, adm) }) {
		t.Run("roles", func(t *testing.T) { testRoles(t, cluster, adm) })
	}
}

// commandLine runs a command of pitstop, and returns its exit code and both outputs.
func commandLine(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	program, err := binary()
	must(t, err)
	var o, e bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdout, cmd.Stderr = &o, &e
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), o.String(), e.String()
}

// alter changes the configuration of the outcomes, and waits until every broker
// says so: the controller answers before the others have heard of it.
func alter(t *testing.T, cluster *apache.Cluster, adm *kadm.Client, changes ...kadm.AlterConfig) {
	t.Helper()
	_, err := adm.AlterTopicConfigs(t.Context(), changes, record.Outcomes.Name)
	must(t, err)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for agreed := 0; agreed < 2*len(cluster.Brokers); { // the client asks the brokers in turn
		configs, err := adm.DescribeTopicConfigs(t.Context(), record.Outcomes.Name)
		must(t, err)
		agreed++
		for _, want := range changes {
			for _, c := range configs[0].Configs {
				if c.Key == want.Name && c.MaybeValue() != *want.Value {
					agreed = 0
				}
			}
		}
		<-look.C
	}
}

func testTopics(t *testing.T, cluster *apache.Cluster, adm *kadm.Client) {
	topics := func(args ...string) (int, string) {
		t.Helper()
		code, out, errOut := commandLine(t, append([]string{"topics", args[0], "--kafka-brokers", strings.Join(cluster.Brokers, ",")}, args[1:]...)...)
		return code, out + errOut
	}
	all := record.Topics()
	settled := "nothing to do: every topic is as the catalogue says\n"

	code, said := topics("plan")
	if code != 0 || strings.Count(said, "create with 12 partitions, replication 3") != len(all) || !strings.Contains(said, "min.insync.replicas=2") {
		t.Errorf("plan of an empty cluster: %d, %s", code, said)
	}
	if listed, err := adm.ListTopics(t.Context()); err != nil || len(listed) > 0 {
		t.Errorf("after the plan there are topics: %v, %v", listed.Names(), err)
	}
	if code, said = topics("apply"); code != 0 || !strings.HasSuffix(said, fmt.Sprintf("done: %d topics\n", len(all))) {
		t.Fatalf("apply: %d, %s", code, said)
	}
	must(t, cluster.Ready(t.Context()))
	for _, command := range []string{"plan", "apply"} {
		if code, said = topics(command); code != 0 || said != settled {
			t.Errorf("%s of what was applied: %d, %s", command, code, said)
		}
	}

	// A setting that was changed is reported, and changed back; what is not in the
	// catalogue is left alone.
	week, day := fmt.Sprint(record.Outcomes.Retention.Milliseconds()), "86400000"
	compression := "lz4"
	alter(t, cluster, adm, kadm.AlterConfig{Name: "retention.ms", Value: &day}, kadm.AlterConfig{Name: "compression.type", Value: &compression})
	want := record.Outcomes.Name + ": set retention.ms=" + week + "\n"
	if code, said = topics("plan"); code != 0 || said != want {
		t.Errorf("plan after a change: %d, %q, want %q", code, said, want)
	}
	if code, said = topics("apply"); code != 0 || said != want+"done: 1 topics\n" {
		t.Errorf("apply after a change: %d, %s", code, said)
	}
	configs, err := adm.DescribeTopicConfigs(t.Context(), record.Outcomes.Name)
	must(t, err)
	got := make(map[string]string)
	for _, c := range configs[0].Configs {
		got[c.Key] = c.MaybeValue()
	}
	if got["retention.ms"] != week || got["compression.type"] != compression {
		t.Errorf("after apply the topic has retention.ms=%s and compression.type=%s", got["retention.ms"], got["compression.type"])
	}

	// Changes of numbers that are chosen once are refused, and then nothing is done.
	alter(t, cluster, adm, kadm.AlterConfig{Name: "retention.ms", Value: &day})
	for _, c := range []struct{ flag, value, says string }{
		{"--partitions", "24", "has 12 partitions, not 24"},
		{"--replication", "2", "has 3 replicas of a partition, not 2"},
	} {
		if code, said = topics("plan", c.flag, c.value); code != 1 || strings.Count(said, "refused: "+c.says) != len(all) {
			t.Errorf("plan with %s %s: %d, %s", c.flag, c.value, code, said)
		}
		if code, said = topics("apply", c.flag, c.value); code != 1 || !strings.Contains(said, "pitstop: topic "+all[0].Name+" "+c.says) {
			t.Errorf("apply with %s %s: %d, %s", c.flag, c.value, code, said)
		}
	}
	if code, said = topics("apply"); code != 0 || said != want+"done: 1 topics\n" {
		t.Errorf("what was refused changed something: %d, %s", code, said)
	}
	details, err := adm.ListTopics(context.WithoutCancel(t.Context()), all[0].Name)
	must(t, err)
	if n := len(details[all[0].Name].Partitions); n != 12 {
		t.Errorf("%s has %d partitions", all[0].Name, n)
	}
}
