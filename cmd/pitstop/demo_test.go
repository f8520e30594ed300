package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pitstop/deploy/embedded"
	"pitstop/producers/simulate"
	"pitstop/schemas/garage"
)

// A history other than the one asked for is not played silently.
func TestDemo_AnotherHistory(t *testing.T) {
	dir := t.TempDir()
	data, err := embedded.Open(dir, slog.New(slog.DiscardHandler))
	must(t, err)
	_, err = simulate.Open(data.Path("history.json"), 1, simulate.DefaultRepairs, time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC), func(at time.Time) (*garage.Book, error) {
		return simulate.Garages(simulate.DefaultGarages, at)
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

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
