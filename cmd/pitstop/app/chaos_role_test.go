package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"pitstop/api"
	"pitstop/deploy/embedded"
	"pitstop/processors/stream"
	"pitstop/producers/simulate"
	"pitstop/producers/simulate/checkpoint"
	"pitstop/producers/simulate/towns"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/sinks"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/email"
)

// A role's process is this test binary; environment variables say which role to run.
const (
	roleVar = "PITSTOP_TEST_ROLE"
	nameVar = "PITSTOP_TEST_NAME" // the process's instance name
	apiVar  = "PITSTOP_TEST_API"  // where the API listens
	dirVar  = "PITSTOP_TEST_DIR"  // the data directory
	opsVar  = "PITSTOP_TEST_OPS"  // where to serve its readiness
)

// roleNames are the roles, in the order in which records reach them.
var roleNames = []string{"api", record.LifecycleProcessor.Name, record.NotificationProcessor.Name, record.LatencyProcessor.Name, record.EmailSink.Name, record.ClickHouseSink.Name}

// runRole is the main function of a process that runs one role. It ends with its
// standard input, so that no process outlives the test.
func runRole(name string) int {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	h, err := openRoles(os.Getenv(dirVar), log)
	if err == nil {
		err = h.run(ctx, name, log)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// run runs a role in this process.
func (h *roleSet) run(ctx context.Context, name string, log *slog.Logger) error {
	l, err := net.Listen("tcp", os.Getenv(opsVar))
	if err != nil {
		return err
	}
	return Process{Role: h.roles[name], Listener: l, Metrics: NewMetrics(), Kafka: h.cfg, Log: log}.Run(ctx)
}

// roleSet holds the roles on a data directory, with the configuration they share.
type roleSet struct {
	Keys
	cfg   kafka.Config
	roles map[string]Role
}

func openRoles(dir string, log *slog.Logger) (*roleSet, error) {
	var at embedded.Addresses
	text, err := os.ReadFile(filepath.Join(dir, "addresses.json"))
	if err == nil {
		err = json.Unmarshal(text, &at)
	}
	if err != nil {
		return nil, err
	}
	book, err := garage.Load(GarageFile(dir))
	if err != nil {
		return nil, err
	}
	saved, err := openHistory(dir)
	if err != nil {
		return nil, err
	}
	h := &roleSet{cfg: kafka.Config{Brokers: strings.Split(at.Kafka, ","), RegistryURL: at.Registry}, roles: make(map[string]Role)}
	if h.Keys, err = keysFrom(func(name string) ([]byte, error) { return embedded.ReadSecret(dir, name) }); err != nil {
		return nil, err
	}

	clock, instance := clockFile(dir), os.Getenv(nameVar)
	processors := ProcessorOptions{Kafka: h.cfg, Garages: book, Instance: instance, Clock: clock.now, Simulated: saved.Plan.Covers, Log: log, Metrics: stream.NewMetrics(NewMetrics())}
	for _, c := range record.Processors() {
		r, monitor := NewProcessor(c.Name, processors)
		ready := r.check
		r.check = func(now time.Time) error { // here, ready also means idle
			if monitor.Due(clock.now()) {
				return errors.New("a timer is due")
			}
			return ready(now)
		}
		h.roles[c.Name] = r
	}
	db := clickhouse.Config{DSN: at.ClickHouse}
	h.roles[record.ClickHouseSink.Name] = NewClickHouseSink(db, sinks.Config{
		Kafka: h.cfg, Instance: instance, Now: time.Now, Log: log,
		Limits: sinks.Limits{Records: clickhouse.Limits.Records, Age: embeddedAge, Write: clickhouse.Limits.Write},
	}, nil)
	mail := email.Config{PublicURL: at.API, Sender: "pitstop@localhost.invalid", LinkKeys: h.Links}
	h.roles[record.EmailSink.Name] = NewEmailSink(EmailSinkOptions{
		Kafka: h.cfg, Mail: mail, Garages: book, Transport: recordSent{dir, history{end: saved.Plan.To}}, Instance: instance,
		Clock: clock.now, Log: log,
	})
	addr := os.Getenv(apiVar)
	h.roles["api"] = Role{name: "api", run: func(ctx context.Context) error {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return err
		}
		return NewAPI(APIOptions{
			Listener: l, Kafka: h.cfg, Database: db, CommandSecret: h.Commands,
			Config: api.Config{
				Auth: h.Issuer, Garages: book, Links: h.Links, Clock: simulate.RequestClock(time.Now), Log: log, Metrics: NewMetrics(),
			},
		}).run(ctx)
	}}
	return h, nil
}

// openHistory opens the history of a data directory.
func openHistory(dir string) (*checkpoint.Saved, error) {
	return checkpoint.Open(filepath.Join(dir, "history.json"), seed, repairs, until, func(at time.Time) (*garage.Book, error) {
		return towns.Garages(towns.Default, at)
	})
}

// clockFile is a data directory with a clock that its processes share.
type clockFile string

func (c clockFile) path() string { return filepath.Join(string(c), "clock") }

// now reads the clock; zero where it has not been set.
func (c clockFile) now() time.Time {
	text, err := os.ReadFile(c.path())
	if err != nil {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return time.Time{}
	}
	return at
}

func (c clockFile) set(at time.Time) error {
	if err := os.WriteFile(c.path()+"~", []byte(at.Format(time.RFC3339Nano)), 0o600); err != nil {
		return err
	}
	return os.Rename(c.path()+"~", c.path())
}

// sentMail is a mail that a mail server accepted.
type sentMail struct {
	MessageID   string
	Attempt     int
	To, Subject string
	RequestedAt time.Time
	Process     int // that sent it
}

// recordSent is a transport that logs every mail of a history that is accepted to a file.
// Where there is a kill file, it kills the process before the sink hears of that.
type recordSent struct {
	dir string
	history
}

func (s recordSent) Send(ctx context.Context, m email.Mail) (email.Receipt, error) {
	receipt, err := s.history.Send(ctx, m)
	if err != nil {
		return receipt, err
	}
	line, err := json.Marshal(sentMail{m.MessageID, m.Attempt, m.To[0].Address, m.Subject, m.RequestedAt, os.Getpid()})
	if err != nil {
		return receipt, err
	}
	f, err := os.OpenFile(sentMails(s.dir), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return receipt, err
	}
	_, err = f.Write(append(line, '\n')) // one write: whole lines, whoever else writes
	if os.Remove(killFile(s.dir)) == nil {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // cannot fail
	}
	return receipt, errors.Join(err, f.Close())
}

func killFile(dir string) string { return filepath.Join(dir, "kill-after-mail") }

func sentMails(dir string) string { return filepath.Join(dir, "sent.jsonl") }
