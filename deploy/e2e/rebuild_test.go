package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/deploy/e2e/garage"
)

// The topics are the source of truth: dropped tables are rebuilt from them.
func TestRebuild_TablesFromTopics(t *testing.T) {
	t.Parallel()
	dir, garages := filepath.Join(t.TempDir(), "data"), pacedGarages(t)
	first := program.Up(t, dir, "--garages", garages)
	g := garage.New(t, first, "paced")
	j := g.Start(nil)
	j.Happens(garage.Started...)
	before := j.Timeline()
	if code := first.Stop(os.Interrupt); code != 0 {
		t.Errorf("stopped with %d", code)
	}
	if err := os.RemoveAll(filepath.Join(dir, "clickhouse")); err != nil {
		t.Fatal(err)
	}

	g.Process = program.Up(t, dir, "--garages", garages)
	j.Told = nil
	j.Happens(garage.Started...)
	if diff := cmp.Diff(before, j.Timeline()); diff != "" {
		t.Errorf("timeline (-before +rebuilt):\n%s", diff)
	}
}
