package garage

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// followed is a book that follows its file, with what it logs.
type followed struct {
	*testing.T
	*Book
	file string
	log  *said
}

func follow(t *testing.T, changed func(context.Context) error) *followed {
	t.Helper()
	f := &followed{T: t, file: filepath.Join(t.TempDir(), "garages.yaml"), log: new(said)}
	f.write(string(Sample))
	var err error
	if f.Book, err = Load(f.file); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.Follow(ctx, slog.New(slog.NewTextHandler(f.log, nil)), changed)
	}()
	t.Cleanup(func() { stop(); <-done })
	return f
}

func (f *followed) write(text string) {
	f.Helper()
	if err := os.WriteFile(f.file, []byte(text), 0o600); err != nil {
		f.Fatal(err)
	}
}

// after lets time pass, and checks which garages there are.
func (f *followed) after(d time.Duration, want ...string) {
	f.Helper()
	time.Sleep(d)
	synctest.Wait()
	if got := f.IDs(); !slices.Equal(got, want) {
		f.Errorf("the garages are %v, want %v", got, want)
	}
}

// said is a log that is written and read by different goroutines.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// withGarage returns the sample with another garage, the first one under another id.
func withGarage(id string) string {
	sample := string(Sample)
	first := strings.Index(sample, "  - id: de-brug")
	second := strings.Index(sample, "  - id: noord")
	return strings.TrimRight(sample, "\n") + "\n" + strings.Replace(sample[first:second], "id: de-brug", "id: "+id, 1)
}

func TestAGarageFileIsReadAgainWhenItChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		changes := 0
		f := follow(t, func(context.Context) error {
			if changes++; changes == 1 {
				return errors.New("the tables are away")
			}
			return nil
		})
		f.after(time.Minute, "de-brug", "noord")
		if _, err := f.Find("zuid"); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), f.file) {
			t.Errorf("of a garage that is not there it says %v", err)
		}
		f.write(withGarage("zuid"))
		f.after(10*time.Second, "de-brug", "noord", "zuid")
		if p, err := f.Find("zuid"); err != nil || p.Calendar() == nil {
			t.Errorf("the new garage: %v", err)
		}
		f.after(time.Minute, "de-brug", "noord", "zuid")
		if changes != 2 { // once more after the failure, and no more
			t.Errorf("who wants to know was told %d times, want 2", changes)
		}
	})
}

func TestAGarageFileThatIsWrongIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, func(context.Context) error { t.Error("told of a change"); return nil })
		f.write(strings.Replace(withGarage("zuid"), "Europe/Amsterdam", "Nowhere", 1))
		f.after(time.Hour, "de-brug", "noord")
		if n := strings.Count(f.log.String(), "the garage file is refused"); n != 1 || !strings.Contains(f.log.String(), "Nowhere") {
			t.Errorf("it is refused %d times, want once with the reason:\n%s", n, f.log)
		}
		if err := os.Remove(f.file); err != nil {
			t.Fatal(err)
		}
		f.after(time.Hour, "de-brug", "noord")
		if n := strings.Count(f.log.String(), "cannot be read"); n != 1 {
			t.Errorf("that it is gone is said %d times, want once:\n%s", n, f.log)
		}
	})
}

// A file that is being written may already be valid, with fewer garages.
func TestAGarageFileThatIsBeingWrittenIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, nil)
		half, _, _ := strings.Cut(string(Sample), "  - id: noord")
		for i := range 5 {
			f.write(half + strings.Repeat("# more\n", i))
			f.after(lookEvery, "de-brug", "noord")
		}
		f.write(withGarage("zuid"))
		f.after(10*time.Second, "de-brug", "noord", "zuid")
	})
}
