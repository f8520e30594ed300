package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
)

// everything is all parts, as pitstop starts them.
type everything struct {
	Addresses
	SMTP string

	kafka      *Kafka
	registry   *Registry
	clickhouse *ClickHouse
	mailbox    *Mailbox
}

func startEverything(ctx context.Context, d *Data, log *slog.Logger) (everything, error) {
	var e everything
	var failed [4]error
	var wait sync.WaitGroup
	wait.Go(func() { e.kafka, failed[0] = StartKafka(ctx, d, KafkaOptions{Log: log}) })
	wait.Go(func() { e.registry, failed[1] = StartRegistry(ctx, d, log) })
	wait.Go(func() { e.clickhouse, failed[2] = StartClickHouse(ctx, d, ClickHouseOptions{Log: log}) })
	wait.Go(func() { e.mailbox, failed[3] = StartMailbox(ctx, d, MailboxOptions{Log: log}) })
	wait.Wait()
	if err := errors.Join(failed[:]...); err != nil {
		return e, err
	}
	e.Addresses = Addresses{Kafka: e.kafka.Addr, Registry: e.registry.URL, ClickHouse: e.clickhouse.DSN, Mailbox: e.mailbox.URL}
	e.SMTP = e.mailbox.SMTPAddr
	return e, nil
}

// runParent is the program of a process that is killed: it says where
// everything listens, and does nothing more.
func runParent(dir string) error {
	log := slog.New(slog.DiscardHandler)
	d, err := Open(dir, log)
	if err != nil {
		return err
	}
	e, err := startEverything(context.Background(), d, log)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(e); err != nil {
		return err
	}
	select {}
}

// startParent starts a process that runs runParent, and returns what it says.
func startParent(t *testing.T, dir string) (*exec.Cmd, io.Reader) {
	t.Helper()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentDir+"="+dir)
	parent.Stderr = os.Stderr
	said := must(parent.StdoutPipe())(t)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = parent.Process.Kill() }) // it was killed, unless the test failed
	return parent, said
}

func kill(t *testing.T, parent *exec.Cmd) {
	t.Helper()
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed, which this says
}

// TestEverythingSurvivesAKilledParent is the promise of the child processes:
// when pitstop is killed, they close cleanly, and the next start finds
// everything where it was, at once.
func TestEverythingSurvivesAKilledParent(t *testing.T) {
	needEngine(t)
	dir := t.TempDir()
	parent, said := startParent(t, dir)
	var before everything
	if err := json.NewDecoder(said).Decode(&before); err != nil {
		t.Fatal(err)
	}

	client := kafkaClient(t, before.Kafka)
	if err := createTopic(t.Context(), client, "events"); err != nil {
		t.Fatal(err)
	}
	produce(t, client, "events", 0, 10)
	client.Close()
	schema := register(t, before.Registry, "events-value", `{"type":"record","name":"A","fields":[]}`)
	conn := connect(t, before.ClickHouse)
	run(t, conn, createEvents)
	run(t, conn, "INSERT INTO events SELECT number FROM numbers(10)")
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := smtp.SendMail(before.SMTP, nil, "garage@example.nl", []string{"j@example.nl"}, []byte("Subject: klaar\r\n\r\nKlaar.\r\n")); err != nil {
		t.Fatal(err)
	}

	kill(t, parent)
	log := newLog(t)
	d := must(Open(dir, log.Logger))(t)
	defer d.Close()
	started := time.Now()
	after := must(startEverything(t.Context(), d, log.Logger))(t)
	t.Logf("started again in %s", time.Since(started))

	if after.Addresses != before.Addresses || after.SMTP != before.SMTP {
		t.Errorf("addresses %+v became %+v", before.Addresses, after.Addresses)
	}
	wantRecords(t, after.Kafka, "events", 10)
	if again := register(t, after.Registry, "events-value", `{"type":"record","name":"A","fields":[]}`); again != schema {
		t.Errorf("schema %d became %d", schema, again)
	}
	conn = connect(t, after.ClickHouse)
	if n := query[uint64](t, conn, "SELECT count() FROM events"); n != 10 {
		t.Errorf("%d rows, want 10", n)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if mails := must(after.mailbox.Messages("j@example.nl"))(t); len(mails) != 1 || mails[0].Subject != "klaar" {
		t.Errorf("mails %+v, want the one sent", mails)
	}
	for _, part := range []stopper{after.mailbox, after.clickhouse, after.registry, after.kafka} {
		started := time.Now()
		stop(t, part)
		t.Logf("%T stopped in %s", part, time.Since(started))
	}
	// The children were told by their control pipes and were not killed.
	if text := log.String(); bytes.Contains([]byte(text), []byte("was killed last time:")) {
		t.Error("a part was not closed cleanly")
	}
}

// TestChildrenCloseCleanlyWhereverTheirParentIsKilled kills the parent at each step
// of the engine's start. The broker, which starts faster, holds its files by then.
func TestChildrenCloseCleanlyWhereverTheirParentIsKilled(t *testing.T) {
	needEngine(t)
	for _, step := range []struct {
		name    string
		reached func(d started) bool
	}{
		{"holds its files", func(started) bool { return true }},
		{"has yet to come to its gate", func(d started) bool { return d.has("clickhouse/gate") }},
		{"has passed its gate", func(d started) bool {
			wd, err := os.Readlink("/proc/" + d.text("clickhouse.lock") + "/cwd")
			return err == nil && strings.HasSuffix(wd, " (deleted)")
		}},
		{"listens", func(d started) bool {
			conn, err := net.Dial("tcp", "127.0.0.1:"+d.text("ports/clickhouse"))
			return err == nil && conn.Close() == nil
		}},
	} {
		t.Run(step.name, func(t *testing.T) {
			d := started(t.TempDir())
			parent, _ := startParent(t, string(d))
			eventually(t, "this step", func() bool {
				return d.text("kafka.lock") != "" && d.text("clickhouse.lock") != "" && step.reached(d)
			})
			kill(t, parent)
			for _, part := range []string{"kafka", "clickhouse"} {
				held := must(lock(filepath.Join(string(d), part+".lock"), lockTimeout))(t)
				if held.killed {
					t.Errorf("%s did not close cleanly", part)
				}
				if err := held.release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// started is a data directory on which another process starts.
type started string

func (d started) has(name string) bool {
	_, err := os.Stat(filepath.Join(string(d), name))
	return err == nil
}

// text is what a file holds, and empty where there is none yet.
func (d started) text(name string) string {
	text, _ := os.ReadFile(filepath.Join(string(d), name))
	return strings.TrimSpace(string(text))
}

func register(t *testing.T, url, subject, schema string) int {
	t.Helper()
	client := must(sr.NewClient(sr.URLs(url)))(t)
	found, err := client.CreateSchema(t.Context(), subject, sr.Schema{Schema: schema})
	if err != nil {
		t.Fatal(fmt.Errorf("register %s: %w", subject, err))
	}
	return found.ID
}
