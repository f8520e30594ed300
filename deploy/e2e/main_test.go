package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"text/template"
	"time"
)

// binary is the pitstop that TestMain built.
var binary string

// together is the pipeline that most tests share.
var together struct {
	once sync.Once
	*process
	err error
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	dir, err := os.MkdirTemp("", "pitstop-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	binary = filepath.Join(dir, "pitstop")
	build := exec.Command("go", "build", "-o", binary, "pitstop/cmd/pitstop")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build pitstop: %v\n%s", err, out)
		return 1
	}
	code = m.Run()
	if p := together.process; p != nil {
		if ended := p.stop(os.Interrupt); ended != 0 {
			fmt.Fprintf(os.Stderr, "the shared pipeline ended with %d\n", ended)
			code = 1
		}
		if code != 0 {
			fmt.Fprintf(os.Stderr, "what the shared pipeline said at last:\n%s", p.said.tail())
		}
		if err := os.RemoveAll(p.dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	return code
}

// shared gives the pipeline that most tests use, started by the first of them.
func shared(t testing.TB) *process {
	t.Helper()
	together.once.Do(func() {
		dir, err := os.MkdirTemp("", "pitstop-e2e-data-")
		if err != nil {
			together.err = err
			return
		}
		file := filepath.Join(dir, "garages.yaml")
		if together.err = os.WriteFile(file, garageFile(everyGarage...), 0o600); together.err == nil {
			together.process, together.err = launchUp(filepath.Join(dir, "data"), "--garages", file)
			if together.process != nil {
				together.process.remove = dir
			}
		}
	})
	if together.err != nil {
		t.Fatalf("the shared pipeline: %v", together.err)
	}
	return together.process
}

// patience is how long something may take that takes a moment on an idle machine.
const patience = 20 * time.Second

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
var everyGarage = []garage{
	{ID: "approve"}, {ID: "partly"}, {ID: "reject"}, {ID: "expire"}, {ID: "withdraw"}, {ID: "replace"}, {ID: "cancel"},
	{ID: "roundtrip", Approval: "remind_after: [], call_after: 10000h"}, {ID: "statemachine"}, {ID: "badrecords"}, {ID: "retries"},
	{ID: "login"}, {ID: "elsewhere"}, {ID: "scanner"}, {ID: "mailtext"}, {ID: "escape"}, {ID: "plates"}, {ID: "empty"}, {ID: "told"},
	{ID: "driver"}, {ID: "totals"}, {ID: "pace", Approval: "remind_after: [2s], call_after: 4s"}, {ID: "changed"},
	{ID: "refusals"}, {ID: "roles"}, {ID: "other"}, {ID: "repeats"}, {ID: "async"}, {ID: "changes"}, {ID: "messages"}, {ID: "limits"},
	{ID: "inbox"}, {ID: "feed"}, {ID: "safe"},
	{
		ID: "week", Hours: `mon-fri: "8:00-12:30, 13:00-17:30", sat: "9:00-13:00"`,
		Closures: "{from: 2025-05-29, reason: Hemelvaartsdag}", Approval: "remind_after: [], call_after: 10000h",
	},
}
