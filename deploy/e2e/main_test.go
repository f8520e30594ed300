package e2e

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"
)

// binary is the pitstop that TestMain built.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil { // they wait more than they work
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "pitstop-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "pitstop")
	build := exec.Command("go", "build", "-o", binary, "pitstop/cmd/pitstop")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build pitstop: %v\n%s", err, out)
		return 1
	}
	plain := &pipeline{name: "plain", dir: dir, garages: everyGarage}
	relayed := &pipeline{name: "relayed", dir: dir, garages: named("later never", ""), relay: newRelay()}
	relayed.garages = append(relayed.garages, named("reminders", "remind_after: [30s], call_after: 10000h")...)
	pipelines.plain, pipelines.relayed = plain, relayed
	code = m.Run()
	for _, p := range []*pipeline{plain, relayed} {
		code = max(code, p.end(code))
	}
	relayed.relay.stop()
	return code
}

// pipelines are those that tests share: most the plain one; those about mail
// that is refused the one whose mail goes to a relay that refuses it.
var pipelines struct{ plain, relayed *pipeline }

// shared gives the pipeline that most tests use, started by the first of them.
func shared(t testing.TB) *process {
	t.Helper()
	return pipelines.plain.get(t)
}

// pipeline is a process that tests share.
type pipeline struct {
	name, dir string
	garages   []garage
	relay     *relay // nil: mail goes to the mailbox
	once      sync.Once
	process   *process
	err       error
}

func (p *pipeline) get(t testing.TB) *process {
	t.Helper()
	p.once.Do(func() {
		file := filepath.Join(p.dir, p.name+".yaml")
		args := []string{"--garages", file}
		if p.relay != nil {
			if p.err = p.relay.open(); p.err != nil {
				return
			}
			args = append(args, "--smtp", p.relay.addr)
		}
		if p.err = os.WriteFile(file, garageFile(p.garages...), 0o600); p.err == nil {
			p.process, p.err = launchUp(filepath.Join(p.dir, p.name), args...)
		}
	})
	if p.err != nil {
		t.Fatalf("the %s pipeline: %v", p.name, p.err)
	}
	return p.process
}

// end stops the pipeline, where it was started, and says what it said where the
// tests failed.
func (p *pipeline) end(code int) int {
	if p.process == nil {
		return code
	}
	if ended := p.process.stop(os.Interrupt); ended != 0 {
		fmt.Fprintf(os.Stderr, "the %s pipeline ended with %d\n", p.name, ended)
		code = 1
	}
	if code != 0 {
		fmt.Fprintf(os.Stderr, "what the %s pipeline said at last:\n%s", p.name, p.process.said.tail())
	}
	return code
}

// patience is how long something may take that takes a moment on an idle machine.
const patience = 90 * time.Second

// until asks again and again until what is wanted is there, and fails the test
// when that takes too long. ask gives what is missing, empty when nothing is.
func until(t testing.TB, what string, ask func() (missing string)) {
	t.Helper()
	if missing := poll(ask); missing != "" {
		t.Fatalf("%s: not after %s: %s", what, patience, missing)
	}
}

func poll(ask func() string) (missing string) {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(patience); ; <-again.C {
		if missing = ask(); missing == "" || time.Now().After(deadline) {
			return missing
		}
	}
}

// garage is an entry of the garage file. Its hours are round the clock where it
// names none, so that opening time is wall time; everybody works at its own
// domain, so that its mail is its own.
type garage struct {
	ID       string
	Hours    string
	Closures string
	Approval string
}

// garageFile is a garage file.
func garageFile(garages ...garage) []byte {
	var b bytes.Buffer
	if err := garageTemplate.Execute(&b, garages); err != nil {
		panic(err) // found by any test
	}
	return b.Bytes()
}

var garageTemplate = template.Must(template.New("").Parse(`garages:
{{range .}}
  - id: {{.ID}}
    name: Garage {{.ID}}
    address: Dorpsstraat 1
    city: Utrecht
    phone: "+31301234567"
    reply_to: werkplaats@{{.ID}}.example
    time_zone: Europe/Amsterdam
    opening_hours: [{days: { {{or .Hours "mon-sun: 0:00-24:00"}} }}]
    closures: [{{.Closures}}]
    approval: { {{.Approval}} }
    staff:
      mechanics: [{id: sam, name: Sam, email: sam@{{.ID}}.example}, {id: noor, name: Noor, email: noor@{{.ID}}.example}]
      customer_service: [balie@{{.ID}}.example]
      manager: baas@{{.ID}}.example
{{end}}`))

// everyGarage is what the shared pipeline serves: a test has its own.
var everyGarage = slices.Concat(
	named("approve partly reject expire withdraw replace cancel", ""),
	named("statemachine badrecords retries login elsewhere scanner mailtext escape plates empty told driver totals changed seen", ""),
	named("refusals roles other repeats async changes messages limits inbox feed safe", ""),
	named("roundtrip board hidden fence beyond", "remind_after: [], call_after: 10000h"),
	named("pace", "remind_after: [15s], call_after: 40s"),
	[]garage{{
		ID: "week", Hours: `mon-fri: "8:00-12:30, 13:00-17:30", sat: "9:00-13:00"`,
		Closures: "{from: 2025-05-29, reason: Hemelvaartsdag}", Approval: "remind_after: [], call_after: 10000h",
	}},
)

// named are garages that differ in their names only.
func named(ids, approval string) (all []garage) {
	for _, id := range strings.Fields(ids) {
		all = append(all, garage{ID: id, Approval: approval})
	}
	return all
}
