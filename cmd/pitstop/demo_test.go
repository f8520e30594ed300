package main

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"pitstop/cmd/pitstop/app"
	"pitstop/deploy/embedded"
	"pitstop/producers/simulate"
	"pitstop/producers/simulate/checkpoint"
	"pitstop/producers/simulate/towns"
	"pitstop/schemas/garage"
)

// A history other than the one asked for is not played silently.
func TestDemo_AnotherHistory(t *testing.T) {
	dir := t.TempDir()
	data, err := embedded.Open(dir, slog.New(slog.DiscardHandler))
	must(t, err)
	_, err = checkpoint.Open(app.HistoryFile(dir), 1, simulate.DefaultRepairs, time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC), func(at time.Time) (*garage.Book, error) {
		return towns.Garages(towns.Default, at)
	})
	must(t, err)
	must(t, data.Close())
	for flag, want := range map[string]string{
		"--until=2026-05-21T12:00:00Z": "ends at 2026-05-20T12:00:00Z",
		"--seed=2":                     "--seed 1",
		"--repairs=7":                  "--repairs",
	} {
		var said bytes.Buffer
		if code := run(t.Context(), []string{"demo", "--data", dir, flag}, nil, &said, &said); code != exitUsage || !strings.Contains(said.String(), want) {
			t.Errorf("%s: exit code %d, %s", flag, code, &said)
		}
	}
}

// Half a demonstration is not rebuilt: its clock stands still in the past. Nor is one whose
// checkpoint is spoiled, which no demonstration mends.
func TestDemo_RebuildOfHalfAHistory(t *testing.T) {
	for checkpoint, want := range map[string]string{
		`{"to":"2026-05-20T12:00:00Z","done":"2026-05-19T12:00:00Z"}`: "the simulated month is not over: it has come to 2026-05-19 12:00:00 of 2026-05-20 12:00:00: start pitstop demo on this directory again, and let it finish\n",
		"spoiled": "use another --data\n",
	} {
		testRebuildOfHistory(t, checkpoint, want)
	}
}

func testRebuildOfHistory(t *testing.T, checkpoint, want string) {
	t.Helper()
	dir := t.TempDir()
	data, err := embedded.Open(dir, slog.New(slog.DiscardHandler))
	must(t, err)
	must(t, data.Close())
	must(t, os.WriteFile(app.GarageFile(dir), garage.Sample, 0o600))
	must(t, os.WriteFile(app.HistoryFile(dir), []byte(checkpoint), 0o600))
	var said bytes.Buffer
	code := run(t.Context(), []string{"rebuild", "notification", "--data", dir}, nil, &said, &said)
	if code == 0 || !strings.HasSuffix(said.String(), want) {
		t.Errorf("exit code %d, %s", code, &said)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
