// Package checkpoint keeps a history in a file: which one it is, and how far it has been
// performed.
package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"pitstop/producers/simulate"
	"pitstop/schemas/garage"
)

// HistoryDays is how far back a history begins.
const HistoryDays = 30

// progress is the checkpoint file of a history.
type progress struct {
	Seed    uint64    `json:"seed"`
	Repairs int       `json:"repairs"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Plan    string    `json:"plan"` // its digest
	Done    time.Time `json:"done"`
}

// read reads the file at path; false: there is none.
func (p *progress) read(path string) (bool, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, p)
	}
	if err != nil {
		return false, fmt.Errorf("read history %s: %w: use another --data", path, err)
	}
	return true, nil
}

// ErrUnfinished means that a history has not been performed to its end.
var ErrUnfinished = errors.New("the simulated month is not over")

// Simulated returns which times are those of the history whose checkpoint is at path; nil:
// there is none. The error wraps ErrUnfinished while its clock still stands in the past.
func Simulated(path string) (covers func(time.Time) bool, err error) {
	var p progress
	switch begun, err := p.read(path); {
	case err != nil || !begun:
		return nil, err
	case p.Done.Before(p.To):
		return nil, fmt.Errorf("%w: it has come to %s of %s: start pitstop demo on this directory again, and let it finish",
			ErrUnfinished, p.Done.Format(time.DateTime), p.To.Format(time.DateTime))
	}
	return (&simulate.Plan{From: p.From, To: p.To}).Covers, nil
}

// Saved is a history with its checkpoint file.
type Saved struct {
	Garages *garage.Book
	Plan    *simulate.Plan
	// Done is the time up to which it has been performed.
	Done time.Time

	path     string
	progress progress
}

// Open reads the checkpoint of a history at path. Where there is none it plans a
// history of [HistoryDays] up to now, at the garages that book returns for an
// instant, and creates the file.
func Open(path string, seed uint64, repairs int, now time.Time, book func(time.Time) (*garage.Book, error)) (*Saved, error) {
	now = now.UTC().Truncate(time.Second)
	p := progress{Seed: seed, Repairs: repairs, From: now.AddDate(0, 0, -HistoryDays), To: now}
	p.Done = p.From
	begun, err := p.read(path)
	if err != nil {
		return nil, err
	}
	if p.Seed != seed || p.Repairs != repairs {
		return nil, fmt.Errorf("the data directory holds a history of --repairs %d --seed %d: repeat these, or use another --data", p.Repairs, p.Seed)
	}
	garages, err := book(p.To)
	if err != nil {
		return nil, err
	}
	plan, err := simulate.NewPlan(seed, repairs, garages, p.From, p.To)
	if err != nil {
		return nil, err
	}
	digest, err := plan.Digest()
	if err != nil {
		return nil, err
	}
	if begun && digest != p.Plan && p.Done.Before(p.To) {
		return nil, errors.New("the data directory holds half a history, which other garages or another version of the program began: use another --data")
	}
	if !begun {
		p.Plan = digest
	}
	s := &Saved{Garages: garages, Plan: plan, Done: p.Done, path: path, progress: p}
	if !begun {
		return s, s.Save(p.Done)
	}
	return s, nil
}

// Save stores the time up to which the history was performed. The file is replaced
// as a whole: a crash leaves the old or the new one.
func (s *Saved) Save(done time.Time) error {
	s.progress.Done = done
	data, err := json.MarshalIndent(s.progress, "", "  ")
	if err != nil {
		return fmt.Errorf("save history: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+"-*")
	if err != nil {
		return fmt.Errorf("save history: %w", err)
	}
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), s.path)
	}
	if err != nil {
		return fmt.Errorf("save history: %w", errors.Join(err, os.Remove(f.Name())))
	}
	s.Done = done
	return nil
}
