package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The topics are the truth: who removes the tables gets them back.
func TestRebuild_TablesFromTopics(t *testing.T) {
	t.Parallel()
	dir, garages := filepath.Join(t.TempDir(), "data"), pacedGarages(t)
	first := up(t, dir, "--garages", garages)
	w := newWorld(t, first, "paced")
	j := w.start(nil)
	j.happens(started...)
	before := j.timeline()
	if code := first.stop(os.Interrupt); code != 0 {
		t.Errorf("stopped with %d", code)
	}
	if err := os.RemoveAll(filepath.Join(dir, "clickhouse")); err != nil {
		t.Fatal(err)
	}

	w.process = up(t, dir, "--garages", garages)
	j.told = nil
	j.happens(started...)
	if diff := cmp.Diff(before, j.timeline()); diff != "" {
		t.Errorf("timeline (-before +rebuilt):\n%s", diff)
	}
}
