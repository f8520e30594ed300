package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// KafkaOptions are the options of [StartKafka].
type KafkaOptions struct {
	Exe string       // the program to start as the child; empty: this one
	Log *slog.Logger // crashes and warnings of the broker
}

// Kafka is the embedded broker: kfake in a process of its own, so that a kill
// of this one lets the broker close cleanly, on which its exactly-once depends.
//
// Create topics by an admin client, every one with retention.ms=-1 and none
// compacted: a partition that retention emptied starts again at offset 0, and a
// compaction that is cut short loses keys.
type Kafka struct {
	Addr  string // host:port, the same over restarts
	child *child
}

// StartKafka starts the broker on the folder kafka of the data directory and
// waits until it takes connections. ctx bounds only the start.
func StartKafka(ctx context.Context, d *Data, o KafkaOptions) (*Kafka, error) {
	port, err := d.Port("kafka")
	if err != nil {
		return nil, err
	}
	c, err := startChild(ctx, childSpec{
		name: "kafka",
		exe:  o.Exe,
		args: []string{"kafka", d.Dir(), strconv.Itoa(port)},
		// After a kill the broker reads its whole log into memory; the limit
		// makes it give that back.
		env:  []string{"GOMEMLIMIT=200MiB"},
		dir:  d.Dir(),
		wait: time.Minute, // a log of 1 GB takes about 1 s
		stop: stopTimeout,
		log:  o.Log,
	})
	if err != nil {
		return nil, err
	}
	return &Kafka{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), child: c}, nil
}

// Stop closes the broker cleanly and waits for it, also after the end of ctx.
// Close the clients first.
func (k *Kafka) Stop(ctx context.Context) error { return k.child.stop(ctx) }

// runKafka is the child process of the broker.
func runKafka(control, ready *os.File, data, portText string) (err error) {
	port, err := strconv.Atoi(portText)
	if err != nil {
		return fmt.Errorf("read port: %w", err)
	}
	dir := filepath.Join(data, "kafka")
	held, err := lockPart(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.release()) }()
	if held.killed {
		fmt.Fprintln(os.Stderr, "the broker was killed last time: no acknowledged record is lost, but what transactions then under way wrote may appear twice")
	}
	if err := checkKafkaDir(dir); err != nil {
		return err
	}
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.Ports(port),
		kfake.DataDir(dir),
		kfake.SyncWrites(),
		// A holiday is no reason to forget which mails were sent: 50 years.
		kfake.BrokerConfigs(map[string]string{"offsets.retention.minutes": "26280000"}),
		// Truncation and failed writes show only as warnings.
		kfake.WithLogger(brokerLogger{kfake.BasicLogger(os.Stderr, kfake.LogLevelWarn)}),
	)
	if err != nil {
		return portError("kafka", filepath.Join(data, "ports", "kafka"), port, err)
	}
	defer cluster.Close()
	useBrokerTime(cluster)
	fmt.Fprintln(ready, port)
	untilStopped(control)
	return nil
}

// checkKafkaDir refuses a folder that lost its meta.json, on which kfake would
// open an empty broker.
func checkKafkaDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read %s: %w", dir, err)
	}
	var names []string
	for _, e := range entries {
		// A first start that was cut short leaves the beginning of meta.json.
		if filepath.Ext(e.Name()) != ".tmp" {
			names = append(names, e.Name())
		}
	}
	if len(names) > 0 && !slices.Contains(names, "meta.json") {
		return fmt.Errorf("%s holds data but no meta.json, the broker would start empty: restore the folder from a backup, or move it away to start anew", dir)
	}
	return nil
}

// brokerLogger keeps what an operator can act on. That a commit waited a few
// milliseconds for the disk, which kfake finds worth a warning, is not.
type brokerLogger struct{ kfake.Logger }

func (l brokerLogger) Logf(level kfake.LogLevel, format string, args ...any) {
	if !strings.HasPrefix(format, "txn: EndTxn slow") {
		l.Logger.Logf(level, format, args...)
	}
}
