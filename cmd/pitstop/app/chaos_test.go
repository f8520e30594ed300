package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"pitstop/deploy/e2e/pitstop"
	"pitstop/deploy/embedded"
	"pitstop/producers/simulate"
	"pitstop/producers/simulate/checkpoint"
	"pitstop/producers/simulate/towns"
)

// These tests kill real processes with SIGKILL in the middle of a history, and
// compare what they leave with an undisturbed run of the same history: command by
// command, record by record, field by field.

// The history that all tests play.
const seed = 7

var repairs = 60

// patience is how long a history, or anything in one, may take on a busy machine: on
// an idle one with two cores a whole history takes a minute and a half.
const patience = 12 * time.Minute

// luckSeed decides when processes are killed. Another seed tests other moments.
var luckSeed = flag.Uint64("luck", 7, "seed of the moments at which the chaos tests kill")

var until = time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	if len(os.Args) > 1 && os.Args[1] == embedded.ChildCommand {
		return embedded.RunChild(os.Args[2:])
	}
	if os.Getenv(kafkaVar) != "" {
		repairs = repairsOnKafka
	}
	if name := os.Getenv(roleVar); name != "" {
		return runRole(name)
	}
	dir, err := os.MkdirTemp("", "pitstop-chaos-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	scratch = dir
	defer playing.Wait() // a test can end before the run it compares with
	defer cancelPlay()
	return m.Run()
}

// playCtx is cancelled when the tests end, and playing waits for the runs on it.
var (
	playCtx, cancelPlay = context.WithCancel(context.Background())
	playing             sync.WaitGroup
)

// scratch is a directory that the tests share.
var scratch string

// binary builds pitstop and returns its path.
var binary = sync.OnceValues(func() (string, error) {
	p, err := pitstop.Build(scratch)
	if err != nil {
		return "", err
	}
	return p.Path, nil
})

// undisturbed returns what a run without a kill leaves.
var undisturbed = sync.OnceValues(func() (*remains, error) {
	dir := filepath.Join(scratch, "undisturbed")
	playing.Add(1)
	defer playing.Done()
	if err := play(playCtx, dir, nil); err != nil {
		return nil, fmt.Errorf("undisturbed run: %w", err)
	}
	return inspect(playCtx, dir)
})

// TestKilledProgram kills the whole program: all its roles, and with them the
// registry and the mailbox. Broker and ClickHouse are its children, and stop when
// it is gone.
func TestKilledProgram(t *testing.T) {
	t.Parallel()
	go undisturbed() // compare waits for it
	rng := rand.New(rand.NewPCG(*luckSeed, 1))
	n := 5
	if testing.Short() {
		n = 2
	}
	kills := []moment{{wait: time.Duration(rng.Int64N(int64(2 * time.Second)))}} // the very first start
	for i, w := range busyWindows(t, n, rng) {
		kills = append(kills, moment{w.Start, time.Duration(rng.Int64N(int64(200 * time.Millisecond)))})
		if i%2 == 0 && i < n-1 { // and again while it starts
			kills = append(kills, moment{wait: 200*time.Millisecond + time.Duration(rng.Int64N(int64(1500*time.Millisecond)))})
		}
	}
	dir := filepath.Join(t.TempDir(), "data")
	if err := play(t.Context(), dir, kills); err != nil {
		t.Fatal(err)
	}
	compare(t, dir)
	output, err := os.ReadFile(dir + ".log")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(output, []byte("was killed last time:")) {
		t.Errorf("a child did not stop cleanly when the program was killed:\n%s", output)
	}
}

// busyWindows chooses windows in which several people act, spread over the history.
func busyWindows(t *testing.T, n int, rng *rand.Rand) []simulate.Window {
	t.Helper()
	garages, err := towns.Garages(towns.Default, until)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := simulate.NewPlan(seed, repairs, garages, until.AddDate(0, 0, -checkpoint.HistoryDays), until)
	if err != nil {
		t.Fatal(err)
	}
	var all, chosen []simulate.Window
	for _, w := range plan.Windows {
		if len(plan.In(w)) > 2 {
			all = append(all, w)
		}
	}
	if all = all[:max(0, len(all)-2)]; len(all) < n { // near its end the program may be faster than its kill
		t.Fatalf("only %d windows have something in them", len(all))
	}
	for i := range n { // one of each n-th part
		from, to := i*len(all)/n, (i+1)*len(all)/n
		chosen = append(chosen, all[from+rng.IntN(to-from)])
	}
	return chosen
}

// compare compares what a run left in a data directory with the undisturbed run.
func compare(t *testing.T, dir string) *remains {
	t.Helper()
	got, err := inspect(t.Context(), dir)
	if err != nil {
		t.Error(err)
	}
	return got.check(t)
}

// check compares what a run left with the undisturbed run.
func (got *remains) check(t *testing.T) *remains {
	t.Helper()
	want, err := undisturbed()
	if err != nil {
		t.Fatal(err)
	}
	if got == nil {
		t.FailNow()
	}
	got.compare(t, want)
	return got
}

// moment is when to kill a program: wait after its history has reached done.
type moment struct {
	done time.Time // zero: at once
	wait time.Duration
}

// play runs the program on its history in a data directory, and restarts it after
// every kill, until it ends by itself.
func play(ctx context.Context, dir string, kills []moment) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	program, err := binary()
	if err != nil {
		return err
	}
	log, err := os.Create(dir + ".log")
	if err != nil {
		return err
	}
	defer log.Close()
	for {
		cmd := exec.CommandContext(ctx, program, "demo", "--data", dir, "--repairs", fmt.Sprint(repairs), "--seed", fmt.Sprint(seed),
			"--until", until.Format(time.RFC3339), "--no-live")
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Start(); err != nil {
			return err
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		if len(kills) > 0 && kills[0].reached(dir, ended) {
			_ = cmd.Process.Kill() // it may have ended
			<-ended
			kills = kills[1:]
			continue
		}
		err := <-ended
		if err == nil && len(kills) > 0 {
			err = fmt.Errorf("it ended before it was killed %d times more", len(kills))
		}
		if err != nil {
			return fmt.Errorf("%w\n%s", errors.Join(err, ctx.Err()), tail(dir+".log"))
		}
		return nil
	}
}

// reached waits for the moment; it reports false when the program ended before.
func (m moment) reached(dir string, ended chan error) bool {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for done(dir).Before(m.done) {
		select {
		case err := <-ended:
			ended <- err
			return false
		case <-look.C:
		}
	}
	select {
	case err := <-ended:
		ended <- err
		return false
	case <-time.After(m.wait):
		return true
	}
}

// done returns the time that a program's history has reached.
func done(dir string) time.Time {
	var h struct{ Done time.Time }
	if text, err := os.ReadFile(filepath.Join(dir, "history.json")); err == nil {
		_ = json.Unmarshal(text, &h) // an error means it has done nothing
	}
	return h.Done
}

// tail returns the end of a file.
func tail(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-6000):])
}
