package embedded

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// runTestChild is a child that behaves as its name says.
func runTestChild(behaviour string) int {
	control, ready := os.NewFile(3, "control"), os.NewFile(4, "ready")
	switch behaviour {
	case "good":
		signal.Ignore(syscall.SIGINT, syscall.SIGTERM)
		fmt.Fprintln(ready, os.Getpid())
		untilStopped(control)
	case "refusing":
		fmt.Fprintln(ready, "the cellar is flooded: pump it out")
		return 1
	case "dying":
		fmt.Fprintln(os.Stderr, "last words")
		return 3
	case "mute":
		untilStopped(control)
		runtime.KeepAlive(ready) // or it is closed when it is forgotten
	case "deaf":
		fmt.Fprintln(ready, 1)
		never := make(chan os.Signal, 1)
		signal.Notify(never, syscall.SIGUSR1)
		<-never
	}
	return 0
}

func startTestChild(t *testing.T, log *testLog, behaviour string, wait, stop time.Duration) (*child, error) {
	return startChild(t.Context(), childSpec{
		name: behaviour, args: []string{"test", behaviour},
		wait: wait, stop: stop, log: log.Logger,
	})
}

// A program that does not know that it is a part would start the same part, and so on.
func TestAPartStartsNoParts(t *testing.T) {
	t.Setenv(partVar, "refusing")
	_, err := startTestChild(t, newLog(t), "refusing", time.Minute, time.Minute)
	wantError(t, err, "has not handed its arguments to RunChild")
}

func TestChildThatCannotStartSaysWhy(t *testing.T) {
	wait := map[string]time.Duration{"refusing": time.Minute, "dying": time.Minute, "mute": time.Second}
	for behaviour, says := range map[string]string{
		"refusing": "start embedded refusing: the cellar is flooded: pump it out",
		"dying":    "last words",
		"mute":     "not ready after 1s",
	} {
		t.Run(behaviour, func(t *testing.T) {
			_, err := startTestChild(t, newLog(t), behaviour, wait[behaviour], time.Minute)
			wantError(t, err, says)
		})
	}
}

func TestChildStartIsBoundByContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := startChild(ctx, childSpec{name: "mute", args: []string{"test", "mute"}, wait: time.Minute, log: newLog(t).Logger})
	wantError(t, err, context.DeadlineExceeded.Error())
}

func TestKilledChildIsStartedAgain(t *testing.T) {
	log := newLog(t)
	c := must(startTestChild(t, log, "good", time.Minute, time.Minute))(t)
	first := childOf(t, "good")
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a second start", func() bool { return strings.Contains(log.String(), "embedded part runs again") })
	if second := childOf(t, "good"); second == first {
		t.Error("the killed process still runs")
	}
	if !strings.Contains(log.String(), "signal: killed") {
		t.Error("the log does not say how the child ended")
	}
	if err := c.stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestChildIgnoresSignalsAndStopsOnRequest(t *testing.T) {
	log := newLog(t)
	c := must(startTestChild(t, log, "good", time.Minute, time.Minute))(t)
	pid := childOf(t, "good")
	if group, err := syscall.Getpgid(pid); err != nil || group != pid {
		t.Errorf("process group %d (%v), want its own, %d: the terminal's interrupt would reach it", group, err, pid)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()      // as of a program that was interrupted
	for range 2 { // a second stop changes nothing
		if err := c.stop(ended); err != nil {
			t.Error(err)
		}
	}
	if strings.Contains(log.String(), "ended by itself") {
		t.Error("a stop was taken for a crash")
	}
}

func TestChildThatDoesNotStopIsKilled(t *testing.T) {
	c := must(startTestChild(t, newLog(t), "deaf", time.Minute, time.Second))(t)
	wantError(t, c.stop(t.Context()), "killed, it did not end within 1s")
}

// childOf finds the running child of this process with the given arguments.
func childOf(t *testing.T, args ...string) int {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("needs /proc to find a child: ", err)
	}
	want := "\x00" + strings.Join(args, "\x00") + "\x00"
	for _, entry := range must(os.ReadDir("/proc"))(t) {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		line, err := os.ReadFile("/proc/" + entry.Name() + "/cmdline")
		stat, statErr := os.ReadFile("/proc/" + entry.Name() + "/stat")
		if err != nil || statErr != nil || !strings.Contains(string(line), want) {
			continue
		}
		_, after, _ := strings.Cut(string(stat), ") ") // state, then the parent's id
		if fields := strings.Fields(after); fields[0] != "Z" && fields[1] == strconv.Itoa(os.Getpid()) {
			return pid
		}
	}
	t.Fatalf("no child with arguments %q", args)
	return 0
}
