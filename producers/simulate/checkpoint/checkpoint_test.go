package checkpoint

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/producers/simulate/towns"
	"pitstop/schemas/garage"
)

var planTo = time.Date(2026, time.June, 24, 13, 20, 0, 0, time.UTC)

func TestSavedHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.json")
	book := func(now time.Time) (*garage.Book, error) { return towns.Garages(4, now) }
	first, err := Open(path, 5, 30, planTo, book)
	if err != nil {
		t.Fatal(err)
	}
	if !first.Done.Equal(first.Plan.From) || first.Plan.To.Sub(first.Plan.From) < 29*24*time.Hour {
		t.Errorf("begins with %s done of %s to %s", first.Done, first.Plan.From, first.Plan.To)
	}
	half := first.Plan.Windows[20].End
	if err := first.Save(half); err != nil {
		t.Fatal(err)
	}
	// Two days later it is still the same history.
	again, err := Open(path, 5, 30, planTo.AddDate(0, 0, 2), book)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(first.Plan, again.Plan); d != "" || !again.Done.Equal(half) {
		t.Errorf("done %s, want %s: %s", again.Done, half, d)
	}
	for name, err := range map[string]error{
		"another seed":  second(Open(path, 6, 30, planTo, book)),
		"other repairs": second(Open(path, 5, 31, planTo, book)),
		"other garages": second(Open(path, 5, 30, planTo, func(now time.Time) (*garage.Book, error) { return towns.Garages(5, now) })),
	} {
		if err == nil || !strings.Contains(err.Error(), "--data") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ *Saved, err error) error { return err }

// What is simulated is told by the file, once the month is over.
func TestSimulated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.json")
	if covers, err := Simulated(path); covers != nil || err != nil {
		t.Errorf("without a history: %v", err)
	}
	saved, err := Open(path, 5, 30, planTo, func(now time.Time) (*garage.Book, error) { return towns.Garages(4, now) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Simulated(path); !errors.Is(err, ErrUnfinished) {
		t.Errorf("of half a history: %v", err)
	}
	if err := saved.Save(saved.Plan.To); err != nil {
		t.Fatal(err)
	}
	covers, err := Simulated(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{saved.Plan.From.Add(-1), saved.Plan.From, saved.Plan.To.Add(-1), saved.Plan.To} {
		if covers(at) != saved.Plan.Covers(at) {
			t.Errorf("%s is simulated: %t", at, covers(at))
		}
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Simulated(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("of a broken file: %v", err)
	}
}
