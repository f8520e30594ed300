package main

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pitstop/cmd/pitstop/app"
	"pitstop/cmd/pitstop/banner"
	"pitstop/deploy/embedded"
	"pitstop/schemas/garage/garagetest"
)

// asProgram makes the tests' binary the program itself.
const asProgram = "PITSTOP_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// Every command that the banner prints runs as it stands there: with the name that the
// program was started by, and whatever its folder and the data's are called.
func TestTheBannersCommandsRun(t *testing.T) {
	folder := filepath.Join(t.TempDir(), `Jan's "garage" $HOME`)
	must(t, os.Mkdir(folder, 0o700))
	self, err := os.Executable()
	must(t, err)
	program := filepath.Join(folder, "pit stop")
	must(t, os.Symlink(self, program))
	data, err := embedded.Open(filepath.Join(folder, "data"), slog.New(slog.DiscardHandler))
	must(t, err)
	defer func() { must(t, data.Close()) }()
	_, err = data.Secret(app.TokensSecret)
	must(t, err)

	var said bytes.Buffer
	banner.Banner{Out: &said, Program: program, Pipeline: &app.Pipeline{Data: data, Garages: garagetest.Sample(t)}}.Running()
	ran := 0
	for line := range strings.Lines(said.String()) {
		at := strings.Index(line, "'"+folder[:1])
		if at < 0 {
			continue
		}
		ran++
		cmd := exec.CommandContext(t.Context(), "sh", "-c", line[at:])
		cmd.Env = append(os.Environ(), asProgram+"=1")
		if out, err := cmd.CombinedOutput(); err != nil || strings.Count(string(out), ".") != 2 {
			t.Errorf("%s: %v, %s", line, err, out)
		}
	}
	if ran != 2 {
		t.Errorf("%d commands of 2 in\n%s", ran, &said)
	}
}
