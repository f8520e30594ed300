package e2e

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/garage"
	"pitstop/deploy/e2e/pitstop"
	"pitstop/deploy/e2e/relay"
)

// object is a JSON object.
type object = client.Object

// program is the pitstop binary that run built.
var program *pitstop.Program

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil { // the tests mostly wait
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "pitstop-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if program, err = pitstop.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	plain := &pipeline{name: "plain", dir: dir, garages: everyGarage}
	relayed := &pipeline{name: "relayed", dir: dir, garages: pitstop.Garages("later never", ""), relay: relay.New()}
	relayed.garages = append(relayed.garages, pitstop.Garages("reminders", "remind_after: [30s], call_after: 10000h")...)
	pipelines.plain, pipelines.relayed = plain, relayed
	code = m.Run()
	for _, p := range []*pipeline{plain, relayed} {
		code = max(code, p.end(code))
	}
	relayed.relay.Stop()
	return code
}

// pipelines are shared by tests: most use the plain one, those about refused mail the
// one whose mail goes to a relay that refuses some.
var pipelines struct{ plain, relayed *pipeline }

// shared returns the pipeline that most tests use, started by the first of them.
func shared(t testing.TB) *pitstop.Process {
	t.Helper()
	return pipelines.plain.get(t)
}

// tell begins the story of a garage on the shared pipeline.
func tell(t testing.TB, name string, order object) *garage.Story {
	t.Helper()
	return garage.Tell(garage.New(t, shared(t), name), order)
}

// pipeline is a process that tests share.
type pipeline struct {
	name, dir string
	garages   []pitstop.GarageConfig
	relay     *relay.Relay // nil: mail goes to the mailbox
	once      sync.Once
	process   *pitstop.Process
	err       error
}

func (p *pipeline) get(t testing.TB) *pitstop.Process {
	t.Helper()
	p.once.Do(func() {
		file := filepath.Join(p.dir, p.name+".yaml")
		args := []string{"--garages", file}
		if p.relay != nil {
			if p.err = p.relay.Open(); p.err != nil {
				return
			}
			args = append(args, "--smtp", p.relay.Addr)
		}
		if p.err = os.WriteFile(file, pitstop.GarageFile(p.garages...), 0o600); p.err == nil {
			p.process, p.err = program.LaunchUp(filepath.Join(p.dir, p.name), args...)
		}
	})
	if p.err != nil {
		t.Fatalf("the %s pipeline: %v", p.name, p.err)
	}
	return p.process
}

// end stops the pipeline if it was started, and prints the end of its output if a test
// failed.
func (p *pipeline) end(code int) int {
	if p.process == nil {
		return code
	}
	if ended := p.process.Stop(os.Interrupt); ended != 0 {
		fmt.Fprintf(os.Stderr, "the %s pipeline ended with %d\n", p.name, ended)
		code = 1
	}
	if code != 0 {
		fmt.Fprintf(os.Stderr, "what the %s pipeline said at last:\n%s", p.name, p.process.Said.Tail())
	}
	return code
}

// everyGarage holds the garages of the shared pipeline, one for each test.
var everyGarage = slices.Concat(
	pitstop.Garages("approve partly reject expire withdraw replace cancel", ""),
	pitstop.Garages("statemachine retries login elsewhere scanner mailtext escape plates empty told driver totals changed seen", ""),
	pitstop.Garages("desk till hint refusals roles other repeats async changes messages limits inbox feed safe described corrected links", ""),
	pitstop.Garages("roundtrip board hidden fence beyond", "remind_after: [], call_after: 10000h"),
	pitstop.Garages("pace", "remind_after: [15s], call_after: 40s"),
	[]pitstop.GarageConfig{{
		ID: "week", Hours: `mon-fri: "8:00-12:30, 13:00-17:30", sat: "9:00-13:00"`,
		Closures: "{from: 2025-05-29, reason: Hemelvaartsdag}", Approval: "remind_after: [], call_after: 10000h",
	}},
)
